// Names of made-up issuers. Whoever makes one gives it such a name, and whoever judges takes no root without
// it for a simulated one: so nobody mistakes the one for the other, and a policy cannot name a maker's own
// root among the simulated.
#pragma once

#include <string>
#include <string_view>

namespace seatls::tee {

// simulated_name returns the name that a made-up issuer has in place of a maker's.
[[nodiscard]] std::string simulated_name(std::string_view makers_name);
[[nodiscard]] bool is_simulated_name(std::string_view common_name);

}  // namespace seatls::tee
