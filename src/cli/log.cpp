#include "cli/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "cli/background.h"

namespace seatls::cli {
namespace {

// The text is data, not a format: it may hold what a peer wrote.
void write(spdlog::level::level_enum level, std::string_view text) {
  spdlog::log(level, spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace

void start_log(const std::string& level) {
  auto logger = spdlog::stderr_color_mt("seatls");
  logger->set_pattern(log_pattern, spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

void log_debug(std::string_view text) { write(spdlog::level::debug, text); }
void log_info(std::string_view text) { write(spdlog::level::info, text); }
void log_warning(std::string_view text) { write(spdlog::level::warn, text); }
void log_error(std::string_view text) { write(spdlog::level::err, text); }

}  // namespace seatls::cli
