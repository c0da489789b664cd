#include "cli/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/descriptor.h"
#include "config/text.h"

namespace seatls::cli {
namespace {

Error io_error(const std::filesystem::path& path, const std::string& remedy = "") {
  std::string detail = std::strerror(errno);
  if (!remedy.empty()) detail += "; " + remedy;
  return {Code::io, std::move(detail), path.string()};
}

Result<Bytes> read_all(int fd, const std::string& name, std::size_t limit) {
  Bytes out;
  for (;;) {
    constexpr std::size_t step = 65536;
    const std::size_t before = out.size();
    out.resize(before + step);
    const ssize_t n = ::read(fd, out.data() + before, step);
    if (n < 0 && errno == EINTR) {
      out.resize(before);
      continue;
    }
    out.resize(before + static_cast<std::size_t>(n > 0 ? n : 0));
    if (n < 0) return io_error(name);
    if (n == 0) return out;
    if (out.size() > limit)
      return Error{Code::io, "the input is larger than " + std::to_string(limit) + " bytes", name};
  }
}

}  // namespace

Result<Bytes> read_input(const std::string& path, std::size_t limit) {
  if (path == "-") return read_all(STDIN_FILENO, "stdin", limit);
  SEATLS_TRY(const auto content, config::read_text_file(path, limit));
  return bytes(std::string_view(content));
}

Result<void> write_output(const std::filesystem::path& path, ByteView content, Mode mode, bool force) {
  std::error_code code;
  const bool special = std::filesystem::exists(path, code) && !std::filesystem::is_regular_file(path, code);
  // A device or a pipe is written to as it is; a file is made beside and put in place.
  auto target = path;
  if (!special) target += ".new-" + std::to_string(::getpid());
  const int flags = special ? O_WRONLY : O_WRONLY | O_CREAT | O_EXCL;
  base::Descriptor file(::open(target.c_str(), flags | O_CLOEXEC, mode == Mode::secret ? 0600 : 0644));
  if (!file) return io_error(path, "is the folder there, and may you write to it?");
  const int failed = base::write_all(file.fd(), content);
  const int lost = file.close();
  if (failed != 0 || lost != 0) {
    errno = failed != 0 ? failed : lost;
    auto error = io_error(path);
    if (!special) ::unlink(target.c_str());
    return error;
  }
  if (special) return {};
  // link() refuses to replace a file, and so settles who was first.
  const int placed = force ? ::rename(target.c_str(), path.c_str()) : ::link(target.c_str(), path.c_str());
  auto error = placed == 0 ? Error{} : io_error(path, errno == EEXIST ? "--force replaces it" : "");
  if (!force || placed != 0) ::unlink(target.c_str());
  if (placed != 0) return error;
  return {};
}

Result<TemporaryFolder> TemporaryFolder::make() {
  std::error_code code;
  const auto base = std::filesystem::temp_directory_path(code);
  if (code) return Error{Code::io, code.message() + "; TMPDIR names the folder for temporary files", ""};
  std::string name = (base / "seatls-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return io_error(name, "TMPDIR names another place");
  return TemporaryFolder(name);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace seatls::cli
