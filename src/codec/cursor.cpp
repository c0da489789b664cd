#include "codec/cursor.h"

namespace seatls::codec {

ByteView Cursor::take(std::size_t size, std::string_view field) {
  if (failed()) return {};
  if (size > rest_.size()) {
    fail(Code::truncated, field,
         "needs " + std::to_string(size) + " bytes; " + std::to_string(rest_.size()) + " are left");
    return {};
  }
  const ByteView taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

void Cursor::reserved(std::size_t size, std::string_view field) {
  const ByteView raw = take(size, field);
  for (std::size_t i = 0; i < raw.size(); ++i)
    if (raw[i] != 0)
      return fail(Code::unknown_value, field,
                  "byte " + std::to_string(i) + " of " + std::to_string(size) + " is " +
                      std::to_string(raw[i]) + "; all are reserved and zero");
}

std::uint64_t Cursor::number(std::size_t size, std::string_view field) {
  const ByteView raw = take(size, field);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < raw.size(); ++i)
    value = value << 8 | (endian_ == Endian::big ? raw[i] : raw[raw.size() - 1 - i]);
  return value;
}

void Cursor::fail(Code code, std::string_view field, std::string detail) {
  if (failed()) return;
  error_ = Error{code, std::move(detail), std::string(field)};
  rest_ = {};
}

Result<void> Cursor::so_far() const {
  if (error_) return *error_;
  return {};
}

Result<void> Cursor::done() const {
  if (error_) return *error_;
  if (!rest_.empty()) return Error{Code::trailing_data, std::to_string(rest_.size()) + " bytes are left", ""};
  return {};
}

}  // namespace seatls::codec
