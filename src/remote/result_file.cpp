#include "remote/result_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace seatls::remote {
namespace {

constexpr std::size_t largest = 1U << 20U;

Error failed(const std::string& what, const std::string& path) {
  return {Code::io, what + ": " + std::strerror(errno), path};
}

bool write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const auto n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return ::fsync(fd) == 0;
}

}  // namespace

Result<std::string> read_result_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return failed("cannot be read", path);
  std::string text(largest + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > largest) return Error{Code::io, "is larger than any result", path};
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

Result<void> write_result_file(const std::string& path, const std::string& token) {
  std::string beside = path + ".XXXXXX";
  const int fd = ::mkstemp(beside.data());  // mode 0600
  if (fd < 0) return failed("cannot be written", path);
  const bool written = write_all(fd, token + "\n");
  const bool closed = ::close(fd) == 0;
  if (written && closed && ::rename(beside.c_str(), path.c_str()) == 0) return {};
  auto error = failed("cannot be written", path);
  ::unlink(beside.c_str());
  return error;
}

}  // namespace seatls::remote
