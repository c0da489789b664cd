// Vectors are text files made by tests/reference: "# about", then "key: value" lines; a key may repeat.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "support/source_dir.h"

namespace seatls::testing {

class VectorFile {
 public:
  explicit VectorFile(const std::filesystem::path& path) : name_(path.stem().string()) {
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
      const auto colon = line.find(':');
      if (line.starts_with("#") || colon == std::string::npos) continue;
      const auto value = line.find_first_not_of(' ', colon + 1);
      rows_.emplace_back(line.substr(0, colon), value == std::string::npos ? "" : line.substr(value));
    }
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool has(std::string_view key) const {
    return std::ranges::any_of(rows_, [&](const auto& r) { return r.first == key; });
  }
  [[nodiscard]] std::vector<std::string> all(std::string_view key) const {
    std::vector<std::string> out;
    for (const auto& [k, v] : rows_)
      if (k == key) out.push_back(v);
    return out;
  }
  [[nodiscard]] std::string get(std::string_view key) const {
    const auto values = all(key);
    return values.empty() ? "" : values.front();
  }
  [[nodiscard]] Bytes hex(std::string_view key) const { return base::from_hex(get(key)).value(); }
  [[nodiscard]] std::vector<Bytes> all_hex(std::string_view key) const {
    std::vector<Bytes> out;
    for (const auto& v : all(key)) out.push_back(base::from_hex(v).value());
    return out;
  }

 private:
  std::string name_;
  std::vector<std::pair<std::string, std::string>> rows_;
};

inline std::filesystem::path vector_path(const std::string& topic, const std::string& name) {
  return source_dir() / "tests/vectors" / topic / (name + ".txt");
}

inline std::vector<std::string> vector_names(const std::string& topic) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(vector_path(topic, "").parent_path()))
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  return names;
}

// as_test_name makes a gtest name of a file's name.
inline std::string as_test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string out = info.param;
  std::ranges::replace(out, '-', '_');
  return out;
}

}  // namespace seatls::testing
