// The sections [tdx] and [sgx] of a policy: their keys, and what they must hold.
#pragma once

#include <functional>
#include <string>

#include "appraise/toml_reader.h"
#include "seatls/policy.h"

namespace seatls::appraise {

// Tell notes a mistake: key, what is wrong, what to write instead.
using Tell = std::function<void(std::string key, std::string what, std::string remedy)>;

[[nodiscard]] TdxPolicy read_tdx(TomlReader& reader, const Section& section);
void check_tdx(const TdxPolicy& policy, const Tell& mistake);
[[nodiscard]] SgxPolicy read_sgx(TomlReader& reader, const Section& section);
void check_sgx(const SgxPolicy& policy, const Tell& mistake);

}  // namespace seatls::appraise
