// Folder: the cache on disk. A file holds one entry, and has its name. Nothing in it is believed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "seatls/error.h"

namespace seatls::collateral {

class Folder {
 public:
  static constexpr std::size_t most_files = 4096;
  static constexpr std::size_t largest_file = 12U << 20U;
  static constexpr const char* suffix = ".collateral";

  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  // read returns nothing where there is no such file. Errors: io.
  [[nodiscard]] Result<std::optional<std::string>> read(const std::string& name) const;
  // write puts the file in place as a whole (0600; the folder is made as 0700), and when there are too many,
  // removes those that were written longest ago. Errors: io.
  [[nodiscard]] Result<void> write(const std::string& name, const std::string& content) const;
  void remove(const std::string& name) const;
  // names lists the files that `write` makes. Errors: io.
  [[nodiscard]] Result<std::vector<std::string>> names() const;

 private:
  void prune() const;
  std::filesystem::path path_;
};

// read_file reads a regular file, and nothing that would block. Errors: io.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t largest);

}  // namespace seatls::collateral
