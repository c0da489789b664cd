// Public keys as COSE_Key (RFC 9052, 7) and JWK (RFC 7517), and their thumbprints (RFC 9679, RFC 7638).
#pragma once

#include "codec/cbor.h"
#include "codec/json.h"
#include "crypto/signature.h"
#include "seatls/error.h"

namespace seatls::rats {

// The claim that names a keK, in EAT and EAR alike: a JWK, or a COSE_Key. Ours, from the numbers for private
// use (RFC 8392, section 9.1): docs/protocol/interactive-passport.md.
inline constexpr std::string_view kek_claim = "seatls_kek";
inline constexpr std::int64_t kek_claim_number = -70'100;

// Errors of the readers: malformed; algorithm_not_allowed for key types that are not supported.
[[nodiscard]] Result<crypto::PublicKey> from_cose_key(const codec::cbor::Value& key);
[[nodiscard]] Result<codec::cbor::Value> to_cose_key(const crypto::PublicKey& key);  // required members only
[[nodiscard]] Result<Bytes> cose_key_thumbprint(const crypto::PublicKey& key);       // RFC 9679, SHA-256

[[nodiscard]] Result<crypto::PublicKey> from_jwk(const codec::json::Value& key);
[[nodiscard]] Result<codec::json::Value> to_jwk(const crypto::PublicKey& key);  // required members only
[[nodiscard]] Result<std::string> jwk_thumbprint(
    const crypto::PublicKey& key);  // RFC 7638, SHA-256, base64url

}  // namespace seatls::rats
