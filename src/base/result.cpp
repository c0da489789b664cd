#include "seatls/result.h"

#include <algorithm>

namespace seatls {
namespace {

constexpr std::array<std::string_view, trust_claim_count> kClaimNames = {
    "instance-identity", "configuration",  "executables",    "file-system",
    "hardware",          "runtime-opaque", "storage-opaque", "sourced-data"};

// severity orders tiers for `worse`; their numbers are those of the wire.
int severity(Tier tier) {
  switch (tier) {
    case Tier::affirming: return 0;
    case Tier::none: return 1;
    case Tier::warning: return 2;
    case Tier::contraindicated: return 3;
  }
  return 3;
}

}  // namespace

std::string_view name(Tier tier) {
  switch (tier) {
    case Tier::none: return "none";
    case Tier::affirming: return "affirming";
    case Tier::warning: return "warning";
    case Tier::contraindicated: return "contraindicated";
  }
  return "?";
}

std::optional<Tier> tier_from_name(std::string_view wanted) {
  for (const Tier tier : {Tier::none, Tier::affirming, Tier::warning, Tier::contraindicated})
    if (name(tier) == wanted) return tier;
  return std::nullopt;
}

//= draft-ietf-rats-ar4si#2.3.2 standard values are positive, those of a verifier's own negative
Tier tier_of(std::int8_t trust_claim) {
  if (trust_claim >= -1 && trust_claim <= 1) return Tier::none;
  if (trust_claim >= -32 && trust_claim <= 31) return Tier::affirming;
  if (trust_claim >= -96 && trust_claim <= 95) return Tier::warning;
  return Tier::contraindicated;
}

Tier worse(Tier a, Tier b) { return severity(a) >= severity(b) ? a : b; }

std::string_view name(TrustClaim claim) { return kClaimNames[static_cast<std::size_t>(claim)]; }

Tier TrustVector::worst() const {
  std::optional<Tier> found;
  for (const std::int8_t v : value)
    if (v != 0) found = found ? worse(*found, tier_of(v)) : tier_of(v);
  return found.value_or(Tier::none);
}

std::string policies_of(const ResultParts& result) {
  std::string all;
  for (const auto& id : result.policy_ids) all += (all.empty() ? "" : ", ") + id;
  return all;
}

std::string_view name(ConveyanceModel model) {
  return model == ConveyanceModel::passport ? "passport" : "background-check";
}

std::string_view name(KeyProvenance provenance) {
  switch (provenance) {
    case KeyProvenance::none: return "none";
    case KeyProvenance::measured: return "measured";
    case KeyProvenance::proven: return "proven";
  }
  return "?";
}

const Reason* AttestationResult::first_fatal() const {
  const auto found = std::ranges::find_if(parts_.reasons, [](const Reason& r) { return r.fatal; });
  return found == parts_.reasons.end() ? nullptr : &*found;
}

namespace danger {
AttestationResult result_from_parts(ResultParts parts) { return AttestationResult(std::move(parts)); }
}  // namespace danger

}  // namespace seatls
