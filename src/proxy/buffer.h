// Buffer: bytes that wait to be written. It holds no memory while it is empty: most connections are idle.
#pragma once

#include <cstddef>

#include "seatls/bytes.h"

namespace seatls::proxy {

class Buffer {
 public:
  [[nodiscard]] bool empty() const { return begin_ == bytes_.size(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size() - begin_; }
  [[nodiscard]] ByteView view() const { return ByteView(bytes_).subspan(begin_); }

  void put(ByteView data) { bytes_.insert(bytes_.end(), data.begin(), data.end()); }
  // take forgets the first `n` bytes.
  void take(std::size_t n) {
    begin_ += n;
    if (empty()) {
      bytes_ = Bytes();
      begin_ = 0;
    } else if (begin_ >= bytes_.size() - begin_) {
      // What is moved is less than what was taken since the last time.
      bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
      begin_ = 0;
    }
  }

 private:
  Bytes bytes_;
  std::size_t begin_ = 0;
};

}  // namespace seatls::proxy
