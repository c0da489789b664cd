// Matching: does what was measured satisfy what a triple says? draft-ietf-rats-corim-11, section 9.4.
#pragma once

#include <optional>
#include <string>

#include "rats/comid.h"

namespace seatls::rats::comid {

// matches tells whether `actual` is an environment that `condition` is about: each attribute of the condition
// is there, and equal. What the condition leaves out may be anything.
[[nodiscard]] bool matches(const Environment& condition, const Environment& actual);

// satisfied compares bit by bit where the condition's mask has ones.
[[nodiscard]] bool satisfied(const RawValue& condition, const RawValue& actual);

// ExtensionRule compares values that a profile added to measurement-values-map, by that profile's rules.
// Without one, nothing satisfies a condition on them.
using ExtensionRule = bool (*)(std::int64_t code, const codec::cbor::Value& condition,
                               const codec::cbor::Value& actual);

// differs_in compares one measurement with one that a triple demands. It returns nothing where the condition
// is satisfied, and else the first value that keeps it from that, in words.
[[nodiscard]] std::optional<std::string> differs_in(const Measurement& condition, const Measurement& actual,
                                                    ExtensionRule rule = nullptr);

// unmatched tells what of a triple `actual` does not satisfy: nothing means that all of it is there. Each
// measurement of the triple must be satisfied by one with the same key.
[[nodiscard]] std::optional<std::string> unmatched(const Triple& triple,
                                                   const std::vector<Measurement>& actual,
                                                   ExtensionRule rule = nullptr);

// same_key tells whether both are measurements of the same thing: keys equal, or none.
[[nodiscard]] bool same_key(const Measurement& a, const Measurement& b);

}  // namespace seatls::rats::comid
