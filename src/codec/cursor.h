// Cursor walks over a structure of fixed layout, of either byte order: TPM structures, quotes, reports.
// It keeps its first failure and then yields zeros and empty views, so that a reader is straight-line;
// `done` tells at the end whether all of it was there and nothing else.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::codec {

enum class Endian : std::uint8_t { big, little };

class Cursor {
 public:
  Cursor(ByteView data, Endian endian) : rest_(data), endian_(endian) {}

  // `field` is named in the error when the bytes run out.
  [[nodiscard]] std::uint8_t u8(std::string_view field) {
    return static_cast<std::uint8_t>(number(1, field));
  }
  [[nodiscard]] std::uint16_t u16(std::string_view field) {
    return static_cast<std::uint16_t>(number(2, field));
  }
  [[nodiscard]] std::uint32_t u32(std::string_view field) {
    return static_cast<std::uint32_t>(number(4, field));
  }
  [[nodiscard]] std::uint64_t u64(std::string_view field) { return number(8, field); }
  [[nodiscard]] ByteView take(std::size_t size, std::string_view field);
  // array reads a field of N bytes.
  template <std::size_t N>
  [[nodiscard]] std::array<std::uint8_t, N> array(std::string_view field) {
    std::array<std::uint8_t, N> out{};
    std::ranges::copy(take(N, field), out.begin());
    return out;
  }
  // reserved reads bytes that the specification says are zero; any other is a failure (unknown_value).
  void reserved(std::size_t size, std::string_view field);

  // fail notes a failure of the caller's own; only the first one is kept.
  void fail(Code code, std::string_view field, std::string detail);
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] ByteView rest() const { return rest_; }

  // done returns the first failure, or trailing_data when bytes are left.
  [[nodiscard]] Result<void> done() const;
  // so_far returns the first failure, whatever is left.
  [[nodiscard]] Result<void> so_far() const;

 private:
  [[nodiscard]] std::uint64_t number(std::size_t size, std::string_view field);
  ByteView rest_;
  Endian endian_;
  std::optional<Error> error_;
};

}  // namespace seatls::codec
