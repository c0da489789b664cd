// Text forms of bytes.
#pragma once

#include <string>
#include <string_view>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::base {

[[nodiscard]] std::string to_hex(ByteView data);
[[nodiscard]] Result<Bytes> from_hex(std::string_view hex);  // even length, either case

[[nodiscard]] std::string to_base64url(ByteView data);  // no padding (RFC 4648, 5)
// from_base64url refuses padding, other alphabets and non-zero trailing bits: one text per value.
[[nodiscard]] Result<Bytes> from_base64url(std::string_view text);

[[nodiscard]] std::string to_base64(ByteView data);  // standard alphabet, padded (RFC 4648, 4)
// from_base64 reads what others write: either alphabet, with or without padding. Several texts have one
// value, so it is not for texts that are compared or signed as such. from_base64_lines reads it broken into
// lines and indented, as PEM and XML have it.
[[nodiscard]] Result<Bytes> from_base64(std::string_view text);
[[nodiscard]] Result<Bytes> from_base64_lines(std::string_view text);

// is_utf8 tells whether the bytes are well-formed UTF-8 (no surrogates, no overlong forms).
[[nodiscard]] bool is_utf8(ByteView data);

}  // namespace seatls::base
