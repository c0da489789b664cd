#include "appraise/schemes/tpm/judge_pcrs.h"

#include <algorithm>

#include "appraise/ar4si.h"
#include "base/encoding.h"

namespace seatls::appraise::tpm {
namespace {

// The PC Client profile measures code into the even PCRs of the firmware and configuration into the odd
// ones; what boots after the firmware is code.
TrustClaim claim_of(unsigned pcr) {
  return pcr < 8 && pcr % 2 == 1 ? TrustClaim::configuration : TrustClaim::executables;
}

std::string listed(const std::vector<Bytes>& values) {
  std::string out;
  for (const auto& v : values) out += (out.empty() ? "" : ", ") + base::to_hex(v);
  return out;
}

// Register is one that the policy judges.
struct Register {
  Hash bank;
  unsigned pcr;
  const Expect<Bytes>& expected;
};

void judge_pcr(const Register& judged, const std::vector<PcrValue>& values, std::string_view scheme,
               Assessment& a, Findings& findings) {
  const auto& [bank, pcr, expected] = judged;
  const std::string key = pcr_key(scheme, bank, pcr);
  const std::string path =
      std::string(scheme) + " > pcrs > " + std::string(name(bank)) + " " + std::to_string(pcr);
  const TrustClaim claim = claim_of(pcr);
  const auto value = std::ranges::find_if(
      values, [&](const PcrValue& v) { return v.bank == judged.bank && v.pcr == judged.pcr; });
  if (!expected.is_set()) {
    findings.refuse(Stage::policy, Code::policy_unset, key + " accepts no value", path);
  } else if (value == values.end()) {
    findings.refuse(
        Stage::policy, Code::reference_mismatch,
        "the quote does not cover this PCR; let the attester quote it, or take " + key + " out of the policy",
        path);
  } else if (expected.is_any()) {
    a.dangers.push_back("expect.any: " + key);
  } else if (!expected.accepts(value->value)) {
    a.vector[claim] = ar4si::contraindicated;
    findings.refuse(Stage::policy, Code::reference_mismatch,
                    "is " + base::to_hex(value->value) + "; " + key + " accepts " + listed(expected.values()),
                    path);
  } else if (a.vector[claim] == 0) {
    a.vector[claim] = claim == TrustClaim::configuration ? ar4si::configuration_approved
                                                         : ar4si::executables_approved_at_boot;
  }
}

}  // namespace

std::string pcr_key(std::string_view scheme, Hash bank, unsigned pcr) {
  return std::string(scheme) + ".pcrs." + std::string(name(bank)) + "." + std::to_string(pcr);
}

void judge_pcrs(const PcrPolicy& policy, const std::vector<PcrValue>& values,
                const std::vector<unsigned>& log_explains, std::string_view scheme, Assessment& a,
                Findings& findings) {
  const std::string named(scheme);
  if (policy.pcrs.empty())
    findings.refuse(Stage::policy, Code::policy_unset, named + ".pcrs judges no PCR", named + " > pcrs");
  for (const auto& [bank, pcrs] : policy.pcrs)
    for (const auto& [pcr, expected] : pcrs) judge_pcr({bank, pcr, expected}, values, scheme, a, findings);
  // A log of other banks than the quoted ones explains nothing.
  if (policy.require_event_log && log_explains.empty())
    findings.refuse(
        Stage::policy, Code::reference_mismatch,
        named + ".event_log is \"required\", and the evidence brings none that explains a quoted register",
        named + " > event log");
}

std::vector<std::pair<std::string, std::string>> pcr_claims(const std::vector<PcrValue>& values,
                                                            std::string_view scheme) {
  std::vector<std::pair<std::string, std::string>> claims;
  for (const auto& v : values) claims.emplace_back(pcr_key(scheme, v.bank, v.pcr), base::to_hex(v.value));
  return claims;
}

}  // namespace seatls::appraise::tpm
