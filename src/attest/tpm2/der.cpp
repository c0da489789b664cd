#include "attest/tpm2/der.h"

#include <algorithm>
#include <string>

namespace seatls::attest::tpm2::der {

Bytes write(std::uint8_t tag, ByteView content) {
  Bytes out = {tag};
  const std::size_t n = content.size();
  if (n < 0x80) {
    out.push_back(static_cast<std::uint8_t>(n));
  } else {
    Bytes length;
    for (std::size_t rest = n; rest != 0; rest >>= 8) length.push_back(static_cast<std::uint8_t>(rest));
    out.push_back(static_cast<std::uint8_t>(0x80 | length.size()));
    out.insert(out.end(), length.rbegin(), length.rend());
  }
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Bytes write_integer(ByteView number) {
  const auto* first =
      std::find_if(number.data(), number.data() + number.size(), [](std::uint8_t b) { return b != 0; });
  Bytes content(first, number.data() + number.size());
  // A leading zero keeps the number positive, and is the number zero itself.
  if (content.empty() || (content[0] & 0x80) != 0) content.insert(content.begin(), 0);
  return write(integer, content);
}

Result<ByteView> Reader::take(std::uint8_t tag) {
  if (data_.size() < 2) return Error{Code::truncated, "an ASN.1 element is missing", ""};
  if (data_[0] != tag) {
    return Error{
        Code::malformed,
        "ASN.1 tag " + std::to_string(data_[0]) + " stands where " + std::to_string(tag) + " belongs", ""};
  }
  std::size_t length = data_[1];
  std::size_t header = 2;
  if (length >= 0x80) {
    const std::size_t width = length & 0x7f;
    if (width == 0 || width > 3 || data_.size() < 2 + width) {
      return Error{Code::malformed, "ASN.1 length", ""};
    }
    length = 0;
    for (std::size_t i = 0; i < width; ++i) length = length << 8 | data_[2 + i];
    const bool shortest = length >= 0x80 && (width == 1 || length >> (8 * (width - 1)) != 0);
    if (!shortest) return Error{Code::malformed, "ASN.1 length is not the shortest", ""};
    header += width;
  }
  if (data_.size() - header < length) {
    return Error{Code::truncated, "an ASN.1 element ends after its container", ""};
  }
  const ByteView content = data_.subspan(header, length);
  data_ = data_.subspan(header + length);
  return content;
}

}  // namespace seatls::attest::tpm2::der
