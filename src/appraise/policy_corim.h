// The documents [[corim]] of a policy, and what it leaves to them.
#pragma once

#include <vector>

#include "appraise/policy_checks.h"
#include "seatls/policy.h"

namespace seatls::appraise {

class TomlReader;
struct Section;

[[nodiscard]] std::vector<CorimReference> read_corim(TomlReader& reader, const Section& top);
void check_corim(const Policy& policy, const Tell& mistake);

}  // namespace seatls::appraise
