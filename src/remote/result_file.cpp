#include "remote/result_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/descriptor.h"

namespace seatls::remote {
namespace {

constexpr std::size_t largest = 1U << 20U;

Error failed(const std::string& what, const std::string& path) {
  return {Code::io, what + ": " + std::strerror(errno), path};
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
  base::Descriptor file(::mkstemp(beside.data()));  // mode 0600
  if (!file) return failed("cannot be written", path);
  const bool written = base::write_all(file.fd(), view(token + "\n")) == 0 && ::fsync(file.fd()) == 0;
  const bool closed = file.close() == 0;
  if (written && closed && ::rename(beside.c_str(), path.c_str()) == 0) return {};
  auto error = failed("cannot be written", path);
  ::unlink(beside.c_str());
  return error;
}

}  // namespace seatls::remote
