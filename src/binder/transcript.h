// The handshake transcript ClientHello..ServerHello (RFC 8446, section 4.4.1).
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
// with ServerHello: both hashes run, in constant memory.
class Transcript {
 public:
  Transcript();

  // add takes the next message. Once ServerHello has passed, later messages change nothing. Errors:
  // unexpected_message out of order, malformed for a header that does not fit.
  [[nodiscard]] Result<void> add(ByteView message);

  [[nodiscard]] bool complete() const { return expect_ == Expect::nothing; }
  [[nodiscard]] bool saw_hello_retry_request() const { return retried_; }

  // hash returns Hash(ClientHello..ServerHello). Errors: misuse before ServerHello, or for a hash
  // other than sha256 and sha384.
  [[nodiscard]] Result<Bytes> hash(Hash h) const;

 private:
  enum class Expect : std::uint8_t {
    client_hello,
    server_hello_or_retry,
    second_client_hello,
    server_hello,
    nothing
  };
  void update(ByteView message);

  Expect expect_ = Expect::client_hello;
  bool retried_ = false;
  crypto::Hasher sha256_, sha384_;
};

}  // namespace seatls::binder
