// The little DER that key files and signatures need.
#pragma once

#include <cstdint>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::attest::tpm2::der {

inline constexpr std::uint8_t boolean = 0x01, integer = 0x02, octet_string = 0x04, object_identifier = 0x06,
                              sequence = 0x30, context_0 = 0xA0, context_1 = 0xA1, context_2 = 0xA2;

// write returns one element.
[[nodiscard]] Bytes write(std::uint8_t tag, ByteView content);
// write_integer encodes an unsigned big-endian number of any width.
[[nodiscard]] Bytes write_integer(ByteView number);

// Reader takes elements from the front; definite, shortest lengths only.
class Reader {
 public:
  explicit Reader(ByteView data) : data_(data) {}
  [[nodiscard]] bool done() const { return data_.empty(); }
  [[nodiscard]] bool next_is(std::uint8_t tag) const { return !data_.empty() && data_[0] == tag; }
  // take returns the content of the next element. Errors: malformed, truncated.
  [[nodiscard]] Result<ByteView> take(std::uint8_t tag);

 private:
  ByteView data_;
};

}  // namespace seatls::attest::tpm2::der
