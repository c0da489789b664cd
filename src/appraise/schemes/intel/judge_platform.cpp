// The judgement of a platform: TDX and SGX alike.
#include <algorithm>

#include "appraise/ar4si.h"
#include "appraise/schemes/intel/tcb.h"
#include "base/clock.h"
#include "base/encoding.h"

namespace seatls::appraise::intel {
namespace {

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& s : list) out += (out.empty() ? "" : ", ") + s;
  return out;
}

bool is_accepted(TcbStatus status, const IntelTcbPolicy& policy) {
  return status != TcbStatus::revoked &&
         std::ranges::find(policy.tcb_status, name(status)) != policy.tcb_status.end();
}

void tell_platform(const Platform& p, const std::string& section, Assessment& a) {
  a.instance.push_back("ppid:" + base::to_hex(p.pck.ppid));
  a.instance.push_back("fmspc:" + base::to_hex(p.pck.fmspc));
  if (p.pck.platform_instance_id)
    a.instance.push_back("platform_instance_id:" + base::to_hex(*p.pck.platform_instance_id));
  const auto tell = [&](const std::string& claim, std::string value) {
    a.claims.emplace_back(section + "." + claim, std::move(value));
  };
  tell("platform.ppid", base::to_hex(p.pck.ppid));
  tell("platform.fmspc", base::to_hex(p.pck.fmspc));
  if (p.pck.smt_enabled) tell("platform.smt", *p.pck.smt_enabled ? "on" : "off");
  if (p.simulated) tell_simulated(a);
}

void tell_tcb(const Tcb& tcb, const std::string& section, Assessment& a) {
  const auto tell = [&](const std::string& claim, std::string value) {
    a.claims.emplace_back(section + ".tcb." + claim, std::move(value));
  };
  tell("status", std::string(name(tcb.status)));
  tell("platform", std::string(name(tcb.platform)));
  if (tcb.module) tell("module", std::string(name(*tcb.module)));
  tell("qe", std::string(name(tcb.qe)));
  tell("date", tcb.date);
  if (!tcb.advisories.empty()) tell("advisories", joined(tcb.advisories));
}

// judge_status returns whether the TCB is accepted, with everything that is open about it.
bool judge_status(const Tcb& tcb, const IntelTcbPolicy& policy, const std::string& section, Assessment& a,
                  Findings& findings) {
  bool accepted = is_accepted(tcb.status, policy);
  if (!accepted)
    findings.refuse(Stage::policy, Code::tcb_rejected,
                    "the TCB is " + std::string(name(tcb.status)) +
                        (tcb.advisories.empty() ? "" : " (" + joined(tcb.advisories) + ")") + "; " + section +
                        ".tcb_status accepts " + joined(policy.tcb_status),
                    "tcb > status");
  std::vector<std::string> open;
  for (const auto& id : tcb.advisories)
    if (!policy.advisories.accepts(id)) open.push_back(id);
  if (policy.advisories.is_any()) a.dangers.emplace_back("expect.any: " + section + ".advisories");
  if (accepted && !open.empty()) {
    accepted = false;
    findings.refuse(Stage::policy, Code::tcb_rejected,
                    joined(open) + " apply to this platform; " + section + ".advisories does not accept that",
                    "tcb > advisories");
  }
  return accepted;
}

}  // namespace

std::int8_t judge_platform(const Platform& platform, const TcbInput& input, const IntelTcbPolicy& policy,
                           const std::string& section, Assessment& a, Findings& findings) {
  tell_platform(platform, section, a);
  // Both documents must be of the demanded round: an old one of either hides what was found since.
  const auto evaluation = std::min(platform.tcb_info.evaluation, platform.qe_identity.evaluation);
  a.claims.emplace_back(section + ".tcb.evaluation", std::to_string(evaluation));
  if (policy.tcb_evaluation_at_least && evaluation < *policy.tcb_evaluation_at_least)
    findings.refuse(Stage::policy, Code::tcb_rejected,
                    "tcbEvaluationDataNumber is " + std::to_string(evaluation) + "; " + section +
                        ".tcb_evaluation_at_least is " + std::to_string(*policy.tcb_evaluation_at_least),
                    "collateral");
  const auto tcb = evaluate_tcb(input, platform.tcb_info, platform.qe_identity);
  if (!tcb) {
    findings.refuse(Stage::policy, Error(tcb.error()));
    return ar4si::contraindicated;
  }
  tell_tcb(*tcb, section, a);
  if (!judge_status(*tcb, policy, section, a, findings)) return ar4si::contraindicated;
  if (platform.simulated) return ar4si::hardware_none;
  return tcb->status >= TcbStatus::td_relaunch_advised ? ar4si::hardware_unsafe : ar4si::hardware_genuine;
}

}  // namespace seatls::appraise::intel
