#include "appraise/pipeline.h"

#include <algorithm>
#include <optional>

#include "appraise/ar4si.h"
#include "appraise/mint.h"
#include "appraise/registry.h"
#include "rats/ear.h"
#include "rats/media_type.h"

namespace seatls::appraise {

namespace {

std::string describe_type(const EvidenceType& type) {
  return describe(AttestationScheme{type}).substr(std::string_view("evidence ").size());
}

EvidenceType type_of(const Cmw& credential) {
  if (const auto* record = credential.record()) return record->type;
  return ContentFormat{credential.form() == CmwForm::json ? rats::content_format::cmw_json
                                                          : rats::content_format::cmw_cbor};
}

// check_type demands the negotiated type, byte for byte, and that a stated indicator does not deny what
// was negotiated (attack D07).
void check_type(const Job& job, Findings& findings) {
  const auto mismatch = [&](std::string detail) {
    findings.refuse(Stage::type, Code::credential_type_mismatch, std::move(detail), "cmw > type");
  };
  const auto type = type_of(job.credential);
  const auto* negotiated = std::get_if<EvidenceType>(&job.scheme.argument);
  if (negotiated != nullptr && type != *negotiated)
    mismatch("is " + describe_type(type) + "; " + describe_type(*negotiated) + " was negotiated");
  if (negotiated == nullptr && (job.credential.record() == nullptr || !rats::token_form_of(type)))
    mismatch("is " + describe_type(type) +
             "; a result is an EAT (application/eat+jwt or application/eat+cwt)");
  const auto stated = job.credential.record() == nullptr ? 0 : job.credential.record()->indicator;
  const auto demanded = negotiated != nullptr ? cmw_indicator::evidence : cmw_indicator::attestation_results;
  if (stated != 0 && (stated & demanded) == 0)
    mismatch("the indicator " + std::to_string(stated) + " does not say " +
             (negotiated != nullptr ? "evidence (4)" : "attestation results (8)"));
}

// scheme_of returns the scheme that the policy accepts for what was negotiated.
const Scheme* scheme_of(const Job& job, Findings& findings) {
  const auto* type = std::get_if<EvidenceType>(&job.scheme.argument);
  const std::string name = type == nullptr ? "result" : job.table.name_of(*type).value_or("");
  const Scheme* scheme = find_scheme(name);
  const auto& accepted = job.context.policy.schemes;
  if (scheme != nullptr && std::ranges::find(accepted, name) != accepted.end()) return scheme;
  findings.refuse(Stage::type, Code::scheme_below_policy,
                  describe(job.scheme) + (scheme == nullptr ? " is of no known scheme"
                                                            : ": schemes does not name \"" + name + "\""));
  return nullptr;
}

void check_size(const Job& job, Findings& findings) {
  std::size_t size = 0;
  if (const auto* record = job.credential.record()) size = record->value.size();
  if (const auto* collection = job.credential.collection())
    for (const auto& [label, part] : collection->entries)
      if (const auto* record = part.record()) size += record->value.size();
  if (size > job.largest)
    findings.refuse(
        Stage::parse, Code::evidence_malformed,
        "has " + std::to_string(size) + " bytes; at most " + std::to_string(job.largest) + " are read",
        "cmw > value");
}

void judge_instance(const Assessment& a, const Context& context, Findings& findings) {
  const auto& pins = context.policy.machine;
  if (pins.empty() || std::ranges::any_of(a.instance, [&](const auto& id) {
        return std::ranges::find(pins, id) != pins.end();
      }))
    return;
  std::string shown;
  for (const auto& id : a.instance) shown += (shown.empty() ? "" : ", ") + id;
  findings.refuse(
      Stage::policy, Code::instance_mismatch,
      "comes from " + (shown.empty() ? "an unnamed instance" : shown) + ", which machine.id does not name");
}

AttestationResult conclude(const Job& job, const Scheme* scheme, std::optional<Assessment> assessment,
                           const Findings& findings) {
  ResultParts parts;
  parts.scheme = scheme == nullptr ? "" : scheme->name;
  const bool passport = job.scheme.is_result();
  parts.model = passport ? ConveyanceModel::passport : ConveyanceModel::background_check;
  parts.freshness = passport ? Freshness::lifetime : Freshness::binder;
  if (!job.context.policy.id.empty()) parts.policy_ids = {job.context.policy.id};
  parts.evidence_digest = bytes(job.digest);
  if (!passport) parts.binder = bytes(job.context.binder);
  parts.appraised_at = job.context.now;
  parts.dangers = job.dangers;
  return ResultMint::mint(std::move(parts), std::move(assessment), findings);
}

// add makes one result of two about the same credential: nothing in it is better than in either.
void add(ResultParts& all, ResultParts next) {
  const auto append = [](auto& list, auto more) {
    for (auto& entry : more)
      if (std::ranges::find(list, entry) == list.end()) list.push_back(std::move(entry));
  };
  all.tier = seatls::worse(all.tier, next.tier);
  all.vector = ar4si::worse(all.vector, next.vector);
  all.key = std::min(all.key, next.key);
  append(all.reasons, std::move(next.reasons));
  append(all.claims, std::move(next.claims));
  append(all.dangers, std::move(next.dangers));
  append(all.policy_ids, std::move(next.policy_ids));
  for (auto& submod : next.submods) {
    const auto same = std::ranges::find(all.submods, submod.label, &ResultSubmod::label);
    if (same == all.submods.end()) {
      all.submods.push_back(std::move(submod));
    } else {
      same->tier = seatls::worse(same->tier, submod.tier);
      same->vector = ar4si::worse(same->vector, submod.vector);
    }
  }
  if (next.valid_until && (!all.valid_until || *next.valid_until < *all.valid_until))
    all.valid_until = next.valid_until;
}

}  // namespace

Job job_of(const AppraisalRequest& request, const LocalVerifierOptions& options, const Policy& policy,
           Time now) {
  const auto* identity = std::get_if<VerifierIdentity>(&request.scheme.argument);
  const bool keyless = request.binder.tik().der().empty();
  Job job{.scheme = request.scheme,
          .table = options.table,
          .credential = request.credential,
          .digest = request.credential_digest,
          .context = {policy, request.binder.bytes(), keyless ? nullptr : &request.binder.tik(),
                      identity == nullptr ? "" : identity->name, now},
          .cache = options.evidence_cache.get()};
  if (keyless) job.dangers.emplace_back("no key was given, and none was compared");
  return job;
}

AttestationResult run(const Job& job) {
  Findings findings;
  const Scheme* scheme = scheme_of(job, findings);
  check_type(job, findings);
  check_size(job, findings);
  if (findings.refused()) return conclude(job, scheme, std::nullopt, findings);

  for (const Error& error : job.missing) findings.refuse(Stage::trust, error);
  Context context = job.context;
  context.table = &job.table;
  auto assessment = scheme->judge(job.credential, context, findings);
  if (assessment) {
    judge_instance(*assessment, context, findings);
    // Evidence that cannot say anything of the key stands beside evidence that does, or proves nothing of it.
    if (!assessment->speaks_of_key)
      judge_key(KeyProvenance::none, demanded_key(context.policy, std::nullopt, KeyProvenance::proven),
                context, "", findings, assessment->dangers,
                "this evidence says nothing of the key; ask for a compound, with the evidence that does");
    // Only what verified is remembered: nobody can push it out of the cache with noise.
    if (job.cache != nullptr && !scheme->is_result && !job.cache->admit(assessment->fingerprint))
      findings.refuse(Stage::reuse, Code::evidence_reused, "make new evidence for every connection");
  }
  return conclude(job, scheme, std::move(assessment), findings);
}

AttestationResult run_all(const Job& job, std::span<const Policy> policies) {
  std::optional<ResultParts> all;
  for (const Policy& policy : policies) {
    // Repeats are looked for once: after that the evidence is known.
    ResultParts next = *run({.scheme = job.scheme,
                             .table = job.table,
                             .credential = job.credential,
                             .digest = job.digest,
                             .context = job.context.under(policy),
                             .cache = all ? nullptr : job.cache,
                             .largest = job.largest,
                             .dangers = job.dangers,
                             .missing = job.missing});
    if (policies.size() > 1)
      for (auto& reason : next.reasons)
        reason.detail += (reason.detail.empty() ? "by policy " : "; by policy ") + policy.id;
    if (all)
      add(*all, std::move(next));
    else
      all = std::move(next);
  }
  return ResultMint::mint(std::move(*all));
}

}  // namespace seatls::appraise
