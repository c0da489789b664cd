#include "crypto/hash.h"

#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <array>
#include <cstdlib>

#include "crypto/openssl_ptr.h"

namespace seatls::crypto {
namespace {

void demand(bool ok) {
  if (!ok) std::abort();
}

// Fetching an algorithm takes longer than hashing a short message, so each is fetched once. None is
// freed: threads may still hash while the process ends.
const EVP_MD* md(Hash hash) {
  static const std::array<const EVP_MD*, 4> fetched = {
      EVP_MD_fetch(nullptr, "SHA1", nullptr), EVP_MD_fetch(nullptr, "SHA256", nullptr),
      EVP_MD_fetch(nullptr, "SHA384", nullptr), EVP_MD_fetch(nullptr, "SHA512", nullptr)};
  const EVP_MD* found = fetched[static_cast<std::size_t>(hash)];
  demand(found != nullptr);
  return found;
}

OSSL_PARAM digest_name(Hash hash) {
  static constexpr std::array<const char*, 4> kNames = {"SHA1", "SHA256", "SHA384", "SHA512"};
  return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                          const_cast<char*>(kNames[static_cast<std::size_t>(hash)]), 0);
}

OSSL_PARAM octets(const char* key, ByteView value) {
  return OSSL_PARAM_construct_octet_string(key, const_cast<std::uint8_t*>(value.data()), value.size());
}

}  // namespace

Bytes digest(Hash hash, ByteView data) {
  Bytes out(size(hash));
  demand(EVP_Digest(data.data(), data.size(), out.data(), nullptr, md(hash), nullptr) == 1);
  return out;
}

Bytes hmac(Hash hash, ByteView key, ByteView data) {
  static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  const Ptr<EVP_MAC_CTX, EVP_MAC_CTX_free> context(EVP_MAC_CTX_new(mac));
  const OSSL_PARAM params[] = {digest_name(hash), OSSL_PARAM_construct_end()};
  // A null pointer would mean "the key set before"; an empty key is a key.
  static constexpr std::uint8_t kEmpty = 0;
  Bytes out(size(hash));
  std::size_t length = 0;
  demand(EVP_MAC_init(context.get(), key.empty() ? &kEmpty : key.data(), key.size(), params) == 1 &&
         EVP_MAC_update(context.get(), data.data(), data.size()) == 1 &&
         EVP_MAC_final(context.get(), out.data(), &length, out.size()) == 1 && length == out.size());
  return out;
}

struct Hasher::Impl {
  Hash hash;
  MdCtxPtr context;
};

Hasher::Hasher(Hash hash) : impl_(std::make_unique<Impl>(Impl{hash, MdCtxPtr(EVP_MD_CTX_new())})) {
  demand(EVP_DigestInit_ex2(impl_->context.get(), md(hash), nullptr) == 1);
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(ByteView data) {
  demand(EVP_DigestUpdate(impl_->context.get(), data.data(), data.size()) == 1);
}

Bytes Hasher::current() const {
  const MdCtxPtr copy(EVP_MD_CTX_new());
  Bytes out(size(impl_->hash));
  demand(EVP_MD_CTX_copy_ex(copy.get(), impl_->context.get()) == 1 &&
         EVP_DigestFinal_ex(copy.get(), out.data(), nullptr) == 1);
  return out;
}

Hasher Hasher::fork() const {
  Hasher out(impl_->hash);
  demand(EVP_MD_CTX_copy_ex(out.impl_->context.get(), impl_->context.get()) == 1);
  return out;
}

Bytes hkdf_extract(Hash hash, ByteView salt, ByteView input_key) { return hmac(hash, salt, input_key); }

Result<Bytes> hkdf_expand(Hash hash, ByteView pseudorandom_key, ByteView info, std::size_t length) {
  if (pseudorandom_key.empty() || length == 0 || length > 255 * size(hash))
    return Error{Code::misuse,
                 "HKDF-Expand of " + std::to_string(length) + " bytes from a key of " +
                     std::to_string(pseudorandom_key.size()),
                 ""};
  const ErrorScope errors;
  static EVP_KDF* const hkdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  const Ptr<EVP_KDF_CTX, EVP_KDF_CTX_free> kdf(EVP_KDF_CTX_new(hkdf));
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode), digest_name(hash),
                               octets(OSSL_KDF_PARAM_KEY, pseudorandom_key),
                               octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
  Bytes out(length);
  if (EVP_KDF_derive(kdf.get(), out.data(), out.size(), params) != 1) return library_error("HKDF-Expand");
  return out;
}

// struct { uint16 length; opaque label<7..255> = prefix + Label; opaque context<0..255>; } HkdfLabel;
Result<Bytes> hkdf_expand_label(Hash hash, LabelPrefix prefix, ByteView secret, std::string_view label,
                                ByteView context, std::size_t length) {
  //= rfc9147#5.9 "dtls13" has no trailing space, so that the label's length stays the same
  const std::string full = (prefix == LabelPrefix::tls13 ? "tls13 " : "dtls13") + std::string(label);
  if (secret.empty() || label.empty() || full.size() > 255 || context.size() > 255 || length == 0 ||
      length > 255 * size(hash))
    return Error{Code::misuse,
                 "HKDF-Expand-Label of " + std::to_string(length) + " bytes from a secret of " +
                     std::to_string(secret.size()) + ", label '" + std::string(label) + "', context of " +
                     std::to_string(context.size()),
                 ""};
  Bytes info;
  info.reserve(4 + full.size() + context.size());
  info.push_back(static_cast<std::uint8_t>(length >> 8));
  info.push_back(static_cast<std::uint8_t>(length));
  info.push_back(static_cast<std::uint8_t>(full.size()));
  info.insert(info.end(), full.begin(), full.end());
  info.push_back(static_cast<std::uint8_t>(context.size()));
  info.insert(info.end(), context.begin(), context.end());

  return hkdf_expand(hash, secret, info, length);
}

Bytes random_bytes(std::size_t n) {
  Bytes out(n);
  demand(RAND_bytes_ex(nullptr, out.data(), n, 0) == 1);
  return out;
}

}  // namespace seatls::crypto
