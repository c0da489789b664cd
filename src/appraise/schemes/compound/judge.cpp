#include "appraise/schemes/compound/judge.h"

#include <algorithm>
#include <optional>

#include "appraise/ar4si.h"
#include "appraise/parts.h"
#include "appraise/registry.h"
#include "appraise/schemes/compound/parse.h"

namespace seatls::appraise::compound {
namespace {

// Part is what became of one.
struct Part {
  std::string_view scheme;
  std::optional<Assessment> assessment;  // none: it did not verify
  bool refused = false;
};

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

class Judge {
 public:
  Judge(const Evidence& evidence, const Context& context, Findings& findings)
      : evidence_(evidence), policy_(context.policy.compound), context_(context), findings_(findings) {}

  std::optional<Assessment> judge() {
    judge_labels();
    for (const bool hanging : {false, true})
      for (const auto& [label, rule] : policy_.parts)
        if (rule.of.has_value() == hanging && evidence_.parts.contains(label))
          parts_[label] = judge_part(label, rule);
    refuse_repeats();
    return whole();
  }

 private:
  void judge_labels() {
    if (policy_.parts.empty())
      findings_.refuse(Stage::policy, Code::policy_unset, "compound.parts names no part");
    for (const auto& [label, rule] : policy_.parts)
      if (!evidence_.parts.contains(label))
        findings_.refuse(Stage::type, Code::evidence_missing,
                         "compound.parts." + label + " demands it: " + listed(rule.schemes), label);
    for (const auto& [label, part] : evidence_.parts)
      if (!policy_.parts.contains(label))
        findings_.refuse(Stage::type, Code::credential_type_mismatch,
                         "is a part that compound.parts does not name", label);
  }

  // scheme_of returns the part's scheme when the policy accepts it for this label.
  const Scheme* scheme_of(const CmwRecord& record, const CompoundPart& rule, Findings& findings) const {
    const auto name = context_.table == nullptr ? std::nullopt : context_.table->name_of(record.type);
    const Scheme* scheme = name ? find_scheme(*name) : nullptr;
    // A policy cannot name these for a part; a part is never judged by them.
    const bool evidence = scheme != nullptr && !scheme->is_result && scheme->name != "compound";
    if (evidence && std::ranges::find(rule.schemes, *name) != rule.schemes.end()) return scheme;
    findings.refuse(Stage::type, Code::scheme_below_policy,
                    "is " + describe({record.type}) + (name ? ", of scheme \"" + *name + "\"" : "") +
                        "; the policy accepts here: " + listed(rule.schemes));
    return nullptr;
  }

  Part judge_part(const std::string& label, const CompoundPart& rule) {
    const Cmw& credential = evidence_.parts.at(label);
    Findings findings;
    Part part;
    if (const auto stated = credential.record()->indicator;
        stated != 0 && (stated & cmw_indicator::evidence) == 0)
      findings.refuse(Stage::type, Code::credential_type_mismatch,
                      "the indicator " + std::to_string(stated) + " does not say evidence (4)", "cmw > type");
    if (const Scheme* scheme = scheme_of(*credential.record(), rule, findings)) {
      part.scheme = scheme->name;
      Context context = context_;
      if (rule.of) context.voucher = verified(*rule.of);
      if (is_explained(label)) context.explained = &context_.policy.event_log.events;
      part.assessment = scheme->judge(credential, context, findings);
    }
    part.refused = findings.refused();
    findings_.take(label, std::move(findings));
    return part;
  }

  [[nodiscard]] const Assessment* verified(const std::string& label) const {
    const auto part = parts_.find(label);
    return part == parts_.end() || !part->second.assessment ? nullptr : &*part->second.assessment;
  }

  // is_explained tells whether the policy demands a log of this part, whose events it judges.
  [[nodiscard]] bool is_explained(const std::string& label) const {
    return std::ranges::any_of(policy_.parts, [&](const auto& p) { return p.second.of == label; });
  }

  // Two parts are two attesters: one that speaks twice vouches for nothing that it does not vouch for once.
  void refuse_repeats() {
    std::map<Bytes, std::string> seen;
    for (const auto& [label, part] : parts_) {
      if (!part.assessment) continue;
      const auto [first, fresh] = seen.emplace(part.assessment->fingerprint, label);
      if (!fresh)
        findings_.refuse(Stage::reuse, Code::evidence_reused,
                         "is the very evidence of the part \"" + first->second + "\"", label);
    }
  }

  std::optional<Assessment> whole() {
    std::optional<Assessment> whole;
    std::vector<ByteView> fingerprints;
    for (auto& [label, part] : parts_) {
      if (!part.assessment) return std::nullopt;
      Assessment& a = *part.assessment;
      fingerprints.emplace_back(a.fingerprint);
      if (!whole) {
        whole.emplace();
        whole->vector = a.vector;
        whole->speaks_of_key = false;
        if (!evidence_.type.empty()) whole->claims.emplace_back("compound.type", evidence_.type);
      }
      add(*whole, label, part);
    }
    if (whole) whole->fingerprint = name_of_parts(fingerprints);
    return whole;
  }

  void add(Assessment& whole, const std::string& label, Part& part) {
    Assessment& a = *part.assessment;
    whole.vector = ar4si::worse(whole.vector, a.vector);
    const Tier tier = part.refused ? Tier::contraindicated : a.tier.value_or(a.vector.worst());
    whole.submods.push_back({label, std::string(part.scheme), tier, a.vector});
    if (a.speaks_of_key) whole.key = whole.speaks_of_key ? std::min(whole.key, a.key) : a.key;
    whole.speaks_of_key = whole.speaks_of_key || a.speaks_of_key;
    for (auto& [name, value] : a.claims) whole.claims.emplace_back(label + "." + name, std::move(value));
    for (const auto& id : a.instance)
      if (std::ranges::find(whole.instance, id) == whole.instance.end()) whole.instance.push_back(id);
    for (const auto& danger : a.dangers)
      if (std::ranges::find(whole.dangers, danger) == whole.dangers.end()) whole.dangers.push_back(danger);
    if (a.valid_until && (!whole.valid_until || *a.valid_until < *whole.valid_until))
      whole.valid_until = a.valid_until;
    if (a.kek && whole.kek && *a.kek != *whole.kek)
      findings_.refuse(Stage::key, Code::evidence_inconsistent, "names another keK than a part before it",
                       label);
    if (a.kek) whole.kek = a.kek;
  }

  const Evidence& evidence_;
  const CompoundPolicy& policy_;
  const Context& context_;
  Findings& findings_;
  std::map<std::string, Part> parts_;
};

}  // namespace

std::optional<Assessment> judge(const Cmw& credential, const Context& context, Findings& findings) {
  auto parsed = parse(credential);
  if (!parsed) {
    findings.refuse(Stage::parse, as_malformed(std::move(parsed).error()));
    return std::nullopt;
  }
  return Judge(**parsed, context, findings).judge();
}

}  // namespace seatls::appraise::compound
