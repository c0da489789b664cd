#include "rats/comid_match.h"

#include <algorithm>

#include "base/encoding.h"

namespace seatls::rats::comid {
namespace {

namespace cbor = codec::cbor;

template <class T>
bool equal(const std::optional<T>& condition, const std::optional<T>& actual) {
  return !condition || condition == actual;
}

std::string shown(const Digest& d) {
  const auto* number = std::get_if<std::int64_t>(&d.alg);
  return (number != nullptr ? "algorithm " + std::to_string(*number) : std::get<std::string>(d.alg)) + " " +
         base::to_hex(d.value);
}
std::string shown(const Digests& list) {
  std::string out;
  for (const Digest& d : list) out += (out.empty() ? "" : ", ") + shown(d);
  return out;
}
std::string shown(const RegisterId& id) {
  const auto* number = std::get_if<std::uint64_t>(&id);
  return number != nullptr ? std::to_string(*number) : "\"" + std::get<std::string>(id) + "\"";
}

// At least one algorithm is common to both, and every one that is common agrees: a weak algorithm that
// somebody broke does not stand in for a strong one.
bool satisfied(const Digests& condition, const Digests& actual) {
  bool common = false;
  for (const Digest& wanted : condition) {
    const auto found = std::ranges::find(actual, wanted.alg, &Digest::alg);
    if (found == actual.end()) continue;
    if (found->value != wanted.value) return false;
    common = true;
  }
  return common;
}

bool satisfied(const Svn& condition, const Svn& actual) {
  if (actual.minimum) return condition.minimum && actual.value == condition.value;
  return condition.minimum ? actual.value >= condition.value : actual.value == condition.value;
}

bool satisfied(const IntRange& condition, const IntRange& actual) {
  const bool above = !condition.least || (actual.least && *actual.least >= *condition.least);
  const bool below = !condition.most || (actual.most && *actual.most <= *condition.most);
  return above && below;
}

// What follows returns what differs, in the order of the code points.
using Difference = std::optional<std::string>;

template <class T>
Difference compare(std::string_view name, const std::optional<T>& condition, const std::optional<T>& actual) {
  if (!condition || (actual && satisfied(*condition, *actual))) return {};
  return std::string(name) + (actual ? " differs" : " is missing");
}

Difference compare_digests(const std::optional<Digests>& condition, const std::optional<Digests>& actual) {
  if (!condition || (actual && satisfied(*condition, *actual))) return {};
  return "digests: " + (actual ? shown(*actual) : "none") + "; the reference is " + shown(*condition);
}

Difference compare_registers(const Values& condition, const Values& actual) {
  for (const auto& [id, digests] : condition.integrity_registers) {
    const auto found = actual.integrity_registers.find(id);
    if (found == actual.integrity_registers.end()) return "register " + shown(id) + " is missing";
    if (!satisfied(digests, found->second))
      return "register " + shown(id) + ": " + shown(found->second) + "; the reference is " + shown(digests);
  }
  return {};
}

Difference compare_flags(const Values& condition, const Values& actual) {
  for (const auto& [flag, value] : condition.flags) {
    const auto found = actual.flags.find(flag);
    if (found == actual.flags.end() || found->second != value)
      return "flag " + std::to_string(flag) + (found == actual.flags.end() ? " is missing" : " differs");
  }
  return {};
}

Difference compare_keys(const Values& condition, const Values& actual) {
  const auto& wanted = condition.cryptokeys;
  if (wanted.size() <= actual.cryptokeys.size() &&
      std::equal(wanted.begin(), wanted.end(), actual.cryptokeys.begin()))
    return {};
  return "cryptokeys differ";
}

Difference compare_rest(const Values& condition, const Values& actual, ExtensionRule rule) {
  for (const auto& [code, value] : condition.equal) {
    const auto found = actual.equal.find(code);
    if (found == actual.equal.end() || found->second != value)
      return "value " + std::to_string(code) + (found == actual.equal.end() ? " is missing" : " differs");
  }
  for (const auto& [code, value] : condition.extensions) {
    const std::string name = "value " + std::to_string(code);
    if (rule == nullptr) return name + " belongs to a profile that is not understood";
    const auto found = actual.extensions.find(code);
    if (found == actual.extensions.end()) return name + " is missing";
    if (!rule(code, value, found->second))
      return name + " is " + cbor::brief(found->second) + "; the reference is " + cbor::brief(value);
  }
  return {};
}

Difference compare(const Values& condition, const Values& actual, ExtensionRule rule) {
  if (condition.version && condition.version != actual.version) return "version differs, or is missing";
  for (auto difference :
       {compare("svn", condition.svn, actual.svn), compare_digests(condition.digests, actual.digests),
        compare_flags(condition, actual), compare("raw-value", condition.raw_value, actual.raw_value),
        compare_keys(condition, actual), compare_registers(condition, actual),
        compare("int-range", condition.int_range, actual.int_range), compare_rest(condition, actual, rule)})
    if (difference) return difference;
  return {};
}

std::string shown_key(const Measurement& m) { return m.key ? cbor::brief(*m.key) : "without a key"; }

}  // namespace

bool satisfied(const RawValue& condition, const RawValue& actual) {
  const std::size_t size = condition.value.size();
  if (actual.value.size() != size) return false;
  for (std::size_t i = 0; i < size; ++i) {
    const unsigned mask = condition.mask ? (*condition.mask)[i] : 0xffU;
    if (((condition.value[i] ^ actual.value[i]) & mask) != 0) return false;
    // Bits that the evidence itself masks out are bits that it does not know.
    if (actual.mask && (mask & ~unsigned{(*actual.mask)[i]}) != 0) return false;
  }
  return true;
}

bool same_key(const Measurement& a, const Measurement& b) {
  if (!a.key || !b.key) return !a.key && !b.key;
  const auto left = cbor::encode(*a.key), right = cbor::encode(*b.key);
  return left && right && *left == *right;
}

bool matches(const Environment& condition, const Environment& actual) {
  if (!equal(condition.instance, actual.instance) || !equal(condition.group, actual.group)) return false;
  if (!condition.of_class) return true;
  if (!actual.of_class) return false;
  const Class &wanted = *condition.of_class, &given = *actual.of_class;
  return equal(wanted.id, given.id) && equal(wanted.vendor, given.vendor) &&
         equal(wanted.model, given.model) && equal(wanted.layer, given.layer) &&
         equal(wanted.index, given.index);
}

std::optional<std::string> differs_in(const Measurement& condition, const Measurement& actual,
                                      ExtensionRule rule) {
  for (const Encoded& key : condition.authorized_by)
    if (std::ranges::find(actual.authorized_by, key) == actual.authorized_by.end())
      return "a key of authorized-by did not sign the evidence";
  return compare(condition.values, actual.values, rule);
}

std::optional<std::string> unmatched(const Triple& triple, const std::vector<Measurement>& actual,
                                     ExtensionRule rule) {
  for (const Measurement& condition : triple.measurements) {
    Difference difference = "nothing of that key is measured";
    for (const Measurement& candidate : actual) {
      if (!same_key(condition, candidate)) continue;
      difference = differs_in(condition, candidate, rule);
      if (!difference) break;
    }
    if (difference) return "measurement " + shown_key(condition) + ": " + *difference;
  }
  return {};
}

}  // namespace seatls::rats::comid
