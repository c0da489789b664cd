#include "appraise/schemes/result/appraise.h"

#include <algorithm>

namespace seatls::appraise::result {
namespace {

void judge_submods(const rats::EarClaims& ear, const Context& context, Findings& findings) {
  for (const auto& wanted : context.policy.result.submods)
    if (std::ranges::find(ear.submods, wanted, &rats::EarAppraisal::submod) == ear.submods.end())
      findings.refuse(Stage::policy, Code::reference_mismatch,
                      "\"" + wanted + "\" is missing; result.submods demands it", "ear > submods");
}

// combine takes, for each claim, the worst that any submod asserts.
TrustVector combine(const rats::EarClaims& ear) {
  TrustVector out;
  for (const auto& submod : ear.submods) {
    if (!submod.vector) continue;
    for (std::size_t i = 0; i < trust_claim_count; ++i) {
      const std::int8_t value = submod.vector->value[i];
      if (value != 0 &&
          (out.value[i] == 0 || worse(tier_of(value), tier_of(out.value[i])) != tier_of(out.value[i])))
        out.value[i] = value;
    }
  }
  return out;
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& s : list) out += (out.empty() ? "" : ", ") + s;
  return out;
}

}  // namespace

Assessment appraise(const VerifiedClaims& verified, const Context& context, Findings& findings) {
  const rats::EarClaims& ear = verified->ear;
  Assessment a;
  judge_submods(ear, context, findings);
  a.vector = combine(ear);
  // A verifier may leave the vector out; its status then stands alone.
  a.tier = a.vector == TrustVector{} ? ear.worst_status() : worse(ear.worst_status(), a.vector.worst());
  a.valid_until = verified->valid_until;
  if (ear.kek) a.kek = ear.kek->spki();
  if (context.policy.danger.allow_unbound_result) a.dangers.emplace_back("allow_unbound_result");
  if (verified->bound) {
    // The verifier says whose key it is; what that rests on is between it and the evidence.
    a.key = KeyProvenance::measured;
    judge_key(a.key, demanded_key(context.policy, std::nullopt, KeyProvenance::measured), context,
              "ear > cnf", findings, a.dangers, "a result tells no more about its key");
  }
  a.claims = {{"ear.verifier", verified->verifier},
              {"ear.profile", ear.profile},
              {"ear.status", std::string(name(ear.worst_status()))},
              {"ear.iat", std::to_string(ear.iat)}};
  if (!ear.developer.empty()) a.claims.emplace_back("ear.verifier_id", ear.developer + " " + ear.build);
  for (const auto& submod : ear.submods) {
    a.claims.emplace_back("ear.submods." + submod.submod + ".status", std::string(name(submod.status)));
    if (!submod.policy_ids.empty())
      a.claims.emplace_back("ear.submods." + submod.submod + ".policy_ids", joined(submod.policy_ids));
  }
  return a;
}

void foresee(const ParsedResult& result, const Context& context, Findings& findings) {
  judge_submods(result->unverified_claims(), context, findings);
}

}  // namespace seatls::appraise::result
