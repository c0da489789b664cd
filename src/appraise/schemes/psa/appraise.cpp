#include "appraise/schemes/psa/appraise.h"

#include "appraise/ar4si.h"
#include "appraise/schemes/arm/corim.h"
#include "appraise/schemes/arm/judge.h"
#include "base/encoding.h"

namespace seatls::appraise::psa {
namespace {

// with_corim returns the section of the policy with what it leaves to CoRIM documents filled in; nothing
// where there is no document.
std::optional<PsaPolicy> with_corim(const Token& t, const Context& context, Findings& findings) {
  if (context.policy.corim.empty()) return std::nullopt;
  PsaPolicy policy = context.policy.psa;
  auto claims = arm::component_claims(t.components, &policy.components, "psa.components");
  for (auto& claim : arm::signer_claims(t.components, &policy.signers, "psa.signers"))
    claims.push_back(std::move(claim));
  take_from_corim(arm::device_state(t.implementation_id, t.instance_id, t.components, "psa"), claims, context,
                  "psa > sw-components", findings);
  return policy;
}

class Judge {
 public:
  Judge(const Token& token, bool simulated, const Context& context, Findings& findings)
      : t_(token),
        simulated_(simulated),
        from_corim_(with_corim(token, context, findings)),
        policy_(from_corim_ ? *from_corim_ : context.policy.psa),
        context_(context),
        findings_(findings) {}

  Assessment judge() {
    a_.vector[TrustClaim::instance_identity] = ar4si::instance_recognized;
    judge_hardware(simulated_, a_);
    a_.vector[TrustClaim::configuration] = ar4si::configuration_approved;
    if (judge_named("psa.implementation_id", policy_.implementation_id, t_.implementation_id,
                    "psa > implementation-id", findings_, a_.dangers) == Met::refused)
      a_.vector[TrustClaim::hardware] = ar4si::contraindicated;
    if (arm::judge_lifecycle(t_.lifecycle, context_, "psa > lifecycle", findings_, a_.dangers))
      a_.vector[TrustClaim::hardware] = ar4si::contraindicated;
    judge_software();
    judge_client();
    judge_key(a_.key, demanded_key(context_.policy, policy_.key, KeyProvenance::measured), context_,
              "psa > sw-components", findings_, a_.dangers,
              a_.key == KeyProvenance::none
                  ? "it rests on the measured software, for which no value in psa.components or psa.signers "
                    "vouches"
                  : "the binder names the key; where it was made rests on the measured software");
    return std::move(a_);
  }

 private:
  void refuse(TrustClaim claim, Code code, std::string detail, std::string path) {
    a_.vector[claim] = ar4si::contraindicated;
    findings_.refuse(Stage::policy, code, std::move(detail), std::move(path));
  }

  // Software is named by what it is, or by who signed it.
  void judge_software() {
    if (!policy_.components.is_set() && !policy_.signers.is_set())
      return refuse(TrustClaim::executables, Code::policy_unset,
                    "psa.components and psa.signers accept no value", "psa > sw-components");
    if (t_.components.empty() && (is_listed(policy_.components) || is_listed(policy_.signers)))
      return refuse(TrustClaim::executables, Code::reference_mismatch, "the token measures no software",
                    "psa > sw-components");
    const bool measured = all("psa.components", policy_.components, &arm::Component::value);
    const bool by_signer = all("psa.signers", policy_.signers, &arm::Component::signer_id);
    if ((!measured && !by_signer) || a_.vector[TrustClaim::executables] != 0) return;
    a_.vector[TrustClaim::executables] = ar4si::executables_approved_at_boot;
    a_.key = KeyProvenance::measured;
  }

  static bool is_listed(const Expect<Bytes>& expected) { return expected.is_set() && !expected.is_any(); }

  // all tells whether every component is one that the policy lists.
  bool all(const std::string& key, const Expect<Bytes>& expected, Bytes arm::Component::*field) {
    bool listed = is_listed(expected);
    for (std::size_t i = 0; i < t_.components.size() && expected.is_set(); ++i) {
      const auto& component = t_.components[i];
      const Met met = judge_named(key, expected, component.*field,
                                  "psa > sw-components[" + std::to_string(i) + "] " + component.type,
                                  findings_, a_.dangers);
      if (met == Met::refused) a_.vector[TrustClaim::executables] = ar4si::contraindicated;
      listed = listed && met == Met::listed;
    }
    return listed;
  }

  // Any caller on the device gets tokens: who asked for this one counts.
  void judge_client() {
    const auto& expected = policy_.client_id;
    if (!expected.is_set())
      refuse(TrustClaim::configuration, Code::policy_unset, "psa.client_id accepts no caller",
             "psa > client-id");
    else if (expected.is_any())
      a_.dangers.emplace_back("expect.any: psa.client_id");
    else if (!expected.accepts(t_.client_id))
      refuse(TrustClaim::configuration, Code::reference_mismatch,
             "is " + std::to_string(t_.client_id) + "; psa.client_id does not accept it", "psa > client-id");
  }

  const Token& t_;
  const bool simulated_;
  const std::optional<PsaPolicy> from_corim_;
  const PsaPolicy& policy_;
  const Context& context_;
  Findings& findings_;
  Assessment a_;
};

}  // namespace

Assessment appraise(const VerifiedClaims& verified, const Context& context, Findings& findings) {
  const Token& t = verified->token;
  Assessment a = Judge(t, verified->iak.simulated, context, findings).judge();
  a.fingerprint = verified->fingerprint;
  a.instance = {"ueid:" + base::to_hex(t.instance_id), "ak:" + verified->iak.key};
  a.claims = {{"psa.profile", t.profile},
              {"psa.instance_id", base::to_hex(t.instance_id)},
              {"psa.implementation_id", base::to_hex(t.implementation_id)},
              {"psa.lifecycle", std::string(arm::name_of(t.lifecycle))},
              {"psa.client_id", std::to_string(t.client_id)},
              {"psa.iak", verified->iak.key},
              {"psa.key_binding", "through the binder"}};
  if (!t.boot_seed.empty()) a.claims.emplace_back("psa.boot_seed", base::to_hex(t.boot_seed));
  if (!t.certification_reference.empty())
    a.claims.emplace_back("psa.certification_reference", t.certification_reference);
  arm::tell_components(t.components, "psa", a);
  return a;
}

void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings) {
  (void)Judge(*evidence, false, context, findings).judge();
}

}  // namespace seatls::appraise::psa
