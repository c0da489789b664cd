// KernelFiles are the system calls that reports are asked for with, one at a time: what a test stands in for.
#pragma once

#include <string>

#include "seatls/bytes.h"

namespace seatls::attest::tsm {

class KernelFiles {
 public:
  struct Read {
    int error = 0;  // an errno
    Bytes content;
  };
  virtual ~KernelFiles() = default;

  // Each is tried once, and returns 0 or an errno.
  [[nodiscard]] virtual int make_directory(const std::string& path) = 0;
  [[nodiscard]] virtual int remove_directory(const std::string& path) = 0;
  // write opens the file, writes `content` with one call, and closes it.
  [[nodiscard]] virtual int write(const std::string& path, ByteView content) = 0;
  // read returns the whole file; EFBIG when that is more than `most` bytes.
  [[nodiscard]] virtual Read read(const std::string& path, std::size_t most) = 0;

  [[nodiscard]] static KernelFiles& of_system();
};

}  // namespace seatls::attest::tsm
