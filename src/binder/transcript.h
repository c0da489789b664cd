// The handshake transcript that binders hash (RFC 8446, section 4.4.1).
#pragma once

#include <optional>

#include "crypto/hash.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::binder {

// Transcript is fed with handshake messages as they pass, each with its 4-byte TLS header (in DTLS:
// reassembled, with that same header, RFC 9147 5.2). After a HelloRetryRequest ClientHello1 is
// replaced by message_hash, as RFC 8446 4.4.1 demands. The suite, and so the hash, is known only
// with ServerHello: both hashes run, in constant memory. The first error is final.
class Transcript {
 public:
  // Extent says how far it listens: to ServerHello, for the binders of the handshake, or to the
  // client's Finished, for post-handshake client authentication too.
  enum class Extent : std::uint8_t { server_hello, client_finished };
  Transcript() : Transcript(Extent::server_hello) {}
  explicit Transcript(Extent extent);

  // add takes the next message. Beyond the extent messages change nothing. Errors:
  // unexpected_message out of order, malformed for a header that does not fit.
  [[nodiscard]] Result<void> add(ByteView message);

  [[nodiscard]] bool complete() const { return hellos_.has_value(); }
  [[nodiscard]] bool saw_hello_retry_request() const { return retried_; }

  // hash returns Hash(ClientHello..ServerHello). Errors: misuse before ServerHello, or for a hash
  // other than sha256 and sha384; the error of `add`, once there was one.
  [[nodiscard]] Result<Bytes> hash(Hash h) const;

  // post_handshake_hash returns Hash(ClientHello..client Finished || certificate_request), the base
  // of a binder for post-handshake client authentication (Decision 8). Errors: as hash; misuse before
  // the client's Finished; malformed when the request is no CertificateRequest message.
  [[nodiscard]] Result<Bytes> post_handshake_hash(Hash h, ByteView certificate_request) const;

 private:
  enum class Expect : std::uint8_t {
    client_hello,
    server_hello_or_retry,
    second_client_hello,
    server_hello,
    server_finished,
    client_finished,
    nothing
  };
  struct Hellos {
    Bytes sha256, sha384;
  };
  [[nodiscard]] Result<void> add_hello(ByteView message);
  [[nodiscard]] Result<void> add_after_hellos(ByteView message);
  void update(ByteView message);

  Extent extent_;
  Expect expect_ = Expect::client_hello;
  bool retried_ = false;
  crypto::Hasher sha256_, sha384_;
  std::optional<Hellos> hellos_;  // ClientHello..ServerHello
  std::optional<Error> failure_;
};

}  // namespace seatls::binder
