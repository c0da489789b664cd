#include "service/judge.h"

#include <algorithm>

#include "appraise/policy_alone.h"
#include "rats/media_type.h"

namespace seatls::service {

const Bench::Seat* Bench::find(const AttestationScheme& scheme) const {
  const auto found = std::ranges::find(seats, scheme, &Seat::scheme);
  return found == seats.end() ? nullptr : &*found;
}

std::vector<std::string> Bench::media_types() const {
  std::vector<std::string> out = {"application/cmw+cbor", "application/cmw+json"};
  for (const auto& seat : seats) {
    const auto& type = std::get<EvidenceType>(seat.scheme.argument);
    std::optional<std::string> name;
    if (const auto* media = std::get_if<MediaType>(&type))
      name = media->name;
    else
      name = rats::media_type_of(std::get<ContentFormat>(type).id);
    if (name && std::ranges::find(out, *name) == out.end()) out.push_back(std::move(*name));
  }
  return out;
}

Result<Policy> Judge::check_policy(const std::string& text, const std::string& id) {
  auto report = appraise::check_policy_alone(text, id);
  if (report.policy) {
    report.policy->id = id;
    return std::move(*report.policy);
  }
  std::string all;
  for (const auto& m : report.mistakes) all += (all.empty() ? "" : "\n") + m.message();
  return Error{Code::configuration, all, id};
}

// Whoever submits a document that nobody signed is an administrator, and could as well write its values into
// a policy: its digest stands for it.
Result<CorimReference> Judge::check_endorsement(const Endorsement& endorsement) const {
  SEATLS_TRY(const auto type, rats::parse_media_type(endorsement.type));
  if (type.type == "application/rim+cbor")
    return CorimReference::pinned(endorsement.document, endorsement.digest);
  return CorimReference::verified_by(endorsement.document, options_.corim_keys);
}

Result<std::shared_ptr<const Bench>> Judge::made() const {
  SEATLS_TRY(const auto judging, store_->judging());
  std::vector<Policy> policies = options_.policies;
  for (const auto& kept : judging.policies) {
    SEATLS_TRY(auto policy, check_policy(kept.text, kept.name + "@" + std::to_string(kept.version)));
    policies.push_back(std::move(policy));
  }
  for (const auto& endorsement : judging.endorsements) {
    // One that cannot be used any more accepts nothing: evidence is refused for want of it.
    const auto reference = check_endorsement(endorsement);
    if (!reference) continue;
    for (auto& policy : policies) policy.corim.push_back(*reference);
  }

  auto bench = std::make_shared<Bench>();
  bench->revision = judging.revision;
  std::vector<std::string> names;
  for (const auto& policy : policies)
    for (const auto& name : policy.schemes)
      if (name != "result" && std::ranges::find(names, name) == names.end()) names.push_back(name);
  for (const auto& name : names) {
    auto type = options_.local.table.find(name);
    if (!type) continue;  // make_*_verifier refuses a policy with such a scheme
    Bench::Seat seat{{std::move(*type)}, name, nullptr, {}};
    std::vector<Policy> judges;
    for (const auto& policy : policies)
      if (std::ranges::find(policy.schemes, name) != policy.schemes.end()) {
        seat.policies.push_back(policy.id);
        judges.push_back(policy);
      }
    if (options_.collateral) {
      SEATLS_TRY(seat.verifier,
                 make_collateral_verifier(std::move(judges), options_.local, *options_.collateral));
    } else {
      SEATLS_TRY(seat.verifier, make_local_verifier(std::move(judges), options_.local));
    }
    bench->seats.push_back(std::move(seat));
  }
  return std::shared_ptr<const Bench>(std::move(bench));
}

Result<std::shared_ptr<const Bench>> Judge::bench(std::uint64_t at_least) {
  const std::scoped_lock lock(mutex_);
  if (current_ && current_->revision >= at_least) return current_;
  SEATLS_TRY(current_, made());
  return current_;
}

void Judge::drop() {
  const std::scoped_lock lock(mutex_);
  current_.reset();
}

}  // namespace seatls::service
