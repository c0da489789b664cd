// How a verb tells of a configuration that cannot be used.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "seatls/config_file.h"

namespace seatls::cli {

// fail_with_mistakes prints every mistake; with --json they are in "mistakes" beside "error".
Exit fail_with_mistakes(const Console& console, const std::string& path,
                        const std::vector<ConfigMistake>& mistakes);

// warn_of_dangers logs each of them once.
void warn_of_dangers(const std::vector<std::string>& dangers);

// open_config loads the file of --config, or `fallback` in the current folder, for `role`. When that
// fails the mistakes are told, and *exit is set.
[[nodiscard]] std::optional<LoadedConfig> open_config(const Console& console, const std::string& path,
                                                      const std::string& fallback, Role role, Exit* exit);

}  // namespace seatls::cli
