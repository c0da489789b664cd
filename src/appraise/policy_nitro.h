// The section [nitro] of a policy: its keys, and what it must hold.
#pragma once

#include "appraise/policy_checks.h"
#include "seatls/policy.h"

namespace seatls::appraise {

class TomlReader;
struct Section;

[[nodiscard]] NitroPolicy read_nitro(TomlReader& reader, const Section& section);
void check_nitro(const NitroPolicy& policy, const Tell& mistake);

}  // namespace seatls::appraise
