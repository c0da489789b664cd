// Addresses of services, as people write them.
#pragma once

#include <string>
#include <string_view>

#include "seatls/error.h"

namespace seatls::base {

struct HostPort {
  std::string host;  // without the brackets of an IPv6 address
  std::string port;  // a number, 0 to 65535
};
// parse_host_port reads "host:8443", "127.0.0.1:0", "[::1]:8443"; ":8443" is every address. Errors:
// configuration.
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);
[[nodiscard]] std::string to_text(const HostPort& address);

}  // namespace seatls::base
