// Signing and verifying compact JWS (RFC 7515, RFC 7518) with the algorithms that a caller allows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "codec/jose.h"
#include "crypto/signature.h"
#include "crypto/x509.h"
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

// JwsKey is what a JWS is signed with, by the key's usual algorithm (P-256: ES256, P-384: ES384, Ed25519:
// EdDSA): a key of this process, or one that is held elsewhere, as by a TPM.
class JwsKey {
 public:
  JwsKey(crypto::PrivateKey key);  // NOLINT(google-explicit-constructor): the usual case
  // held_elsewhere takes P-256 and P-384; `sign` returns DER, and may take its time. Errors: configuration.
  [[nodiscard]] static Result<JwsKey> held_elsewhere(crypto::PublicKey key, crypto::ExternalSigner sign);

  [[nodiscard]] const crypto::PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] crypto::SignatureAlgorithm algorithm() const { return algorithm_; }
  [[nodiscard]] Result<Bytes> sign(ByteView message) const;  // in the form of JOSE

 private:
  JwsKey(crypto::PublicKey key, crypto::SignatureAlgorithm algorithm, crypto::ExternalSigner sign)
      : public_key_(std::move(key)), algorithm_(algorithm), sign_(std::move(sign)) {}
  crypto::PublicKey public_key_;
  crypto::SignatureAlgorithm algorithm_;
  crypto::ExternalSigner sign_;
};

// sign_jws signs `payload`. `header` holds further header parameters; alg is added.
[[nodiscard]] Result<std::string> sign_jws(ByteView payload, const JwsKey& key,
                                           codec::json::Object header = {});

// The JOSE names (RFC 7518, RFC 8037) of the signatures that seatls knows.
[[nodiscard]] std::string_view jose_algorithm(crypto::SignatureAlgorithm algorithm);
[[nodiscard]] std::optional<crypto::SignatureAlgorithm> algorithm_of_jose(std::string_view name);

}  // namespace seatls::rats
