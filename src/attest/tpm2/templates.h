// The public templates of the keys that seatls makes, and of those that the TCG defines.
#pragma once

#include <array>

#include "attest/tpm2/endorsement.h"
#include "attest/tpm2/tss.h"
#include "crypto/signature.h"

namespace seatls::attest::tpm2 {

// storage_key_template is the ECC P-256 storage primary that TPM key files assume under a hierarchy
// (the same as tpm2-openssl's), so that such files can be used by either.
[[nodiscard]] TPM2B_PUBLIC storage_key_template();
// tik_template: sign, fixedTPM, fixedParent, sensitiveDataOrigin, not restricted. P-256 or P-384.
[[nodiscard]] Result<TPM2B_PUBLIC> tik_template(crypto::KeyType type);
// attestation_key_template: restricted, ECDSA P-256 or RSASSA 2048, with SHA-256.
[[nodiscard]] Result<TPM2B_PUBLIC> attestation_key_template(crypto::KeyType type);

// EkProfile is one way to make the endorsement key: TCG EK Credential Profile 2.5, Annex B.
struct EkProfile {
  EkKind kind;
  const char* name;
  TPM2_HANDLE certificate_index;  // NV
  TPM2_HANDLE persistent;         // where provisioning keeps it, if it does
  TPM2B_PUBLIC (*make_template)();
};
// ek_profiles, in the order of preference.
[[nodiscard]] const std::array<EkProfile, 3>& ek_profiles();

}  // namespace seatls::attest::tpm2
