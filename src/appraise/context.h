// What every stage of every scheme is told, and the comparisons that none may write anew.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "appraise/findings.h"
#include "crypto/signature.h"
#include "seatls/bytes.h"
#include "seatls/keys.h"
#include "seatls/policy.h"
#include "seatls/result.h"
#include "seatls/scheme.h"

namespace seatls::appraise {

struct Assessment;

// Context is what a credential must be about, and whom it must satisfy.
struct Context {
  const Policy& policy;
  ByteView binder;            // of this connection; empty where a result is judged
  const Spki* tik = nullptr;  // of the peer's certificate; null offline when it was not given
  std::string verifier;       // result schemes: the negotiated identity
  Time now{};
  const SchemeTable* table = nullptr;   // tells the schemes of a compound's parts
  const Assessment* voucher = nullptr;  // of the part that this one hangs on, once it verified (event logs)
  // Registers whose events a log of the same compound is judged by; null: none.
  const std::map<unsigned, Expect<Bytes>>* explained = nullptr;
  std::size_t* binders_met = nullptr;  // counts the fields that held the binder; null: nobody asks

  // names_events_of tells whether the log is judged by a list of the events that this register may have.
  [[nodiscard]] bool names_events_of(unsigned index) const {
    if (explained == nullptr) return false;
    const auto rule = explained->find(index);
    return rule != explained->end() && !rule->second.values().empty();
  }
  // under returns the same question to another policy.
  [[nodiscard]] Context under(const Policy& other) const {
    return {other, binder, tik, verifier, now, table, voucher, explained, binders_met};
  }
};

// Registers are measurement registers that were signed, and that an event log can explain.
struct Registers {
  Hash bank = Hash::sha256;
  std::map<unsigned, Bytes> values;
  bool all = false;  // the platform has no others
};

// Assessment is what a scheme's last stage found out about verified claims.
struct Assessment {
  TrustVector vector;
  std::optional<Tier> tier;  // default: the vector's worst; a result has a status of its own besides
  KeyProvenance key = KeyProvenance::none;
  bool speaks_of_key = true;  // false: evidence of this kind can say nothing of the TLS key
  std::vector<std::pair<std::string, std::string>> claims;
  std::vector<std::string> instance;
  std::vector<ResultSubmod> submods;  // of a compound
  std::vector<Registers> registers;
  std::vector<std::string> dangers;
  std::optional<Time> valid_until;
  std::optional<Spki> kek;  // that the credential names
  // The bytes that the attestation key signed, hashed: evidence is the same evidence in any wrapping.
  Bytes fingerprint;
};

// How a field of evidence holds the binder (Decision 3): alone, or followed by zeros up to 64 bytes.
enum class BinderField : std::uint8_t { exact, zero_padded_to_64 };

// compare_binder compares the whole field, padding included, in constant time.
void compare_binder(ByteView field, BinderField kind, const Context& context, const std::string& path,
                    Findings& findings);

// compare_tik compares a key that evidence names with the key of the peer's certificate: by its
// parameters, since the two are encoded differently.
void compare_tik(const crypto::PublicKey& named, const Context& context, const std::string& path,
                 Findings& findings);

// demanded_key is the strictest provenance that the policy or the scheme's own section demands.
[[nodiscard]] KeyProvenance demanded_key(const Policy& policy, std::optional<KeyProvenance> section,
                                         KeyProvenance scheme_default);

// judge_key compares the key's provenance with what is demanded; `why` is what it lacks.
void judge_key(KeyProvenance shown, KeyProvenance demanded, const Context& context, const std::string& path,
               Findings& findings, std::vector<std::string>& dangers, const std::string& why);

// judge_debug refuses an attester in debug mode, which opens it as `why` tells, unless the policy allows that
// danger. It returns whether it refused.
[[nodiscard]] bool judge_debug(bool debug, const std::string& why, const Context& context,
                               const std::string& path, Findings& findings,
                               std::vector<std::string>& dangers);

// judge_hardware says what stands behind the claims: hardware of the maker's, or nothing, where they end at
// one of danger.simulated_roots. tell_simulated says the latter alone.
void judge_hardware(bool simulated, Assessment& assessment);
void tell_simulated(Assessment& assessment);

[[nodiscard]] bool is_zero(ByteView field);

// judge_named holds a value against those that the policy must list for it under `key`.
enum class Met : std::uint8_t { refused, any, listed };
[[nodiscard]] Met judge_named(const std::string& key, const Expect<Bytes>& expected, ByteView value,
                              const std::string& path, Findings& findings, std::vector<std::string>& dangers);

// judge_given judges a field that whoever starts the attester may fill: where the policy lists nothing, it
// accepts zeros, which are nothing. It returns whether it refused.
[[nodiscard]] bool judge_given(const std::string& key, const Expect<Bytes>& expected, ByteView value,
                               const std::string& path, Findings& findings,
                               std::vector<std::string>& dangers);

// as_malformed turns a decoder's error into the reason that a credential cannot be parsed.
[[nodiscard]] Error as_malformed(Error error);

}  // namespace seatls::appraise
