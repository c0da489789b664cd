// The section [sev-snp] of a policy: its keys, and what it must hold.
#pragma once

#include <functional>
#include <string>

#include "seatls/policy.h"

namespace seatls::appraise {

class TomlReader;
struct Section;

// Tell notes a mistake: key, what is wrong, what to write instead.
using Tell = std::function<void(std::string key, std::string what, std::string remedy)>;

[[nodiscard]] SnpPolicy read_snp(TomlReader& reader, const Section& section);
void check_snp(const SnpPolicy& policy, const Tell& mistake);

}  // namespace seatls::appraise
