#include "reattest/compare.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace seatls::reattest {
namespace {

// The first value of a name counts for all: appraisal gives every claim once.
using ByName = std::map<std::string_view, std::string_view>;

ByName by_name(const AttestationResult& result) {
  ByName out;
  for (const auto& [name, value] : result->claims) out.emplace(name, value);
  return out;
}

bool covers(const std::string& pattern, std::string_view name) {
  if (pattern.ends_with(".*"))
    return name.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
  return name == pattern;
}

Error changed(Code code, std::string_view what, std::string_view first, std::string_view later) {
  const auto shown = [](std::string_view v) { return v.empty() ? "absent" : "\"" + std::string(v) + "\""; };
  return {
      code,
      std::string(what) + " was " + shown(first) + " in the first evidence and is " + shown(later) + " now",
      "claims"};
}

std::string joined(const std::vector<std::string>& values) {
  std::string out;
  for (const auto& v : std::set<std::string>(values.begin(), values.end()))
    out += (out.empty() ? "" : ", ") + v;
  return out;
}

}  // namespace

Result<void> still_the_same(const AttestationResult& first, const AttestationResult& later,
                            const std::vector<std::string>& may_change) {
  if (first->scheme != later->scheme)
    return changed(Code::evidence_inconsistent, "the scheme", first->scheme, later->scheme);
  if (const auto a = joined(first->instance), b = joined(later->instance); a != b)
    return changed(Code::instance_mismatch, "the instance", a, b);
  if (later->key < first->key)
    return changed(Code::key_unproven, "the provenance of the key", name(first->key), name(later->key));

  const ByName before = by_name(first), after = by_name(later);
  const auto differs = [&](std::string_view claim, std::string_view a, std::string_view b) {
    return a != b && std::ranges::none_of(may_change, [&](const auto& p) { return covers(p, claim); });
  };
  for (const auto& [claim, value] : before) {
    const auto found = after.find(claim);
    const auto now = found == after.end() ? std::string_view() : found->second;
    if (differs(claim, value, now)) return changed(Code::reference_mismatch, claim, value, now);
  }
  for (const auto& [claim, value] : after)
    if (!before.contains(claim) && differs(claim, {}, value))
      return changed(Code::reference_mismatch, claim, {}, value);
  return {};
}

Result<void> has_claims(const AttestationResult& result, const Claims& claims) {
  const ByName has = by_name(result);
  for (const auto& [claim, wanted] : claims) {
    const auto found = has.find(claim);
    if (found != has.end() && found->second == wanted) continue;
    std::string detail = claim;
    detail.append(" is demanded to be \"").append(wanted).append("\" and is ");
    if (found == has.end()) {
      detail.append("absent");
    } else {
      detail.append("\"").append(found->second).append("\"");
    }
    return Error{Code::reference_mismatch, std::move(detail), "claims"};
  }
  return {};
}

}  // namespace seatls::reattest
