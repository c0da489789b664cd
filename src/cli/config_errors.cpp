#include "cli/config_errors.h"

#include <algorithm>
#include <filesystem>

#include "cli/log.h"

namespace seatls::cli {

Exit fail_with_mistakes(const Console& console, const std::string& path,
                        const std::vector<ConfigMistake>& mistakes) {
  Error error{Code::configuration, {}, path};
  bool only_environment = true;
  Node::Array list;
  for (const auto& m : mistakes) {
    const auto whose = category(m.code);
    only_environment = only_environment && m.code != Code::configuration &&
                       (whose == Category::unavailable || whose == Category::local);
    error.detail += (error.detail.empty() ? "" : "\n") + m.message();
    list.push_back(Node::object()
                       .set("file", m.file)
                       .set("line", m.line)
                       .set("key", m.key)
                       .set("what", m.what)
                       .set("remedy", m.remedy)
                       .set("code", name(m.code)));
  }
  if (only_environment && !mistakes.empty()) error.code = mistakes.front().code;
  return console.fail(error,
                      Node::object().set("file", path).set("ok", false).set("mistakes", std::move(list)));
}

void warn_of_dangers(const std::vector<std::string>& dangers) {
  for (auto it = dangers.begin(); it != dangers.end(); ++it)
    if (std::find(dangers.begin(), it, *it) == it) log_warning("danger: " + *it + " is in force");
}

std::optional<LoadedConfig> open_config(const Console& console, const std::string& path,
                                        const std::string& fallback, Role role, Exit* exit) {
  std::error_code ignored;
  if (path.empty() && !std::filesystem::exists(fallback, ignored)) {
    *exit = console.fail(usage_error("no configuration: give --config FILE; `seatls init` makes " + fallback +
                                     " and what belongs to it"));
    return {};
  }
  const auto& file = path.empty() ? fallback : path;
  auto report = check_config(file, role);
  if (!report.loaded) {
    *exit = fail_with_mistakes(console, file, report.mistakes);
    return {};
  }
  warn_of_dangers(report.loaded->config.dangers);
  return std::move(report.loaded);
}

}  // namespace seatls::cli
