// A policy without a folder around it: one that was submitted to a verifier service.
#pragma once

#include <string>
#include <string_view>

#include "seatls/policy.h"

namespace seatls::appraise {

// check_policy_alone reads a policy that opens no file: PEM text stands where a file's name would, and naming
// a file is a mistake. So whoever may submit a policy reads nothing of the machine.
[[nodiscard]] PolicyReport check_policy_alone(std::string_view toml, const std::string& name);

}  // namespace seatls::appraise
