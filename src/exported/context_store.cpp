#include "exported/context_store.h"

#include <algorithm>
#include <cstring>

#include "crypto/hash.h"

namespace seatls::post {
namespace {

constexpr std::size_t kRandom = 16, kContext = 32, kShortest = 8, kLongest = 64;
constexpr std::string_view kOwn = "own", kPeer = "peer", kFresh = "fresh";

}  // namespace

ContextStore::ContextStore(std::size_t limit) : key_(crypto::random_bytes(32)), limit_(limit) {}

std::size_t ContextStore::First8::operator()(const Digest& d) const {
  std::size_t out = 0;
  std::memcpy(&out, d.data(), sizeof out);
  return out;
}

Bytes ContextStore::mac(std::string_view purpose, ByteView data) const {
  Bytes input = bytes(purpose);
  input.push_back(0);
  input.insert(input.end(), data.begin(), data.end());
  return crypto::hmac(Hash::sha256, key_.reveal(), input);
}

ContextStore::Digest ContextStore::digest(std::string_view owner, ByteView context) const {
  const Bytes full = mac(owner, context);
  Digest out{};
  std::copy_n(full.begin(), out.size(), out.begin());
  return out;
}

Error ContextStore::limit() const {
  return {Code::context_limit,
          std::to_string(limit_) + " requests were made on this connection; open a new one",
          "certificate_request_context"};
}

//= rfc9261#context-unique
//= expat#new-context-each-time
Result<Bytes> ContextStore::fresh() {
  if (full()) return limit();
  ++fresh_;
  Bytes out = crypto::random_bytes(kRandom);
  const Bytes tag = mac(kFresh, out);
  out.insert(out.end(), tag.begin(), tag.begin() + (kContext - kRandom));
  return out;
}

bool ContextStore::issued(ByteView context) const {
  if (context.size() == kContext) {
    const Bytes tag = mac(kFresh, context.first(kRandom));
    if (constant_time_equal(ByteView(tag).first(kContext - kRandom), context.subspan(kRandom))) return true;
  }
  return seen_.contains(digest(kOwn, context));
}

Result<void> ContextStore::remember(std::string_view owner, ByteView context) {
  if (full()) return limit();
  seen_.insert(digest(owner, context));
  return {};
}

Result<void> ContextStore::reserve(ByteView nonce) {
  const std::string path = "certificate_request_context";
  if (nonce.size() < kShortest || nonce.size() > kLongest)
    return Error{Code::misuse, "a nonce has 8 to 64 bytes; this one has " + std::to_string(nonce.size()),
                 path};
  if (issued(nonce) || seen_.contains(digest(kPeer, nonce)))
    return Error{Code::context_reused, "the verifier's nonce was used on this connection", path};
  return remember(kOwn, nonce);
}

//= rfc9261#context-unique
Result<void> ContextStore::admit(ByteView context) {
  const std::string path = "certificate_request_context";
  //= expat#context-unpredictable
  if (context.size() < kShortest)
    return Error{Code::unknown_value,
                 "is " + std::to_string(context.size()) + " bytes; an attestation needs at least 8", path};
  if (issued(context)) return Error{Code::reflected, "the context is one of this endpoint's requests", path};
  if (seen_.contains(digest(kPeer, context))) return Error{Code::context_reused, "", path};
  return remember(kPeer, context);
}

}  // namespace seatls::post
