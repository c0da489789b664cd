#include "appraise/schemes/tpm/appraise.h"

#include <algorithm>
#include <iterator>

#include "appraise/ar4si.h"
#include "appraise/schemes/tpm/judge_pcrs.h"
#include "base/encoding.h"

namespace seatls::appraise::tpm {
namespace {

std::string hex(std::uint64_t value) {
  Bytes raw;
  for (int shift = 56; shift >= 0; shift -= 8) raw.push_back(static_cast<std::uint8_t>(value >> shift));
  return "0x" + base::to_hex(raw);
}

Assessment judge(const Claims& claims, const Context& context, Findings& findings) {
  const Tpm2Policy& policy = context.policy.tpm2;
  Assessment a;
  a.vector[TrustClaim::instance_identity] = ar4si::instance_recognized;
  a.vector[TrustClaim::hardware] = ar4si::hardware_genuine;
  judge_pcrs({policy.pcrs, policy.require_event_log}, claims.pcrs, claims.explained, "tpm2", a, findings);
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
  std::map<Hash, std::map<unsigned, Bytes>> banks;
  for (const auto& v : c.pcrs) banks[v.bank][v.pcr] = v.value;
  for (auto& [bank, values] : banks) a.registers.push_back({bank, std::move(values)});
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
  std::ranges::move(pcr_claims(c.pcrs, "tpm2"), std::back_inserter(a.claims));
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
