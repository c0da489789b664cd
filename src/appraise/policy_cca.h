// The section [cca] of a policy: its keys, and what it must hold.
#pragma once

#include "appraise/policy_checks.h"
#include "seatls/policy.h"

namespace seatls::appraise {

class TomlReader;
struct Section;

[[nodiscard]] CcaPolicy read_cca(TomlReader& reader, const Section& section);
void check_cca(const CcaPolicy& policy, const Tell& mistake);

}  // namespace seatls::appraise
