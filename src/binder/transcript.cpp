#include "binder/transcript.h"

#include <algorithm>

namespace seatls::binder {
namespace {

constexpr std::uint8_t kClientHello = 1, kServerHello = 2, kMessageHash = 254;
constexpr std::size_t kHeader = 4;

// RFC 8446, 4.1.3: the Random of a ServerHello that is a HelloRetryRequest, SHA-256("HelloRetryRequest").
constexpr std::uint8_t kRetryRandom[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                           0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                           0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

bool is_retry_request(ByteView message) {
  constexpr std::size_t at = kHeader + 2;  // legacy_version stands before Random
  return message.size() >= at + sizeof kRetryRandom &&
         std::equal(std::begin(kRetryRandom), std::end(kRetryRandom), message.begin() + at);
}

// struct { HandshakeType message_hash = 254; uint24 length = Hash.length; Hash(ClientHello1) }
crypto::Hasher restart_with_message_hash(const crypto::Hasher& so_far, Hash h) {
  const Bytes digest = so_far.current();
  const Bytes header{kMessageHash, 0, 0, static_cast<std::uint8_t>(digest.size())};
  crypto::Hasher out(h);
  out.update(header);
  out.update(digest);
  return out;
}

}  // namespace

Transcript::Transcript() : sha256_(Hash::sha256), sha384_(Hash::sha384) {}

void Transcript::update(ByteView message) {
  sha256_.update(message);
  sha384_.update(message);
}

Result<void> Transcript::add(ByteView message) {
  if (complete()) return {};
  if (message.size() < kHeader ||
      message.size() - kHeader != (std::size_t{message[1]} << 16 | std::size_t{message[2]} << 8 | message[3]))
    return Error{Code::malformed,
                 "a handshake message of " + std::to_string(message.size()) +
                     " bytes with another length in its header",
                 "transcript"};

  const bool from_client = expect_ == Expect::client_hello || expect_ == Expect::second_client_hello;
  if (message[0] != (from_client ? kClientHello : kServerHello))
    return Error{Code::unexpected_message,
                 "handshake type " + std::to_string(message[0]) + " where " +
                     (from_client ? "ClientHello" : "ServerHello") + " is due",
                 "transcript"};

  const bool retry = !from_client && is_retry_request(message);
  if (retry && expect_ == Expect::server_hello)
    return Error{Code::unexpected_message, "a second HelloRetryRequest", "transcript"};
  if (retry) {
    sha256_ = restart_with_message_hash(sha256_, Hash::sha256);
    sha384_ = restart_with_message_hash(sha384_, Hash::sha384);
    retried_ = true;
  }
  update(message);
  switch (expect_) {
    case Expect::client_hello: expect_ = Expect::server_hello_or_retry; break;
    case Expect::server_hello_or_retry:
      expect_ = retry ? Expect::second_client_hello : Expect::nothing;
      break;
    case Expect::second_client_hello: expect_ = Expect::server_hello; break;
    case Expect::server_hello:
    case Expect::nothing: expect_ = Expect::nothing; break;
  }
  return {};
}

Result<Bytes> Transcript::hash(Hash h) const {
  if (!complete()) return Error{Code::misuse, "ServerHello has not passed yet", "transcript"};
  if (h == Hash::sha256) return sha256_.current();
  if (h == Hash::sha384) return sha384_.current();
  return Error{Code::misuse, std::string(name(h)) + " is the hash of no TLS 1.3 suite that binders use",
               "transcript"};
}

}  // namespace seatls::binder
