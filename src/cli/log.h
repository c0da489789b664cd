// The program's log, on stderr.
#pragma once

#include <string>
#include <string_view>

namespace seatls::cli {

inline constexpr std::string_view log_levels = "trace|debug|info|warn|error|off";

void start_log(const std::string& level);
void log_info(std::string_view text);
void log_warning(std::string_view text);
void log_error(std::string_view text);
void log_debug(std::string_view text);

}  // namespace seatls::cli
