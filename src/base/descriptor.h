// Descriptor owns a file descriptor.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "seatls/bytes.h"

namespace seatls::base {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}  // -1: none
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  // close returns an errno, or 0: some files say only now that they did not take what was written. Linux has
  // closed the descriptor even then.
  [[nodiscard]] int close() { return ::close(std::exchange(fd_, -1)) == 0 ? 0 : errno; }

 private:
  int fd_;
};

// write_all returns an errno, or 0.
[[nodiscard]] inline int write_all(int fd, ByteView content) {
  while (!content.empty()) {
    const auto n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno != EINTR) return errno;
    if (n > 0) content = content.subspan(static_cast<std::size_t>(n));
  }
  return 0;
}

}  // namespace seatls::base
