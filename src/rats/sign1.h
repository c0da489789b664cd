// Signing and verifying COSE_Sign1 (RFC 9052, 4.4) with the algorithms that a caller allows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "codec/cose.h"
#include "crypto/signature.h"
#include "seatls/error.h"

namespace seatls::rats {

// VerifiedSign1 exists only where the signature verified.
class VerifiedSign1 {
 public:
  [[nodiscard]] ByteView payload() const { return message_.payload; }
  [[nodiscard]] const codec::cose::Sign1& message() const { return message_; }

 private:
  friend Result<VerifiedSign1> verify_sign1(codec::cose::Sign1, const crypto::PublicKey&,
                                            std::span<const crypto::SignatureAlgorithm>);
  explicit VerifiedSign1(codec::cose::Sign1 message) : message_(std::move(message)) {}
  codec::cose::Sign1 message_;
};

// verify_sign1 verifies with `key`. The message's algorithm must be among `allowed` and fit the key's type
// and curve: nothing in the message picks either. Errors: algorithm_not_allowed, signature_invalid.
[[nodiscard]] Result<VerifiedSign1> verify_sign1(codec::cose::Sign1 message, const crypto::PublicKey& key,
                                                 std::span<const crypto::SignatureAlgorithm> allowed);

// sign_sign1 signs `payload` with the key's usual algorithm (P-256: ES256, P-384: ES384, Ed25519: EdDSA).
// `headers` are further protected headers; alg is added.
[[nodiscard]] Result<Bytes> sign_sign1(ByteView payload, const crypto::PrivateKey& key,
                                       codec::cbor::Map headers = {});

// The COSE identifiers (IANA "COSE Algorithms") of the signatures that seatls knows. PKCS #1 v1.5 is not
// among them.
[[nodiscard]] std::optional<std::int64_t> cose_algorithm(crypto::SignatureAlgorithm algorithm);
[[nodiscard]] std::optional<crypto::SignatureAlgorithm> algorithm_of_cose(std::int64_t id);

}  // namespace seatls::rats
