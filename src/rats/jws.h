// Signing and verifying compact JWS (RFC 7515, RFC 7518) with the algorithms that a caller allows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "codec/jose.h"
#include "crypto/signature.h"
#include "seatls/error.h"

namespace seatls::rats {

// VerifiedJws exists only where the signature verified.
class VerifiedJws {
 public:
  [[nodiscard]] ByteView payload() const { return message_.payload; }
  [[nodiscard]] const codec::jose::CompactJws& message() const { return message_; }

 private:
  friend Result<VerifiedJws> verify_jws(codec::jose::CompactJws, const crypto::PublicKey&,
                                        std::span<const crypto::SignatureAlgorithm>);
  explicit VerifiedJws(codec::jose::CompactJws message) : message_(std::move(message)) {}
  codec::jose::CompactJws message_;
};

// verify_jws verifies with `key`. The message's algorithm must be among `allowed` and fit the key's type and
// curve: nothing in the message picks either. Errors: algorithm_not_allowed (also for "none" and HMAC),
// signature_invalid.
[[nodiscard]] Result<VerifiedJws> verify_jws(codec::jose::CompactJws message, const crypto::PublicKey& key,
                                             std::span<const crypto::SignatureAlgorithm> allowed);

// sign_jws signs `payload` with the key's usual algorithm (P-256: ES256, P-384: ES384, Ed25519: EdDSA).
// `header` holds further header parameters; alg is added.
[[nodiscard]] Result<std::string> sign_jws(ByteView payload, const crypto::PrivateKey& key,
                                           codec::json::Object header = {});

// The JOSE names (RFC 7518, RFC 8037) of the signatures that seatls knows.
[[nodiscard]] std::string_view jose_algorithm(crypto::SignatureAlgorithm algorithm);
[[nodiscard]] std::optional<crypto::SignatureAlgorithm> algorithm_of_jose(std::string_view name);

}  // namespace seatls::rats
