#include "binder/transcript.h"

#include <algorithm>

namespace seatls::binder {
namespace {

// RFC 8446, B.3: HandshakeType.
constexpr std::uint8_t kClientHello = 1, kServerHello = 2, kNewSessionTicket = 4, kEndOfEarlyData = 5,
                       kEncryptedExtensions = 8, kCertificate = 11, kCertificateRequest = 13,
                       kCertificateVerify = 15, kFinished = 20, kCompressedCertificate = 25,
                       kMessageHash = 254;
constexpr std::size_t kHeader = 4;

// RFC 8446, 4.1.3: the Random of a ServerHello that is a HelloRetryRequest, SHA-256("HelloRetryRequest").
constexpr std::uint8_t kRetryRandom[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                           0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                           0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

Error failed(Code code, std::string detail) { return {code, std::move(detail), "transcript"}; }

Result<void> check_header(ByteView message) {
  if (message.size() >= kHeader &&
      message.size() - kHeader == (std::size_t{message[1]} << 16 | std::size_t{message[2]} << 8 | message[3]))
    return {};
  return failed(Code::malformed, "a handshake message of " + std::to_string(message.size()) +
                                     " bytes with another length in its header");
}

Result<void> check_hash(Hash h) {
  if (h == Hash::sha256 || h == Hash::sha384) return {};
  return failed(Code::misuse,
                std::string(name(h)) + " is the hash of no TLS 1.3 suite; sha256 and sha384 are");
}

bool is_retry_request(ByteView message) {
  constexpr std::size_t at = kHeader + 2;  // legacy_version stands before Random
  return message.size() >= at + sizeof kRetryRandom &&
         std::equal(std::begin(kRetryRandom), std::end(kRetryRandom), message.begin() + at);
}

//= early-attestation#binder-transcript
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

Transcript::Transcript(Extent extent) : extent_(extent), sha256_(Hash::sha256), sha384_(Hash::sha384) {}

void Transcript::update(ByteView message) {
  sha256_.update(message);
  sha384_.update(message);
}

Result<void> Transcript::add(ByteView message) {
  if (failure_) return *failure_;
  if (expect_ == Expect::nothing) return {};
  auto added = check_header(message);
  if (added) added = complete() ? add_after_hellos(message) : add_hello(message);
  if (!added) failure_ = added.error();
  return added;
}

Result<void> Transcript::add_hello(ByteView message) {
  const bool from_client = expect_ == Expect::client_hello || expect_ == Expect::second_client_hello;
  if (message[0] != (from_client ? kClientHello : kServerHello))
    return failed(Code::unexpected_message, "handshake type " + std::to_string(message[0]) + " where " +
                                                (from_client ? "ClientHello" : "ServerHello") + " is due");

  const bool retry = !from_client && is_retry_request(message);
  if (retry && retried_) return failed(Code::unexpected_message, "a second HelloRetryRequest");
  if (retry) {
    sha256_ = restart_with_message_hash(sha256_, Hash::sha256);
    sha384_ = restart_with_message_hash(sha384_, Hash::sha384);
    retried_ = true;
  }
  update(message);

  if (from_client)
    expect_ = retried_ ? Expect::server_hello : Expect::server_hello_or_retry;
  else if (retry)
    expect_ = Expect::second_client_hello;
  else {
    hellos_ = Hellos{sha256_.current(), sha384_.current()};
    expect_ = extent_ == Extent::server_hello ? Expect::nothing : Expect::server_finished;
  }
  return {};
}

// The server's flight ends with the first Finished, the client's with the second. The order between is
// the TLS stack's business; a type that has no place there is refused.
Result<void> Transcript::add_after_hellos(ByteView message) {
  switch (message[0]) {
    case kNewSessionTicket: return {};  // a server may send it early; it is no part of any transcript
    case kEncryptedExtensions:
    case kCertificateRequest:
      if (expect_ == Expect::server_finished) break;
      return failed(Code::unexpected_message,
                    "handshake type " + std::to_string(message[0]) + " after the server's Finished");
    case kEndOfEarlyData:
      if (expect_ == Expect::client_finished) break;
      return failed(Code::unexpected_message, "EndOfEarlyData before the server's Finished");
    case kCertificate:
    case kCompressedCertificate:
    case kCertificateVerify: break;
    case kFinished:
      expect_ = expect_ == Expect::server_finished ? Expect::client_finished : Expect::nothing;
      break;
    default:
      return failed(Code::unexpected_message,
                    "handshake type " + std::to_string(message[0]) + " inside of a handshake");
  }
  update(message);
  return {};
}

Result<Bytes> Transcript::hash(Hash h) const {
  if (failure_) return *failure_;
  SEATLS_CHECK(check_hash(h));
  if (!hellos_) return failed(Code::misuse, "ServerHello has not passed yet");
  return h == Hash::sha256 ? hellos_->sha256 : hellos_->sha384;
}

//= early-attestation#post-handshake-transcript
Result<Bytes> Transcript::post_handshake_hash(Hash h, ByteView certificate_request) const {
  if (failure_) return *failure_;
  SEATLS_CHECK(check_hash(h));
  if (extent_ != Extent::client_finished || expect_ != Expect::nothing)
    return failed(Code::misuse, "the client's Finished has not passed yet");
  SEATLS_CHECK(check_header(certificate_request));
  if (certificate_request[0] != kCertificateRequest)
    return failed(Code::malformed, "handshake type " + std::to_string(certificate_request[0]) +
                                       " where CertificateRequest is due");
  crypto::Hasher with_request = (h == Hash::sha256 ? sha256_ : sha384_).fork();
  with_request.update(certificate_request);
  return with_request.current();
}

}  // namespace seatls::binder
