// The section [cca] of a policy: its keys, and what it must hold.
#pragma once

#include <functional>
#include <string>

#include "seatls/policy.h"

namespace seatls::appraise {

class TomlReader;
struct Section;

// Tell notes a mistake: key, what is wrong, what to write instead.
using Tell = std::function<void(std::string key, std::string what, std::string remedy)>;

[[nodiscard]] CcaPolicy read_cca(TomlReader& reader, const Section& section);
void check_cca(const CcaPolicy& policy, const Tell& mistake);

}  // namespace seatls::appraise
