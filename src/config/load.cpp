#include "config/draft.h"
#include "config/text.h"

namespace seatls {

std::string ConfigMistake::message() const {
  std::string out = file;
  if (line != 0) out += ":" + std::to_string(line);
  if (!key.empty()) out += ": " + key;
  return out + ": " + what + ". Remedy: " + remedy + ".";
}

bool LoadedConfig::demands_channel() const {
  return framing == Framing::seatls_1 || (config.require && config.require->timing != Timing::intra);
}

namespace config {

ConfigReport check_file(const std::string& path, std::optional<Role> role, ProxySettings* proxy) {
  Mistakes mistakes(path);
  const auto text = read_text_file(path);
  if (!text) {
    mistakes.add(0, "", "the configuration cannot be read: " + text.error().detail,
                 "name a readable file; `seatls init` makes one", text.error().code);
    return {{}, mistakes.sorted()};
  }
  const TomlFile file(*text, path, mistakes);
  if (file.broken()) return {{}, mistakes.sorted()};

  Draft draft(file, std::filesystem::path(path).parent_path(), mistakes);
  draft.out.path = path;
  read_endpoint(draft, role);
  read_identity(draft);
  read_experimental(draft);
  read_attest(draft);
  read_require(draft);
  read_post(draft);
  (void)read_service(draft);
  if (file.has_table("exec")) (void)read_exec(draft);
  if (proxy != nullptr) read_proxy(draft, *proxy);
  read_sandbox(draft);
  if (mistakes.empty())
    if (const auto valid = draft.out.config.validate(); !valid)
      mistakes.add(0, valid.error().path, valid.error().detail, "mend what is named", valid.error().code);
  if (!mistakes.empty()) return {{}, mistakes.sorted()};
  return {std::move(draft.out), {}};
}

Error error_of(const std::vector<ConfigMistake>& mistakes, const std::string& path) {
  Error error{mistakes.front().code, {}, path};
  for (const auto& m : mistakes) {
    // A mistake in the file, or in one that it names, comes first: with one it cannot be used, whatever
    // else is there.
    const auto whose = category(m.code);
    const bool environment = whose == Category::unavailable || whose == Category::local;
    if (!environment || m.code == Code::configuration) error.code = Code::configuration;
    error.detail += (error.detail.empty() ? "" : "\n") + m.message();
  }
  return error;
}

}  // namespace config

ConfigReport check_config(const std::string& path, std::optional<Role> role) {
  config::ProxySettings proxy;
  return config::check_file(path, role, &proxy);
}

Result<LoadedConfig> load_config(const std::string& path, std::optional<Role> role) {
  auto report = check_config(path, role);
  if (report.loaded) return std::move(*report.loaded);
  return config::error_of(report.mistakes, path);
}

}  // namespace seatls
