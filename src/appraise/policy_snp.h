// The section [sev-snp] of a policy: its keys, and what it must hold.
#pragma once

#include "appraise/policy_checks.h"
#include "seatls/policy.h"

namespace seatls::appraise {

class TomlReader;
struct Section;

[[nodiscard]] SnpPolicy read_snp(TomlReader& reader, const Section& section);
void check_snp(const SnpPolicy& policy, const Tell& mistake);

}  // namespace seatls::appraise
