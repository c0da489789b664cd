#include "appraise/context.h"

#include <algorithm>

#include "appraise/ar4si.h"
#include "base/encoding.h"
#include "crypto/hash.h"

namespace seatls::appraise {

//= early-attestation#binder-whole-field
void compare_binder(ByteView field, BinderField kind, const Context& context, const std::string& path,
                    Findings& findings) {
  Bytes expected = bytes(context.binder);
  if (kind == BinderField::zero_padded_to_64) expected.resize(64, 0);
  if (!context.binder.empty() && constant_time_equal(field, expected)) {
    if (context.binders_met != nullptr) ++*context.binders_met;
    return;
  }
  findings.refuse(Stage::binder, Code::binder_mismatch,
                  "holds " + base::to_hex(field) + "; this connection has " + base::to_hex(expected), path);
}

void compare_tik(const crypto::PublicKey& named, const Context& context, const std::string& path,
                 Findings& findings) {
  if (context.tik == nullptr) return;
  const auto key = crypto::PublicKey::from_spki(context.tik->der());
  if (!key) {
    findings.refuse(Stage::key, Code::tik_mismatch,
                    "the certificate's key cannot be read: " + key.error().detail, path);
  } else if (!named.same_key(*key)) {
    findings.refuse(
        Stage::key, Code::tik_mismatch,
        "names the key sha256:" + base::to_hex(crypto::digest(Hash::sha256, named.spki().der())) +
            "; the certificate has sha256:" + base::to_hex(crypto::digest(Hash::sha256, context.tik->der())),
        path);
  }
}

KeyProvenance demanded_key(const Policy& policy, std::optional<KeyProvenance> section,
                           KeyProvenance scheme_default) {
  if (!policy.key && !section) return scheme_default;
  return std::max(policy.key.value_or(KeyProvenance::none), section.value_or(KeyProvenance::none));
}

//= early-attestation#key-provenance
void judge_key(KeyProvenance shown, KeyProvenance demanded, const Context& context, const std::string& path,
               Findings& findings, std::vector<std::string>& dangers, const std::string& why) {
  const bool allowed = context.policy.danger.allow_unproven_tik;
  if (allowed) dangers.emplace_back("allow_unproven_tik");
  if (shown >= demanded) return;
  std::string detail = "the key's provenance is \"" + std::string(name(shown)) + "\"; the policy demands \"" +
                       std::string(name(demanded)) + "\"";
  if (!why.empty()) detail += "; " + why;
  if (allowed)
    findings.note(Stage::key, Code::key_unproven, std::move(detail), path);
  else
    findings.refuse(Stage::key, Code::key_unproven, std::move(detail), path);
}

bool judge_debug(bool debug, const std::string& why, const Context& context, const std::string& path,
                 Findings& findings, std::vector<std::string>& dangers) {
  const bool allowed = context.policy.danger.allow_debug;
  if (allowed) dangers.emplace_back("allow_debug");
  if (!debug) return false;
  if (allowed)
    findings.note(Stage::policy, Code::debug_enabled, why, path);
  else
    findings.refuse(Stage::policy, Code::debug_enabled, why, path);
  return !allowed;
}

void judge_hardware(bool simulated, Assessment& assessment) {
  assessment.vector[TrustClaim::hardware] = simulated ? ar4si::hardware_none : ar4si::hardware_genuine;
  if (simulated) tell_simulated(assessment);
}

void tell_simulated(Assessment& assessment) {
  assessment.dangers.emplace_back("simulated_roots: no hardware stands behind this evidence");
}

bool is_zero(ByteView field) {
  return std::ranges::all_of(field, [](std::uint8_t byte) { return byte == 0; });
}

Met judge_named(const std::string& key, const Expect<Bytes>& expected, ByteView value,
                const std::string& path, Findings& findings, std::vector<std::string>& dangers) {
  if (!expected.is_set()) {
    findings.refuse(Stage::policy, Code::policy_unset, key + " accepts no value", path);
    return Met::refused;
  }
  if (expected.is_any()) {
    const std::string danger = "expect.any: " + key;
    if (std::ranges::find(dangers, danger) == dangers.end()) dangers.push_back(danger);
    return Met::any;
  }
  if (expected.accepts(bytes(value))) return Met::listed;
  if (expected.is_from_corim()) {
    findings.refuse(Stage::policy, Code::reference_mismatch,
                    "is " + base::to_hex(value) + "; " + key + " is left to CoRIM, and none vouches for it",
                    path);
    return Met::refused;
  }
  findings.refuse(Stage::policy, Code::reference_mismatch,
                  "is " + base::to_hex(value) + "; " + key + " does not accept it", path);
  return Met::refused;
}

bool judge_given(const std::string& key, const Expect<Bytes>& expected, ByteView value,
                 const std::string& path, Findings& findings, std::vector<std::string>& dangers) {
  if (expected.is_set()) return judge_named(key, expected, value, path, findings, dangers) == Met::refused;
  if (is_zero(value)) return false;
  findings.refuse(Stage::policy, Code::policy_unset,
                  "is " + base::to_hex(value) + ", and " + key + " accepts nothing but zeros", path);
  return true;
}

Error as_malformed(Error error) {
  if (category(error.code) != Category::decode && category(error.code) != Category::peer_misbehaved)
    return error;
  std::string detail = std::string(sentence(error.code));
  if (!error.detail.empty()) detail += " " + error.detail;
  return {Code::evidence_malformed, std::move(detail), std::move(error.path)};
}

}  // namespace seatls::appraise
