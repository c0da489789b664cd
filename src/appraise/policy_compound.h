// The sections [compound] and [event_log] of a policy: their keys, and what they must hold.
#pragma once

#include <string_view>

#include "appraise/policy_checks.h"
#include "seatls/policy.h"

namespace seatls::appraise {

class TomlReader;
struct Section;

// accepts_scheme tells whether the policy accepts evidence of a scheme: by itself, or as a part of a
// compound.
[[nodiscard]] bool accepts_scheme(const Policy& policy, std::string_view name);

[[nodiscard]] CompoundPolicy read_compound(TomlReader& reader, const Section& section);
void check_compound(const CompoundPolicy& policy, const Tell& mistake);
[[nodiscard]] EventLogPolicy read_event_log(TomlReader& reader, const Section& section);
void check_event_log(const EventLogPolicy& policy, const Tell& mistake);

}  // namespace seatls::appraise
