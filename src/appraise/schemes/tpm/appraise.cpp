#include "appraise/schemes/tpm/appraise.h"

#include <algorithm>

#include "appraise/ar4si.h"
#include "base/encoding.h"

namespace seatls::appraise::tpm {
namespace {

std::string hex(std::uint64_t value) {
  Bytes raw;
  for (int shift = 56; shift >= 0; shift -= 8) raw.push_back(static_cast<std::uint8_t>(value >> shift));
  return "0x" + base::to_hex(raw);
}

std::string pcr_key(Hash bank, unsigned pcr) {
  return "tpm2.pcrs." + std::string(name(bank)) + "." + std::to_string(pcr);
}

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

void judge_pcr(Hash bank, unsigned pcr, const Expect<Bytes>& expected, const Claims& claims, Assessment& a,
               Findings& findings) {
  const std::string path = "tpm2 > pcrs > " + std::string(name(bank)) + " " + std::to_string(pcr);
  const TrustClaim claim = claim_of(pcr);
  const auto value =
      std::ranges::find_if(claims.pcrs, [&](const PcrValue& v) { return v.bank == bank && v.pcr == pcr; });
  if (!expected.is_set()) {
    findings.refuse(Stage::policy, Code::policy_unset, pcr_key(bank, pcr) + " accepts no value", path);
  } else if (value == claims.pcrs.end()) {
    findings.refuse(Stage::policy, Code::reference_mismatch,
                    "the quote does not cover this PCR; let the attester quote it, or take " +
                        pcr_key(bank, pcr) + " out of the policy",
                    path);
  } else if (expected.is_any()) {
    a.dangers.push_back("expect.any: " + pcr_key(bank, pcr));
  } else if (!expected.accepts(value->value)) {
    a.vector[claim] = ar4si::contraindicated;
    findings.refuse(Stage::policy, Code::reference_mismatch,
                    "is " + base::to_hex(value->value) + "; " + pcr_key(bank, pcr) + " accepts " +
                        listed(expected.values()),
                    path);
  } else if (a.vector[claim] == 0) {
    a.vector[claim] = claim == TrustClaim::configuration ? ar4si::configuration_approved
                                                         : ar4si::executables_approved_at_boot;
  }
}

Assessment judge(const Claims& claims, const Context& context, Findings& findings) {
  const Tpm2Policy& policy = context.policy.tpm2;
  Assessment a;
  a.vector[TrustClaim::instance_identity] = ar4si::instance_recognized;
  a.vector[TrustClaim::hardware] = ar4si::hardware_genuine;
  if (policy.pcrs.empty())
    findings.refuse(Stage::policy, Code::policy_unset, "tpm2.pcrs judges no PCR", "tpm2 > pcrs");
  for (const auto& [bank, pcrs] : policy.pcrs)
    for (const auto& [pcr, expected] : pcrs) judge_pcr(bank, pcr, expected, claims, a, findings);
  if (policy.require_event_log && !claims.has_event_log)
    findings.refuse(Stage::policy, Code::reference_mismatch,
                    "tpm2.event_log is \"required\", and the evidence brings none", "tpm2 > event log");
  if (policy.firmware_at_least && claims.firmware_version < *policy.firmware_at_least) {
    a.vector[TrustClaim::hardware] = ar4si::contraindicated;
    findings.refuse(Stage::policy, Code::tcb_rejected,
                    "is " + hex(claims.firmware_version) + "; tpm2.firmware_at_least is " +
                        hex(*policy.firmware_at_least),
                    "tpm2 > quote > firmwareVersion");
  }
  a.key = claims.key;
  judge_key(claims.key, demanded_key(context.policy, policy.key, KeyProvenance::proven), context,
            "tpm2 > tik > objectAttributes", findings, a.dangers, claims.key_detail);
  return a;
}

}  // namespace

Assessment appraise(const VerifiedClaims& verified, const Context& context, Findings& findings) {
  const Claims& c = *verified;
  Assessment a = judge(c, context, findings);
  a.instance = {"ak:" + c.ak, "ak:" + c.ak_name};
  a.fingerprint = c.fingerprint;
  a.claims = {
      {"tpm2.ak", c.ak},
      {"tpm2.ak_name", c.ak_name},
      {"tpm2.ak_vouched_by", c.vouched},
      {"tpm2.tik_name", base::to_hex(c.tik_name)},
      {"tpm2.firmware_version", hex(c.firmware_version)},
      {"tpm2.clock_ms", std::to_string(c.clock)},
      {"tpm2.reset_count", std::to_string(c.reset_count)},
      {"tpm2.restart_count", std::to_string(c.restart_count)},
      {"tpm2.clock_safe", c.safe ? "true" : "false"},
  };
  if (!c.ek.empty()) a.claims.emplace_back("tpm2.ek", c.ek);
  for (const auto& v : c.pcrs) a.claims.emplace_back(pcr_key(v.bank, v.pcr), base::to_hex(v.value));
  if (c.has_event_log) {
    std::string explained;
    for (const unsigned pcr : c.explained) explained += (explained.empty() ? "" : ",") + std::to_string(pcr);
    a.claims.emplace_back("tpm2.event_log.events", std::to_string(c.events));
    a.claims.emplace_back("tpm2.event_log.explains", explained);
  }
  return a;
}

void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings) {
  (void)judge(claims_of(*evidence), context, findings);
}

}  // namespace seatls::appraise::tpm
