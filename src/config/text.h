// The small texts of a configuration: files, addresses, durations.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "seatls/error.h"

namespace seatls::config {

// read_text_file reads a file of at most `limit` bytes. "-" is not special. Errors: io.
[[nodiscard]] Result<std::string> read_text_file(const std::filesystem::path& path,
                                                 std::size_t limit = 4U << 20U);

struct HostPort {
  std::string host;  // without the brackets of an IPv6 address
  std::string port;  // a number, 0 to 65535
};
// parse_host_port reads "host:8443", "127.0.0.1:0", "[::1]:8443"; ":8443" is every address. Errors:
// configuration.
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);
[[nodiscard]] std::string to_text(const HostPort& address);

// parse_duration reads a whole number and its unit: "250ms", "10s", "5m", "1h", "30d". Errors:
// configuration.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace seatls::config
