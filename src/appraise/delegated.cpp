#include "appraise/delegated.h"

#include <algorithm>
#include <array>

#include "appraise/mint.h"
#include "appraise/pipeline.h"
#include "appraise/schemes/result/appraise.h"
#include "base/encoding.h"
#include "rats/media_type.h"

namespace seatls::appraise {
namespace {

std::string scheme_of(const AttestationScheme& scheme, const SchemeTable& table) {
  const auto* type = std::get_if<EvidenceType>(&scheme.argument);
  return type == nullptr ? "" : table.name_of(*type).value_or("");
}

// blank_policy accepts the credential's schemes and nothing that it says, so that every comparison with this
// connection is made on the way to the refusal.
Policy blank_policy(const AppraisalRequest& request, const SchemeTable& table) {
  Policy policy;
  policy.schemes = {scheme_of(request.scheme, table)};
  const auto* collection = request.credential.collection();
  if (collection == nullptr) return policy;
  for (const auto& [label, part] : collection->entries) {
    const auto* number = std::get_if<std::int64_t>(&label);
    const auto name = part.record() == nullptr ? std::nullopt : table.name_of(part.record()->type);
    policy.compound.parts[number == nullptr ? std::get<std::string>(label) : std::to_string(*number)]
        .schemes = {name.value_or("")};
  }
  return policy;
}

// What needs nobody's word. Everything else (who signed, what was measured) is the verifier's to judge.
bool is_compared_here(Code code) {
  constexpr std::array codes = {Code::credential_type_mismatch, Code::scheme_below_policy,
                                Code::evidence_malformed,       Code::binder_mismatch,
                                Code::nonce_ambiguous,          Code::tik_mismatch};
  return std::ranges::find(codes, code) != codes.end();
}

ResultParts about(const Delegation& d, Time now) {
  ResultParts parts;
  parts.scheme = scheme_of(d.request.scheme, d.table);
  parts.model = ConveyanceModel::background_check;
  parts.freshness = Freshness::binder;
  if (!d.policy.id.empty()) parts.policy_ids = {d.policy.id};
  parts.evidence_digest = d.request.credential_digest;
  parts.binder = bytes(d.request.binder.bytes());
  parts.appraised_at = now;
  parts.dangers = d.dangers;
  if (d.danger_unnamed_evidence) parts.dangers.emplace_back("allow_unnamed_evidence");
  return parts;
}

// The verifier answers for this connection, and for the evidence that it was sent: another session's result
// is not taken, however well it is signed (attack F05).
//= early-attestation#binder-whole-field
void compare_answer(const result::ParsedResult& result, const Delegation& d, Findings& findings) {
  const rats::EarClaims& ear = result->unverified_claims();
  if (!rats::is_single_nonce(ear.nonces, result->form(), d.request.binder.bytes()))
    findings.refuse(Stage::binder, Code::binder_mismatch,
                    ear.nonces.empty()
                        ? "is missing: the result answers no question of this endpoint"
                        : "is not the binder of this connection, which was the session's nonce",
                    "ear > eat_nonce");
  const std::string place = "ear > seatls_evidence_digest";
  if (ear.evidence_digest && !constant_time_equal(*ear.evidence_digest, d.submitted))
    findings.refuse(Stage::binder, Code::evidence_inconsistent,
                    "is of other evidence: " + base::to_hex(*ear.evidence_digest) + "; submitted was " +
                        base::to_hex(d.submitted),
                    place);
  if (ear.evidence_digest) return;
  if (d.danger_unnamed_evidence)
    findings.note(Stage::binder, Code::evidence_missing, "the verifier does not say what it judged", place);
  else
    findings.refuse(Stage::binder, Code::evidence_missing,
                    "the verifier does not say what it judged; danger.allow_unnamed_evidence accepts that",
                    place);
}

// A verifier names a key where the evidence proves it, or was made over it alone (Decision 17). Where it
// names none, the binder does: it was derived from the peer's certificate, compared with the evidence here,
// and is what the result answers. A key that is named must be the peer's.
bool names_no_key(const rats::EarClaims& ear, const Spki& tik) {
  const auto key = crypto::PublicKey::from_spki(tik.der());
  const auto named = key ? ear.names(*key) : Result<bool>(key.error());
  return !named && named.error().code == Code::result_unbound;
}

// vouch says what such a result is worth for the key: as much as the measured software that had the binder
// signed.
void vouch(Assessment& a, const Delegation& d, const Context& context, Findings& findings) {
  // Nobody measured what calls itself software evidence.
  const bool measured = scheme_of(d.request.scheme, d.table) != "software";
  a.key = measured ? KeyProvenance::measured : KeyProvenance::none;
  judge_key(a.key, demanded_key(context.policy, std::nullopt, a.key), context, "ear > cnf", findings,
            a.dangers, "the verifier names no key, and the binder alone tells no more about it");
}

std::optional<Assessment> judge(const Delegation& d, std::string_view ear, Time now, Findings& findings) {
  const auto parsed = result::parse(Cmw(CmwRecord{ContentFormat{rats::content_format::eat_jwt}, bytes(ear),
                                                  cmw_indicator::attestation_results}));
  if (!parsed) {
    findings.refuse(Stage::parse, as_malformed(parsed.error()));
    return std::nullopt;
  }
  const bool nameless = names_no_key((*parsed)->unverified_claims(), d.request.binder.tik());
  const Context context{d.policy, d.request.binder.bytes(), nameless ? nullptr : &d.request.binder.tik(),
                        d.verifier, now};
  compare_answer(*parsed, d, findings);
  if (const auto verified = result::verify(*parsed, context, findings)) {
    auto assessment = result::appraise(*verified, context, findings);
    if (nameless) vouch(assessment, d, context, findings);
    return assessment;
  }
  result::foresee(*parsed, context, findings);
  return std::nullopt;
}

}  // namespace

std::vector<Reason> objections_to(const AppraisalRequest& request, const SchemeTable& table, Time now) {
  const Policy policy = blank_policy(request, table);
  std::size_t met = 0;
  const auto result = run({.scheme = request.scheme,
                           .table = table,
                           .credential = request.credential,
                           .digest = request.credential_digest,
                           .context = {policy, request.binder.bytes(), &request.binder.tik(), "", now,
                                       nullptr, nullptr, nullptr, &met}});
  std::vector<Reason> objections = result->reasons;
  std::erase_if(objections, [](const Reason& r) { return !r.fatal || !is_compared_here(r.code); });
  if (objections.empty() && met == 0)
    objections.push_back(
        {Code::binder_mismatch, "no field of it could be compared with the binder", "", true});
  return objections;
}

AttestationResult refuse_delegation(const Delegation& d, std::vector<Reason> reasons, Time now) {
  ResultParts parts = about(d, now);
  parts.tier = Tier::contraindicated;
  parts.reasons = std::move(reasons);
  return ResultMint::mint(std::move(parts));
}

AttestationResult judge_delegated(const Delegation& d, std::string_view ear, Time now) {
  Findings findings;
  auto assessment = judge(d, ear, now, findings);
  return ResultMint::mint(about(d, now), std::move(assessment), findings);
}

}  // namespace seatls::appraise
