// TPM credential protection, the verifier's half: a secret that only one TPM can read, and only while
// it holds one certain key. TPM 2.0 Part 1, 24 (Credential Protection) and Annexes B and C. No TPM is
// needed here.
#pragma once

#include "crypto/signature.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::crypto {

// TpmCredential is what TPM2_ActivateCredential takes.
struct TpmCredential {
  Bytes id_object;         // TPM2B_ID_OBJECT
  Bytes encrypted_secret;  // TPM2B_ENCRYPTED_SECRET
};

// make_tpm_credential protects `secret` (at most as long as the hash) for the TPM of an endorsement
// key, under the condition that the object of that Name is loaded there. `name_hash` is the
// endorsement key's nameAlg: with SHA-256 it encrypts with AES-128, with SHA-384 with AES-256 (TCG EK
// Credential Profile, Annex B). Errors: configuration for another kind of key, crypto.
[[nodiscard]] Result<TpmCredential> make_tpm_credential(const PublicKey& endorsement_key, Hash name_hash,
                                                        ByteView object_name, const Secret& secret);

}  // namespace seatls::crypto
