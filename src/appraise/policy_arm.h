// The sections [cca] and [psa] of a policy: their keys, and what they must hold.
#pragma once

#include "appraise/policy_checks.h"
#include "seatls/policy.h"

namespace seatls::appraise {

class TomlReader;
struct Section;

[[nodiscard]] CcaPolicy read_cca(TomlReader& reader, const Section& section);
[[nodiscard]] PsaPolicy read_psa(TomlReader& reader, const Section& section);
void check_cca(const Policy& policy, const Tell& mistake);
void check_psa(const Policy& policy, const Tell& mistake);

}  // namespace seatls::appraise
