#include "attest/tsm/kernel_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/descriptor.h"

namespace seatls::attest::tsm {
namespace {

// What the kernel does with a binary attribute it does when the file is closed.
base::Descriptor open(const std::string& path, int flags) {
  return base::Descriptor(::open(path.c_str(), flags | O_CLOEXEC));
}

class SystemFiles final : public KernelFiles {
 public:
  int make_directory(const std::string& path) override {
    return ::mkdir(path.c_str(), 0700) == 0 ? 0 : errno;
  }
  int remove_directory(const std::string& path) override { return ::rmdir(path.c_str()) == 0 ? 0 : errno; }

  int write(const std::string& path, ByteView content) override {
    base::Descriptor file = open(path, O_WRONLY);
    if (!file) return errno;
    const ssize_t written = ::write(file.fd(), content.data(), content.size());
    if (written < 0) return errno;
    // A value is taken as a whole. The rest would be another value.
    if (static_cast<std::size_t>(written) != content.size()) return EIO;
    return file.close();
  }

  Read read(const std::string& path, std::size_t most) override {
    const base::Descriptor file = open(path, O_RDONLY);
    if (!file) return {errno, {}};
    Bytes content(most + 1);
    std::size_t size = 0;
    while (size < content.size()) {
      const ssize_t n = ::read(file.fd(), content.data() + size, content.size() - size);
      if (n < 0) return {errno, {}};
      if (n == 0) break;
      size += static_cast<std::size_t>(n);
    }
    if (size > most) return {EFBIG, {}};
    content.resize(size);
    return {0, std::move(content)};
  }
};

}  // namespace

KernelFiles& KernelFiles::of_system() {
  static SystemFiles files;
  return files;
}

}  // namespace seatls::attest::tsm
