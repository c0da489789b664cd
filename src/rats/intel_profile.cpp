#include "rats/intel_profile.h"

#include <algorithm>

#include "rats/comid_match.h"
#include "rats/comid_values.h"

namespace seatls::rats::comid {
namespace {

using codec::cbor::Array;
using codec::cbor::Value;

// $tagged-exp = #6.60010([ op, number ]) / #6.60020([ op, [ * digest ] ]) / …
constexpr std::uint64_t numeric = 60'010, of_digests = 60'020;
// Of the operators. Not-member (7) is left out: that something is not on a list speaks for nothing.
enum Operator : std::uint8_t { eq = 0, gt = 1, ge = 2, lt = 3, le = 4, member = 6 };

struct Expression {
  std::int64_t op;
  const Value& operand;
};
std::optional<Expression> expression(const Value& v, std::uint64_t tag) {
  const auto* t = v.tag();
  const Array* pair = t != nullptr && t->number == tag ? t->content.array() : nullptr;
  if (pair == nullptr || pair->size() != 2) return {};
  const auto op = (*pair)[0].as_int();
  if (!op) return {};
  return Expression{*op, (*pair)[1]};
}

bool number_satisfied(const Value& condition, const Value& actual) {
  const auto given = actual.as_uint();
  if (!given) return false;
  if (const auto plain = condition.as_uint()) return *given == *plain;
  const auto e = expression(condition, numeric);
  const auto bound = e ? e->operand.as_uint() : Result<std::uint64_t>(Error{});
  if (!e || !bound) return false;
  switch (e->op) {
    case eq: return *given == *bound;
    case gt: return *given > *bound;
    case ge: return *given >= *bound;
    case lt: return *given < *bound;
    case le: return *given <= *bound;
    default: return false;
  }
}

// A list without an expression around it is a set, too.
bool digest_satisfied(const Value& condition, const Value& actual) {
  const auto e = expression(condition, of_digests);
  if (e && e->op != member) return false;
  const Array* set = (e ? e->operand : condition).array();
  const auto given = read_digests(codec::cbor::array({actual}));
  if (set == nullptr || !given) return false;
  return std::ranges::any_of(*set, [&](const Value& entry) {
    const auto listed = read_digests(codec::cbor::array({entry}));
    return listed.ok() && *listed == *given;
  });
}

bool bits_satisfied(const Value& condition, const Value& actual) {
  const auto wanted = read_raw_value(condition), given = read_raw_value(actual);
  return wanted.ok() && given.ok() && satisfied(*wanted, *given);
}

}  // namespace

bool intel_satisfied(std::int64_t code, const Value& condition, const Value& actual) {
  switch (code) {
    case intel::isv_svn:
    case intel::isv_prod_id: return number_satisfied(condition, actual);
    case intel::attributes: return bits_satisfied(condition, actual);
    case intel::mr_tee:
    case intel::mr_signer: return digest_satisfied(condition, actual);
    default: return false;
  }
}

}  // namespace seatls::rats::comid
