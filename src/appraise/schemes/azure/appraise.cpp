#include "appraise/schemes/azure/appraise.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "appraise/ar4si.h"
#include "appraise/schemes/snp/appraise.h"
#include "appraise/schemes/tdx/appraise.h"
#include "appraise/schemes/tpm/judge_pcrs.h"
#include "base/encoding.h"

namespace seatls::appraise::azure {
namespace {

constexpr std::string_view scheme = "azure";
constexpr const char* variable_data = "azure > hcl report > variable_data";

std::string hex(std::uint64_t value) {
  Bytes raw;
  for (int shift = 56; shift >= 0; shift -= 8) raw.push_back(static_cast<std::uint8_t>(value >> shift));
  return "0x" + base::to_hex(raw);
}

// Judge holds what stands above the processor's report against [azure].
class Judge {
 public:
  Judge(const Claims& claims, const Context& context, Findings& findings)
      : c_(claims), policy_(context.policy.azure), context_(context), findings_(findings) {}

  Assessment judge() {
    judge_tee();
    tpm::judge_pcrs({policy_.pcrs, policy_.require_event_log}, c_.pcrs, c_.explained, scheme, a_, findings_);
    for (const auto& [member, expected] : policy_.vm) judge_member(member, expected);
    judge_user_data();
    a_.key = c_.key;
    judge_key(c_.key, demanded_key(context_.policy, policy_.key, KeyProvenance::proven), context_,
              "azure > tik", findings_, a_.dangers, c_.key_detail);
    return a_;
  }

 private:
  void refuse(Code code, std::string detail, std::string path) {
    a_.vector[TrustClaim::configuration] = ar4si::contraindicated;
    findings_.refuse(Stage::policy, code, std::move(detail), std::move(path));
  }

  void judge_tee() {
    if (policy_.tees.empty())
      return refuse(Code::policy_unset, "azure.tees accepts none", "azure > hcl report > report_type");
    if (std::ranges::find(policy_.tees, c_.tee()) == policy_.tees.end())
      refuse(Code::reference_mismatch,
             "is of " + std::string(c_.tee()) + ", which azure.tees does not accept",
             "azure > hcl report > report_type");
  }

  void judge_member(const std::string& member, const Expect<std::string>& expected) {
    const std::string key = "azure.vm." + member, path = std::string(variable_data) + " > " + member;
    const auto stated =
        std::ranges::find(c_.configuration, member, &std::pair<std::string, std::string>::first);
    if (!expected.is_set())
      refuse(Code::policy_unset, key + " accepts no value", path);
    else if (stated == c_.configuration.end())
      refuse(Code::reference_mismatch, "is not there; " + key + " judges it", path);
    else if (expected.is_any())
      a_.dangers.push_back("expect.any: " + key);
    else if (!expected.accepts(stated->second))
      refuse(Code::reference_mismatch, "is \"" + stated->second + "\", which " + key + " does not accept",
             path);
    else if (a_.vector[TrustClaim::configuration] == 0)
      a_.vector[TrustClaim::configuration] = ar4si::configuration_approved;
  }

  // Attesters that put the binder there as well say nothing new by it.
  void judge_user_data() {
    const std::string path = std::string(variable_data) + " > user-data";
    if (!policy_.user_data.is_set() && c_.user_data_is_binder) return;
    if (policy_.user_data.is_set() && !c_.user_data)
      return refuse(Code::reference_mismatch, "is not there; azure.user_data judges it", path);
    if (judge_given("azure.user_data", policy_.user_data, c_.user_data.value_or(Bytes()), path, findings_,
                    a_.dangers))
      a_.vector[TrustClaim::configuration] = ar4si::contraindicated;
  }

  const Claims& c_;
  const AzurePolicy& policy_;
  const Context& context_;
  Findings& findings_;
  Assessment a_;
};

// Both layers must be approved: what a virtual TPM says is worth what the paravisor below it is.
std::int8_t both(std::int8_t below, std::int8_t above) {
  const Tier tier = worse(tier_of(below), tier_of(above));
  return tier == tier_of(below) ? below : above;
}

// A log of the same compound explains the virtual TPM's registers, and none of the processor's.
Context without_log(const Context& context) {
  Context below = context;
  below.explained = nullptr;
  return below;
}

std::vector<Registers> registers_of(const std::vector<tpm::PcrValue>& pcrs) {
  std::map<Hash, std::map<unsigned, Bytes>> banks;
  for (const auto& v : pcrs) banks[v.bank][v.pcr] = v.value;
  std::vector<Registers> list;
  for (auto& [bank, values] : banks) list.push_back({bank, std::move(values)});
  return list;
}

void tell_claims(const Claims& c, Assessment& a) {
  const auto tell = [&](const std::string& name, std::string value) {
    a.claims.emplace_back("azure." + name, std::move(value));
  };
  tell("tee", std::string(c.tee()));
  tell("ak", c.ak);
  tell("ak_vouched_by", "the " + std::string(c.tee()) + " report's report data, " +
                            std::string(name(c.hash)) + " of the variable data");
  if (!c.tik_name.empty()) tell("tik_name", base::to_hex(c.tik_name));
  for (const auto& [member, value] : c.configuration) tell("vm." + member, value);
  if (c.user_data && !is_zero(*c.user_data)) tell("user_data", base::to_hex(*c.user_data));
  tell("firmware_version", hex(c.firmware_version));
  tell("clock_ms", std::to_string(c.clock));
  tell("reset_count", std::to_string(c.reset_count));
  tell("restart_count", std::to_string(c.restart_count));
  tell("clock_safe", c.safe ? "true" : "false");
  std::ranges::move(tpm::pcr_claims(c.pcrs, scheme), std::back_inserter(a.claims));
  if (c.has_event_log) {
    std::string explained;
    for (const unsigned pcr : c.explained) explained += (explained.empty() ? "" : ",") + std::to_string(pcr);
    tell("event_log.events", std::to_string(c.events));
    tell("event_log.explains", explained);
  }
}

}  // namespace

Assessment appraise(const VerifiedClaims& verified, const Context& context, Findings& findings) {
  const Claims& c = verified->claims;
  const Context below = without_log(context);
  const auto* snp_claims = std::get_if<snp::VerifiedClaims>(&verified->hardware);
  Assessment a =
      snp_claims != nullptr
          ? snp::appraise_hardware(*snp_claims, below, findings)
          : tdx::appraise_hardware(std::get<tdx::VerifiedClaims>(verified->hardware), below, findings);
  a.registers = registers_of(c.pcrs);
  const Assessment above = Judge(c, context, findings).judge();
  for (const auto claim : {TrustClaim::configuration, TrustClaim::executables})
    a.vector[claim] = both(a.vector[claim], above.vector[claim]);
  a.key = above.key;
  std::ranges::copy(above.dangers, std::back_inserter(a.dangers));
  // The VM's id is the host's word; the key of its TPM is the paravisor's.
  a.instance.insert(a.instance.begin(), "ak:" + c.ak);
  // The processor's report stays the same from connection to connection; the quote must not.
  a.fingerprint = c.fingerprint;
  tell_claims(c, a);
  return a;
}

void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings) {
  const Context below = without_log(context);
  if (const auto* report = evidence->snp())
    snp::foresee_hardware(*report, below, findings);
  else
    tdx::foresee_hardware(*evidence->td_quote()->td(), below, findings);
  (void)Judge(claims_of(*evidence, context), context, findings).judge();
}

}  // namespace seatls::appraise::azure
