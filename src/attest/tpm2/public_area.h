// A TPM key's public area, as far as the maker of evidence and the issuer of AK certificates look
// at it. (Verification of evidence has its own parser, which trusts nothing here.)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crypto/signature.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::attest::tpm2 {

// TPMA_OBJECT (TPM 2.0 Part 2, 8.3), the bits that matter here.
namespace attribute {
inline constexpr std::uint32_t fixed_tpm = 1U << 1, fixed_parent = 1U << 4, sensitive_data_origin = 1U << 5,
                               user_with_auth = 1U << 6, admin_with_policy = 1U << 7, no_da = 1U << 10,
                               restricted = 1U << 16, decrypt = 1U << 17, sign = 1U << 18;
}

struct PublicArea {
  Bytes encoded;  // TPMT_PUBLIC, as the TPM encodes it
  Bytes name;     // nameAlg ‖ H_nameAlg(encoded)
  Hash name_hash = Hash::sha256;
  std::uint32_t attributes = 0;
  crypto::PublicKey key;
  std::optional<Hash> signing_hash;  // of a scheme that is fixed; empty: the signer chooses

  [[nodiscard]] bool has(std::uint32_t bits) const { return (attributes & bits) == bits; }
};

// parse_public_area reads a TPMT_PUBLIC. Errors: malformed, trailing_data; unknown_value for a key
// that is neither RSA nor on P-256, P-384 or P-521.
[[nodiscard]] Result<PublicArea> parse_public_area(ByteView tpmt_public);

// attribute_names returns "fixedTPM", "sign", … in the order of the bits.
[[nodiscard]] std::vector<std::string> attribute_names(std::uint32_t attributes);

// check_tik demands what makes a TLS key's private half provably never leave the TPM, and lets it
// sign digests made outside: sign, fixedTPM, fixedParent, sensitiveDataOrigin, not restricted.
[[nodiscard]] Result<void> check_tik(const PublicArea& key);
// check_attestation_key demands a restricted signing key: it signs what the TPM itself states, and
// nothing that a program could make look like it.
[[nodiscard]] Result<void> check_attestation_key(const PublicArea& key);
// check_endorsement_key demands a restricted decryption key that cannot leave the TPM.
[[nodiscard]] Result<void> check_endorsement_key(const PublicArea& key);

}  // namespace seatls::attest::tpm2
