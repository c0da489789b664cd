// Policy: what evidence and results must say to be accepted. Declarative, and closed: what it does not
// name is not accepted. Filled from TOML (docs/usage/policy.md tells every key) or by an application.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "seatls/azure_policy.h"
#include "seatls/bytes.h"
#include "seatls/cca_policy.h"
#include "seatls/compound_policy.h"
#include "seatls/corim_policy.h"
#include "seatls/error.h"
#include "seatls/expect.h"
#include "seatls/intel_policy.h"
#include "seatls/keys.h"
#include "seatls/nitro_policy.h"
#include "seatls/nvidia_policy.h"
#include "seatls/psa_policy.h"
#include "seatls/result.h"
#include "seatls/snp_policy.h"

namespace seatls {

// KeyPin names one public key: by the SHA-256 of its DER SubjectPublicKeyInfo, or (TPM keys) by its
// Name, which also fixes the key's attributes.
struct KeyPin {
  enum class Kind : std::uint8_t { spki_sha256, tpm_name } kind = Kind::spki_sha256;
  Bytes value;
  bool operator==(const KeyPin&) const = default;
};
// parse_key_pin reads "sha256:HEX" (32 bytes) or "name:HEX" (a TPM Name). Errors: configuration.
[[nodiscard]] Result<KeyPin> parse_key_pin(std::string_view text);
[[nodiscard]] std::string to_text(const KeyPin& pin);

// Tpm2Policy judges TPM 2.0 evidence. Who vouches for the attestation key (a pin or a CA) and at least
// one PCR must be set.
struct Tpm2Policy {
  std::vector<KeyPin> ak;        // pinned attestation keys
  std::vector<Bytes> ak_ca;      // DER: anchors of attestation key certificates
  std::vector<Bytes> ak_ca_crl;  // DER: when there is one, every issuer in a chain needs one
  std::vector<Bytes> ek_ca;      // DER: when set, the evidence must bring an EK certificate below one
  std::map<Hash, std::map<unsigned, Expect<Bytes>>> pcrs;
  bool require_event_log = false;                  // one that is there must replay in any case
  std::optional<std::uint64_t> firmware_at_least;  // as TPM2_Quote reports it
  std::optional<KeyProvenance> key;                // default: proven
};

// SoftwarePolicy judges evidence that no hardware stands behind: danger.software_evidence must be set.
struct SoftwarePolicy {
  // Whose signature counts: these keys; pinned ones, which the evidence brings along; or (signed_by_tik)
  // the attested key itself.
  std::vector<Spki> ak;
  std::vector<KeyPin> ak_pins;
  bool signed_by_tik = false;
  Expect<std::string> swname;
  Expect<Bytes> measurements;  // digests; must be set when the evidence has some, and each must be accepted
  std::optional<KeyProvenance> key;  // default: none, since nothing proves what software says
};

// TrustedVerifier is whose Attestation Results are accepted, and the key that signs them.
struct TrustedVerifier {
  std::string identity;  // as negotiated: VerifierIdentity
  std::vector<Spki> keys;
};

// ResultPolicy judges Attestation Results (passport model).
struct ResultPolicy {
  std::vector<TrustedVerifier> verifiers;
  std::optional<std::chrono::seconds> max_age;  // since `iat`; must be set
  std::chrono::seconds clock_skew{60};          // at most 300
  std::optional<std::string> audience;          // when set, `aud` must name it
  std::vector<std::string> submods;             // these must be there; every submod is judged anyway
};

// DangerousAllowances are the weakenings. Each one that is set is told in every result.
struct DangerousAllowances {
  bool software_evidence = false;     // evidence that any program can make
  bool allow_unproven_tik = false;    // a TIK of unknown origin
  bool allow_unbound_result = false;  // a result without `cnf`
  bool allow_debug = false;           // an attester in debug mode
  // DER: roots of simulated hardware, beside those of its makers. Whoever holds such a root's key makes
  // evidence of any kind; it is for tests.
  std::vector<Bytes> simulated_roots{};
};

struct Policy {
  std::string id;                    // reported with every result
  std::vector<std::string> schemes;  // accepted, in preference order: "tpm2", "tdx", "sev-snp", …
  Tpm2Policy tpm2;
  SoftwarePolicy software;
  TdxPolicy tdx;
  SgxPolicy sgx;
  SnpPolicy snp;
  NitroPolicy nitro;
  CcaPolicy cca;
  PsaPolicy psa;
  AzurePolicy azure;
  NvidiaPolicy nvidia;
  CompoundPolicy compound;
  EventLogPolicy event_log;
  std::vector<CorimReference> corim;  // for every claim that is expected "from-corim"
  ResultPolicy result;
  std::vector<std::string> machine;  // pinned instances: "ueid:01ab…", "ak:sha256:…"; empty: none is pinned
  std::optional<KeyProvenance> key;  // demanded of every scheme, beside the scheme's own demand
  DangerousAllowances danger;
};

// PolicyMistake is one thing that keeps a policy from being used.
struct PolicyMistake {
  std::string file;
  unsigned line = 0;                // 0: the mistake is that something is missing
  std::string key;                  // "tpm2.ak"
  std::string what;                 // what is wrong, with the value and its limit
  std::string remedy;               // what to write instead
  Code code = Code::configuration;  // io: a file that the policy names cannot be read
  bool operator==(const PolicyMistake&) const = default;

  [[nodiscard]] std::string message() const;  // "policy.toml:7: tpm2.ak: … Remedy: …"
};

struct PolicyReport {
  std::optional<Policy> policy;         // when there is no mistake
  std::vector<PolicyMistake> mistakes;  // in the order of the file
};

// validate returns what a policy lacks or contradicts, however it was filled.
[[nodiscard]] std::vector<PolicyMistake> validate(const Policy& policy);

// check_policy_text reads a policy; files that it names are looked for in `folder`. `name` is told in
// mistakes. check_policy_file reads the file and takes its folder.
[[nodiscard]] PolicyReport check_policy_text(std::string_view toml, const std::string& folder,
                                             const std::string& name = "policy");
[[nodiscard]] PolicyReport check_policy_file(const std::string& path);

// load_policy is check_policy_file for a caller that goes on only when all is well. Its error lists
// every mistake, one a line.
[[nodiscard]] Result<Policy> load_policy(const std::string& path);

}  // namespace seatls
