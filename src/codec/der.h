// DER (X.690), as far as certificates' extensions, key files and signatures need it: elements, one after the
// other.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::codec::der {

// Identifier octets of the types that are met. Tag numbers above 30 are refused.
namespace tag {
inline constexpr std::uint8_t boolean = 0x01, integer = 0x02, octet_string = 0x04, object_identifier = 0x06,
                              enumerated = 0x0a, ia5_string = 0x16, sequence = 0x30, context_0 = 0xa0,
                              context_1 = 0xa1, context_2 = 0xa2;
}

struct Element {
  std::uint8_t tag = 0;
  ByteView content;
};

// Reader walks over the elements of one constructed value. It looks at bytes that it does not own.
class Reader {
 public:
  explicit Reader(ByteView in) : rest_(in) {}
  [[nodiscard]] bool done() const { return rest_.empty(); }
  [[nodiscard]] ByteView rest() const { return rest_; }
  [[nodiscard]] bool next_is(std::uint8_t tag) const { return !rest_.empty() && rest_[0] == tag; }
  // next returns the element that comes next: definite length, in the shortest form. Errors: truncated,
  // malformed.
  [[nodiscard]] Result<Element> next();
  // take is next for an element that must be of this type.
  [[nodiscard]] Result<ByteView> take(std::uint8_t wanted);

 private:
  ByteView rest_;
};

// only returns the content of the one element that `in` must be.
[[nodiscard]] Result<ByteView> only(ByteView in, std::uint8_t wanted);

// The contents of primitive elements. Errors: malformed, length_out_of_range.
[[nodiscard]] Result<std::uint64_t> to_unsigned(ByteView content);  // INTEGER, ENUMERATED; not negative
[[nodiscard]] Result<bool> to_bool(ByteView content);
[[nodiscard]] Result<std::string> to_dotted(ByteView content);  // OBJECT IDENTIFIER as "1.2.840"

// write returns one element; the parts are its content, one after the other.
[[nodiscard]] Bytes write(std::uint8_t tag, ByteView content);
[[nodiscard]] Bytes write(std::uint8_t tag, std::initializer_list<ByteView> parts);
// write_unsigned returns the INTEGER of an unsigned big-endian number of any width.
[[nodiscard]] Bytes write_unsigned(ByteView number);

}  // namespace seatls::codec::der
