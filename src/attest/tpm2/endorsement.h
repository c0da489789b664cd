// The endorsement key, which names a TPM for good, and credential activation: the proof that another
// key lives in the same TPM. The verifier's half is in src/service/enrolment.h and needs no TPM.
#pragma once

#include <cstdint>
#include <string>

#include "attest/tpm2/key_reference.h"
#include "crypto/tpm_credential.h"
#include "seatls/attesters.h"
#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::attest::tpm2 {

// The templates of the TCG EK Credential Profile, Annex B, and where a TPM's maker puts certificates.
enum class EkKind : std::uint8_t {
  rsa2048,  // template L-1, certificate at NV 0x01C00002
  p256,     // template L-2, certificate at NV 0x01C0000A
  p384,     // template H-3, certificate at NV 0x01C00016
};
[[nodiscard]] std::string_view name(EkKind kind);

struct EndorsementKey {
  EkKind kind;
  Bytes public_area;  // TPMT_PUBLIC
  Bytes certificate;  // DER; empty when the TPM stores none
};

// These functions wait for the TPM. Errors: tpm.
// certified_endorsement_key reads the first key that has a certificate in the TPM. Errors:
// configuration when there is none, as in many virtual machines.
[[nodiscard]] Result<EndorsementKey> certified_endorsement_key(const TpmAccess& access);
[[nodiscard]] Result<EndorsementKey> endorsement_key(const TpmAccess& access, EkKind kind);

// activate_credential has the TPM open what was made for its endorsement key and for the attestation
// key's Name. Errors: tpm; the TPM tells a wrong Name and a changed credential alike.
[[nodiscard]] Result<Secret> activate_credential(const TpmAccess& access, EkKind kind,
                                                 const KeyReference& attestation_key,
                                                 const crypto::TpmCredential& credential);

}  // namespace seatls::attest::tpm2
