// Expect<T>: which values of one claim a policy accepts.
#pragma once

#include <utility>
#include <variant>
#include <vector>

namespace seatls {

// Expect<T> says which values of one claim are accepted. Unset accepts none and is reported as
// policy_unset; Any accepts all, must be written out, and shows in every result. FromCorim accepts what the
// policy's CoRIM documents list for the attester's environment: appraisal asks them, `accepts` does not.
namespace expect {
struct Any {};
struct FromCorim {};
template <class T>
struct Exactly {
  T value;
};
template <class T>
struct OneOf {
  std::vector<T> values;
};
template <class T>
struct AtLeast {
  T value;
};
}  // namespace expect

template <class T>
class Expect {
 public:
  Expect() = default;
  Expect(expect::Any any) : rule_(any) {}
  Expect(expect::FromCorim from_corim) : rule_(from_corim) {}
  Expect(expect::Exactly<T> exactly) : rule_(std::move(exactly)) {}
  Expect(expect::OneOf<T> one_of) : rule_(std::move(one_of)) {}
  Expect(expect::AtLeast<T> at_least) : rule_(std::move(at_least)) {}

  [[nodiscard]] bool is_set() const { return rule_.index() != 0; }
  [[nodiscard]] bool is_any() const { return std::holds_alternative<expect::Any>(rule_); }
  [[nodiscard]] bool is_from_corim() const { return std::holds_alternative<expect::FromCorim>(rule_); }
  [[nodiscard]] bool accepts(const T& value) const {
    if (is_any()) return true;
    if (const auto* exactly = std::get_if<expect::Exactly<T>>(&rule_)) return value == exactly->value;
    if (const auto* least = std::get_if<expect::AtLeast<T>>(&rule_)) return value >= least->value;
    if (const auto* one_of = std::get_if<expect::OneOf<T>>(&rule_))
      for (const T& accepted : one_of->values)
        if (value == accepted) return true;
    return false;
  }
  // values returns what is listed: one for Exactly and AtLeast, none for the others.
  [[nodiscard]] std::vector<T> values() const {
    if (const auto* exactly = std::get_if<expect::Exactly<T>>(&rule_)) return {exactly->value};
    if (const auto* least = std::get_if<expect::AtLeast<T>>(&rule_)) return {least->value};
    if (const auto* one_of = std::get_if<expect::OneOf<T>>(&rule_)) return one_of->values;
    return {};
  }
  [[nodiscard]] bool is_at_least() const { return std::holds_alternative<expect::AtLeast<T>>(rule_); }

 private:
  std::variant<std::monostate, expect::Any, expect::Exactly<T>, expect::OneOf<T>, expect::AtLeast<T>,
               expect::FromCorim>
      rule_;
};

}  // namespace seatls
