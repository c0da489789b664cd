#include "collateral/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/descriptor.h"

namespace seatls::collateral {
namespace {

namespace fs = std::filesystem;

// Names come from name_of(Item); this is what keeps another one from leaving the folder.
bool is_plain(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  };
  return !name.empty() && name.size() <= 200 && name.front() != '.' && std::ranges::all_of(name, plain);
}

Error io(const fs::path& path, int error) { return {Code::io, std::strerror(error), path.string()}; }

using File = base::Descriptor;

Result<void> write_whole(int fd, const std::string& content, const fs::path& path) {
  if (const int error = base::write_all(fd, view(content))) return io(path, error);
  if (::fsync(fd) != 0) return io(path, errno);
  return {};
}

}  // namespace

Result<std::string> read_file(const fs::path& path, std::size_t largest) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (file.fd() < 0 || ::fstat(file.fd(), &about) != 0) return io(path, errno);
  if (!S_ISREG(about.st_mode)) return Error{Code::io, "is no regular file", path.string()};
  std::string content;
  std::array<char, 65536> chunk{};
  for (;;) {
    const auto n = ::read(file.fd(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io(path, errno);
    if (n == 0) return content;
    content.append(chunk.data(), static_cast<std::size_t>(n));
    if (content.size() > largest)
      return Error{Code::io, "is larger than " + std::to_string(largest) + " bytes", path.string()};
  }
}

Result<std::optional<std::string>> Folder::read(const std::string& name) const {
  if (!is_plain(name)) return std::optional<std::string>();
  auto content = read_file(path_ / (name + suffix), largest_file);
  if (content) return std::optional(std::move(*content));
  std::error_code ignored;
  if (!fs::exists(path_ / (name + suffix), ignored)) return std::optional<std::string>();
  return std::move(content).error();
}

Result<void> Folder::write(const std::string& name, const std::string& content) const {
  if (!is_plain(name)) return Error{Code::misuse, "\"" + name + "\" is no entry's name", path_.string()};
  std::error_code failed;
  if (!fs::exists(path_, failed)) {
    if (path_.has_parent_path()) fs::create_directories(path_.parent_path(), failed);
    if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) return io(path_, errno);
  }
  const auto target = path_ / (name + suffix);
  std::string temporary = (path_ / ".new-XXXXXX").string();
  {
    const File file(::mkostemp(temporary.data(), O_CLOEXEC));  // 0600
    if (file.fd() < 0) return io(temporary, errno);
    if (auto written = write_whole(file.fd(), content, temporary); !written) {
      ::unlink(temporary.c_str());
      return written;
    }
  }
  if (::rename(temporary.c_str(), target.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return io(target, error);
  }
  if (const File folder(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); folder.fd() >= 0)
    ::fsync(folder.fd());
  prune();
  return {};
}

void Folder::remove(const std::string& name) const {
  std::error_code ignored;
  if (is_plain(name)) fs::remove(path_ / (name + suffix), ignored);
}

Result<std::vector<std::string>> Folder::names() const {
  std::vector<std::string> out;
  std::error_code failed;
  for (fs::directory_iterator at(path_, failed), end; !failed && at != end; at.increment(failed)) {
    std::string name = at->path().filename().string();
    if (!name.ends_with(suffix)) continue;
    name.resize(name.size() - std::string_view(suffix).size());
    if (is_plain(name)) out.push_back(std::move(name));
  }
  if (failed) return Error{Code::io, failed.message(), path_.string()};
  std::ranges::sort(out);
  return out;
}

void Folder::prune() const {
  auto all = names();
  if (!all || all->size() <= most_files) return;
  std::vector<std::pair<fs::file_time_type, std::string>> aged;
  for (auto& name : *all) {
    std::error_code failed;
    const auto at = fs::last_write_time(path_ / (name + suffix), failed);
    if (!failed) aged.emplace_back(at, std::move(name));
  }
  std::ranges::sort(aged);
  for (std::size_t i = 0; i + most_files < aged.size(); ++i) remove(aged[i].second);
}

}  // namespace seatls::collateral
