// Names that are hard to guess, and their checks.
#pragma once

#include <string>
#include <string_view>

namespace seatls::service {

[[nodiscard]] std::string make_uuid();  // version 4 (RFC 9562), of the CSPRNG
[[nodiscard]] bool is_uuid(std::string_view text);
// is_policy_name tells whether a text may name a policy: 1 to 64 of a-z, 0-9, '-' and '_', a letter first.
[[nodiscard]] bool is_policy_name(std::string_view text);

}  // namespace seatls::service
