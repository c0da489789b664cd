#include "appraise/schemes/nitro/appraise.h"

#include <algorithm>

#include "appraise/ar4si.h"
#include "base/encoding.h"

namespace seatls::appraise::nitro {
namespace {

// PCRs 0 to 2 measure the image, its kernel and its application; 3 is the parent's role, 4 the parent,
// 8 the image's signer.
TrustClaim claim_of(unsigned pcr) { return pcr <= 2 ? TrustClaim::executables : TrustClaim::configuration; }

std::string pcr_key(unsigned pcr) { return "nitro.pcrs." + std::to_string(pcr); }

class Judge {
 public:
  Judge(const Claims& claims, const Context& context, Findings& findings)
      : c_(claims), policy_(context.policy.nitro), context_(context), findings_(findings) {}

  Assessment judge() {
    a_.vector[TrustClaim::instance_identity] = ar4si::instance_recognized;
    judge_hardware(c_.simulated, a_);
    a_.vector[TrustClaim::runtime_opaque] = c_.simulated ? std::int8_t{0} : ar4si::memory_opaque;
    if (policy_.pcrs.empty())
      findings_.refuse(Stage::policy, Code::policy_unset, "nitro.pcrs judges no PCR", "nitro > pcrs");
    for (const auto& [pcr, expected] : policy_.pcrs) judge_pcr(pcr, expected);
    if (judge_debug(c_.debug, "PCRs 0 to 2 hold nothing: the enclave was started in debug mode", context_,
                    "nitro > pcrs", findings_, a_.dangers))
      a_.vector[TrustClaim::configuration] = ar4si::contraindicated;
    judge_user_data();
    // The image is measured whole by PCR 0, and in two parts by PCRs 1 and 2.
    const bool measured = matched(0) || (matched(1) && matched(2));
    a_.key = measured && !c_.debug ? KeyProvenance::measured : KeyProvenance::none;
    judge_key(a_.key, demanded_key(context_.policy, policy_.key, KeyProvenance::measured), context_,
              "nitro > pcrs", findings_, a_.dangers,
              measured
                  ? "the binder names the key; where it was made rests on the measured image"
                  : "it rests on the image, which neither PCR 0 nor PCRs 1 and 2 in nitro.pcrs vouch for");
    return std::move(a_);
  }

 private:
  [[nodiscard]] bool matched(unsigned pcr) const {
    const auto expected = policy_.pcrs.find(pcr);
    const auto value = c_.pcrs.find(pcr);
    return expected != policy_.pcrs.end() && value != c_.pcrs.end() && !expected->second.is_any() &&
           expected->second.accepts(value->second);
  }

  void refuse(TrustClaim claim, Code code, std::string detail, std::string path) {
    a_.vector[claim] = ar4si::contraindicated;
    findings_.refuse(Stage::policy, code, std::move(detail), std::move(path));
  }

  void judge_pcr(unsigned pcr, const Expect<Bytes>& expected) {
    const std::string path = "nitro > pcrs[" + std::to_string(pcr) + "]";
    const TrustClaim claim = claim_of(pcr);
    const auto value = c_.pcrs.find(pcr);
    if (expected.is_set() && value == c_.pcrs.end())
      return refuse(claim, Code::reference_mismatch, "is not in the document; " + pcr_key(pcr) + " judges it",
                    path);
    const Met met = judge_named(pcr_key(pcr), expected, value == c_.pcrs.end() ? ByteView() : value->second,
                                path, findings_, a_.dangers);
    if (met == Met::refused)
      a_.vector[claim] = ar4si::contraindicated;
    else if (met == Met::listed && a_.vector[claim] == 0)
      a_.vector[claim] = claim == TrustClaim::executables ? ar4si::executables_approved_at_boot
                                                          : ar4si::configuration_approved;
  }

  void judge_user_data() {
    const auto& expected = policy_.user_data;
    if (expected.is_any()) {
      a_.dangers.emplace_back("expect.any: nitro.user_data");
    } else if (!expected.is_set()) {
      if (!c_.user_data.empty())
        refuse(TrustClaim::configuration, Code::policy_unset,
               "is " + base::to_hex(c_.user_data) + ", and nitro.user_data accepts nothing",
               "nitro > user_data");
    } else if (!expected.accepts(c_.user_data)) {
      refuse(TrustClaim::configuration, Code::reference_mismatch,
             "is " + base::to_hex(c_.user_data) + ", which nitro.user_data does not accept",
             "nitro > user_data");
    }
  }

  const Claims& c_;
  const NitroPolicy& policy_;
  const Context& context_;
  Findings& findings_;
  Assessment a_;
};

}  // namespace

Assessment appraise(const VerifiedClaims& verified, const Context& context, Findings& findings) {
  const Claims& c = *verified;
  Assessment a = Judge(c, context, findings).judge();
  a.fingerprint = c.fingerprint;
  // "i-0bee92034f3d60691-enc01943c5eaab3ad6a": the parent instance, and the enclave in it.
  const auto parent = c.module_id.substr(0, c.module_id.find("-enc"));
  a.instance = {"instance_id:" + parent, "module_id:" + c.module_id};
  a.claims = {{"nitro.module_id", c.module_id},
              {"nitro.instance_id", parent},
              {"nitro.root", c.root},
              {"nitro.debug", c.debug ? "true" : "false"},
              {"nitro.key_binding", c.names_key ? "public_key and the binder" : "through the binder"}};
  if (!c.user_data.empty()) a.claims.emplace_back("nitro.user_data", base::to_hex(c.user_data));
  for (const auto& [pcr, value] : c.pcrs) a.claims.emplace_back(pcr_key(pcr), base::to_hex(value));
  return a;
}

void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings) {
  (void)Judge(claims_of(*evidence), context, findings).judge();
}

}  // namespace seatls::appraise::nitro
