// The sections [tdx] and [sgx] of a policy: their keys, and what they must hold.
#pragma once

#include "appraise/policy_checks.h"
#include "seatls/policy.h"

namespace seatls::appraise {

class TomlReader;
struct Section;

[[nodiscard]] TdxPolicy read_tdx(TomlReader& reader, const Section& section);
void check_tdx(const TdxPolicy& policy, const Tell& mistake);
[[nodiscard]] SgxPolicy read_sgx(TomlReader& reader, const Section& section);
void check_sgx(const SgxPolicy& policy, const Tell& mistake);

}  // namespace seatls::appraise
