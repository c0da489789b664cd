// The small texts of a configuration: files, addresses, durations.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/host_port.h"
#include "seatls/error.h"

namespace seatls::config {

// read_text_file reads a file of at most `limit` bytes. "-" is not special. Errors: io.
[[nodiscard]] Result<std::string> read_text_file(const std::filesystem::path& path,
                                                 std::size_t limit = 4U << 20U);

using base::HostPort;
using base::parse_host_port;
using base::to_text;

// parse_duration reads a whole number and its unit: "250ms", "10s", "5m", "1h", "30d". Errors:
// configuration.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace seatls::config
