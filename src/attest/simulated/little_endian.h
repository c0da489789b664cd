// Writer puts a structure of fixed layout together, little endian, field after field.
#pragma once

#include <cstdint>

#include "seatls/bytes.h"

namespace seatls::attest::simulated {

class Writer {
 public:
  Writer& bytes(ByteView v) {
    out_.insert(out_.end(), v.begin(), v.end());
    return *this;
  }
  Writer& fill(std::size_t size, std::uint8_t value) {
    out_.insert(out_.end(), size, value);
    return *this;
  }
  Writer& u16(std::uint16_t v) { return number(v, 2); }
  Writer& u32(std::uint32_t v) { return number(v, 4); }
  [[nodiscard]] Bytes take() { return std::move(out_); }

 private:
  Writer& number(std::uint32_t v, unsigned size) {
    for (unsigned i = 0; i < size; ++i) out_.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
    return *this;
  }
  Bytes out_;
};

}  // namespace seatls::attest::simulated
