// The section [azure] of a policy: its keys, and what it must hold.
#pragma once

#include "appraise/policy_checks.h"
#include "seatls/policy.h"

namespace seatls::appraise {

class TomlReader;
struct Section;

[[nodiscard]] AzurePolicy read_azure(TomlReader& reader, const Section& section);
void check_azure(const AzurePolicy& policy, const Tell& mistake);

// judges_by_section tells whether evidence of the scheme `azure` is judged by the section of this TEE.
[[nodiscard]] bool judges_by_section(const Policy& policy, std::string_view tee);

}  // namespace seatls::appraise
