// Factories of the attesters that come with seatls.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "seatls/attester.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/scheme.h"
#include "seatls/signer.h"

namespace seatls {

// TpmAccess says how a TPM is reached. Keys are given as the text of a key file ("TSS2 PRIVATE
// KEY"), or as a persistent handle ("tpm:0x81000001").
struct TpmAccess {
  std::string tcti = "device:/dev/tpmrm0";  // or "swtpm:host=127.0.0.1,port=2321"
  // Passwords of the TPM's hierarchies, where the machine's owner has set them.
  std::string owner_password;
  std::string endorsement_password;
};

// make_tpm_signer signs TLS handshakes with a key of the TPM, on a thread of its own. It waits for
// the TPM once. Errors: tpm, configuration (the key is not of the kind), malformed (the key file).
[[nodiscard]] Result<std::shared_ptr<Signer>> make_tpm_signer(const TpmAccess& access,
                                                              const std::string& key);

struct PcrSelection {
  Hash bank = Hash::sha256;
  std::vector<unsigned> indices;  // 0 to 23
};

struct Tpm2AttesterOptions {
  TpmAccess access;
  std::string attestation_key;
  std::string tik;
  std::vector<PcrSelection> pcrs = {{Hash::sha256, {0, 1, 2, 3, 4, 5, 6, 7}}};
  std::vector<Bytes> attestation_key_chain;  // DER certificates, the key's own first
  // Certificates of the endorsement key name the machine to every peer, for good: none by default.
  std::vector<Bytes> endorsement_key_chain;
  // Read anew for each piece of evidence; empty: none. On Linux
  // /sys/kernel/security/tpm0/binary_bios_measurements.
  std::string event_log;
  EvidenceType type = MediaType{"application/vnd.seatls.tpm2+cbor"};
};

// make_tpm2_attester attests with a TPM 2.0: a quote over the PCRs and a certification of the TIK,
// both by the attestation key and both with the binder as qualifying data (docs/protocol, Decisions
// 3, 4, 16). It waits for the TPM, to look at the keys. Errors: as make_tpm_signer, and configuration for a
// selection that the TPM does not have.
[[nodiscard]] Result<std::shared_ptr<Attester>> make_tpm2_attester(Tpm2AttesterOptions options);

}  // namespace seatls
