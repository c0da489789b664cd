#include "config/files.h"

#include <sys/stat.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>

#include "config/text.h"

namespace seatls::config {
namespace {

constexpr std::size_t most_files = 1024;

void texts_in(const toml::node& node, std::vector<std::string>& out) {
  if (const auto* text = node.as_string()) {
    out.push_back(text->get());
  } else if (const auto* table = node.as_table()) {
    for (const auto& [key, value] : *table) texts_in(value, out);
  } else if (const auto* array = node.as_array()) {
    for (const auto& value : *array) texts_in(value, out);
  }
}

std::vector<std::string> texts_of(const std::filesystem::path& path) {
  std::vector<std::string> out;
  const auto content = read_text_file(path);
  if (!content) return out;
  try {
    texts_in(toml::parse(*content), out);
  } catch (const toml::parse_error&) {
    // Broken as it is, it can still be watched.
  }
  return out;
}

}  // namespace

std::vector<std::string> files_of(const std::string& path) {
  std::vector<std::string> files{path};
  for (std::size_t i = 0; i < files.size() && files.size() < most_files; ++i) {
    const std::filesystem::path file = files[i];
    if (i > 0 && file.extension() != ".toml") continue;
    for (const auto& text : texts_of(file)) {
      if (text.empty() || text.size() > 4096) continue;
      const auto named = (file.parent_path() / text).string();
      std::error_code ignored;
      if (std::filesystem::is_regular_file(named, ignored) && std::ranges::find(files, named) == files.end())
        files.push_back(named);
    }
  }
  return files;
}

std::string fingerprint_of(const std::vector<std::string>& files) {
  std::string out;
  for (const auto& file : files) {
    struct stat s {};
    if (::stat(file.c_str(), &s) != 0) s = {};
    for (const auto number : {static_cast<std::int64_t>(s.st_dev), static_cast<std::int64_t>(s.st_ino),
                              static_cast<std::int64_t>(s.st_size), std::int64_t{s.st_mtim.tv_sec},
                              std::int64_t{s.st_mtim.tv_nsec}})
      out += std::to_string(number) + " ";
  }
  return out;
}

}  // namespace seatls::config
