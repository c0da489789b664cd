// Output in the background, for the verbs that serve: who does not read what a program writes stops the
// lines, and nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "cli/console.h"

namespace seatls::cli {

inline constexpr const char* log_pattern = "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v";  // spdlog's

// While one lives, what Console prints to stdout and what is logged is written by threads of their own. What
// they cannot get rid of waits, up to a number of lines; then the oldest are dropped, counted, and told of
// once there is room again. Its end writes what is left, for as long as somebody reads it within `patience`.
class BackgroundOutput {
 public:
  explicit BackgroundOutput(const Console& console);
  ~BackgroundOutput();
  BackgroundOutput(const BackgroundOutput&) = delete;
  BackgroundOutput& operator=(const BackgroundOutput&) = delete;

  [[nodiscard]] std::uint64_t lost() const;  // lines so far

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// print_in_background gives text for stdout to the BackgroundOutput that lives; false: there is none.
[[nodiscard]] bool print_in_background(std::string_view text);

}  // namespace seatls::cli
