// Keys of a TPM: made, looked at, stored, and used to sign. What `seatls key` and the endpoint need.
#pragma once

#include <memory>
#include <string>

#include "attest/tpm2/key_reference.h"
#include "attest/tpm2/public_area.h"
#include "crypto/x509.h"
#include "seatls/attesters.h"
#include "seatls/error.h"
#include "seatls/signer.h"

namespace seatls::attest::tpm2 {

enum class KeyUse : std::uint8_t {
  tik,          // signs TLS handshakes; under the owner hierarchy
  attestation,  // signs evidence (restricted); under the endorsement hierarchy
};

// create_key makes a key inside the TPM. TIK: p256 or p384. Attestation key: p256 or rsa (2048).
// Nothing stays in the TPM: the file is the key, and only this TPM can load it.
// These functions wait for the TPM. Errors: tpm, configuration.
[[nodiscard]] Result<KeyFile> create_key(const TpmAccess& access, KeyUse use, crypto::KeyType type);
// show_key reads a key's public area.
[[nodiscard]] Result<PublicArea> show_key(const TpmAccess& access, const KeyReference& key);
// persist_key stores a key at a free persistent handle of the owner's range, 0x81000000 to
// 0x817FFFFF, so that no file is needed. Errors: configuration when the handle is taken.
[[nodiscard]] Result<void> persist_key(const TpmAccess& access, const KeyReference& key,
                                       PersistentHandle handle);
// import_key wraps the two files of `tpm2_create` (TPM2B_PUBLIC, TPM2B_PRIVATE) and proves that the
// TPM loads them under `parent`.
[[nodiscard]] Result<KeyFile> import_key(const TpmAccess& access, ByteView public_file, ByteView private_file,
                                         std::uint32_t parent);

// sign_with waits for a Signer: for tools that make certificates and requests.
[[nodiscard]] crypto::ExternalSigner sign_with(std::shared_ptr<Signer> signer);

}  // namespace seatls::attest::tpm2
