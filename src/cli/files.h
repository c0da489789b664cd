// Files that verbs read and write.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::cli {

// read_input reads a file, or stdin for "-". Errors: io.
[[nodiscard]] Result<Bytes> read_input(const std::string& path, std::size_t limit = 4U << 20U);

enum class Mode : std::uint8_t { shared, secret };  // 0644, 0600
// write_output writes a new file; one that is there is an error unless `force`. The content is on disk
// as a whole or not at all. Errors: io.
[[nodiscard]] Result<void> write_output(const std::filesystem::path& path, ByteView content, Mode mode,
                                        bool force);
[[nodiscard]] inline Result<void> write_output(const std::filesystem::path& path, std::string_view content,
                                               Mode mode, bool force) {
  return write_output(path, view(content), mode, force);
}

// TemporaryFolder is one that only this user can enter, and that goes away with its object.
class TemporaryFolder {
 public:
  [[nodiscard]] static Result<TemporaryFolder> make();
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace seatls::cli
