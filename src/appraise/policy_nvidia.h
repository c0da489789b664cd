// The section [nvidia] of a policy: its keys, and what it must hold.
#pragma once

#include "appraise/policy_checks.h"
#include "seatls/policy.h"

namespace seatls::appraise {

class TomlReader;
struct Section;

[[nodiscard]] NvidiaPolicy read_nvidia(TomlReader& reader, const Section& section);
void check_nvidia(const NvidiaPolicy& policy, const Tell& mistake);

}  // namespace seatls::appraise
