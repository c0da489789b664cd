// Factories of the attesters that come with seatls.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "seatls/attester.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/result.h"
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

// SoftwareMeasurement is the digest of something that this endpoint runs or reads.
struct SoftwareMeasurement {
  std::string name;
  std::string version;  // empty: not stated
  Hash hash = Hash::sha256;
  Bytes digest;
};

// SoftwareAttesterOptions, for DEVELOPMENT ONLY: whoever holds the attestation key can write any of
// this. A policy accepts such evidence only under [danger], and every result says so.
struct SoftwareAttesterOptions {
  std::vector<Secret> tiks;  // PEM: the private keys of this endpoint's certificates
  // PEM, P-256 or P-384. Empty: each TIK signs the evidence about itself.
  Secret attestation_key{Bytes{}};
  // DER certificates, the attestation key's own first. Empty: a self-signed one is made, so that
  // evidence always brings the key that a policy pins.
  std::vector<Bytes> attestation_key_chain;
  // A UEID (7 to 33 bytes) names the machine to every peer, for good: none by default.
  std::optional<Bytes> ueid;
  std::string swname, swversion;  // empty: not stated
  std::vector<SoftwareMeasurement> measurements;
  // Evidence says that a debugger can reach the attester, unless the operator vouches that none can.
  bool debug_disabled = false;
  // Named in the evidence, so that a result of it names it too: seatls/interactive_passport.h.
  std::optional<Spki> kek;
  EvidenceType type = ContentFormat{263};  // application/eat+cwt
  std::function<Time()> clock;             // empty: the system's
};

// make_software_attester attests with an EAT (a CWT in COSE_Sign1, profile tag:seatls,2026:software):
// eat_nonce is the binder, cnf the TIK, and key-attributes say that nothing keeps the TIK from being
// copied. Headers: x5chain holds the attestation key, kid the SHA-256 of its SubjectPublicKeyInfo;
// without both the signer is the key in cnf. Errors: malformed, configuration.
[[nodiscard]] Result<std::shared_ptr<Attester>> make_software_attester(SoftwareAttesterOptions options);

struct PassportHolderOptions {
  std::string verifier;  // the VerifierIdentity under which relying parties know the result's maker
  Bytes result;          // a signed EAR: a JWT, or a CWT
  // Show a result that names no key, which a relying party refuses unless it allows that as a danger.
  bool danger_unbound_result = false;
  std::function<Time()> clock;  // empty: the system's
};

// make_passport_holder shows an Attestation Result that a verifier made earlier (passport model). Of
// the result it demands what a relying party will: that it names the TIK and has not ended. It
// offers no scheme once it has. Errors: decode, result_unbound, result_expired, configuration.
[[nodiscard]] Result<std::shared_ptr<Attester>> make_passport_holder(PassportHolderOptions options);

}  // namespace seatls
