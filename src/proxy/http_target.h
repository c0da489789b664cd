// What a request is for: its target and its Host, each with one reading only.
#pragma once

#include <string>
#include <string_view>

#include "seatls/error.h"

namespace seatls::proxy {

struct HttpTarget {
  std::string sent;       // "/a%20b?c", as it is sent on: the origin form
  std::string path;       // "/a b", decoded: what routes are compared with
  std::string authority;  // of the absolute form; else empty
};

// parse_http_target reads the origin form and the absolute form. Errors: malformed, also for every path that
// two readers could take for different ones: dot segments, empty segments, parameters behind a semicolon,
// backslashes, and percent-encoding of what needs none or of what would change the path's parts.
[[nodiscard]] Result<HttpTarget> parse_http_target(std::string_view target);

// check_host holds a Host field to a name or an address, and perhaps a port. Errors: malformed.
[[nodiscard]] Result<void> check_host(std::string_view host);

}  // namespace seatls::proxy
