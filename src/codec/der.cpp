#include "codec/der.h"

#include <algorithm>

#include "base/encoding.h"

namespace seatls::codec::der {
namespace {

Error bad(std::string detail) { return {Code::malformed, std::move(detail), "der"}; }

std::string hex(std::uint8_t octet) { return "0x" + base::to_hex({&octet, 1}); }

}  // namespace

Result<Element> Reader::next() {
  constexpr std::uint8_t long_tag = 0x1f, long_form = 0x80;
  const auto truncated = [&](std::size_t need) {
    return Error{Code::truncated,
                 "needs " + std::to_string(need) + " bytes; " + std::to_string(rest_.size()) + " are left",
                 "der"};
  };
  if (rest_.size() < 2) return truncated(2);
  Element element{.tag = rest_[0], .content = {}};
  if ((element.tag & long_tag) == long_tag) return bad("a tag number above 30");
  std::size_t head = 2, length = rest_[1];
  if (length >= long_form) {
    const std::size_t width = length - long_form;
    if (width == 0 || width > 4) return bad("a length of the form " + hex(rest_[1]));
    head += width;
    if (rest_.size() < head) return truncated(head);
    length = 0;
    for (std::size_t i = 2; i < head; ++i) length = length << 8 | rest_[i];
    if (length < long_form || length >> (8 * (width - 1)) == 0)
      return bad("a length that is not in its shortest form");
  }
  if (rest_.size() - head < length) return truncated(head + length);
  element.content = rest_.subspan(head, length);
  rest_ = rest_.subspan(head + length);
  return element;
}

Result<ByteView> Reader::take(std::uint8_t wanted) {
  SEATLS_TRY(const auto element, next());
  if (element.tag != wanted)
    return bad("an element of the type " + hex(element.tag) + " where " + hex(wanted) + " must be");
  return element.content;
}

Result<ByteView> only(ByteView in, std::uint8_t wanted) {
  Reader reader(in);
  SEATLS_TRY(const auto content, reader.take(wanted));
  if (!reader.done()) return Error{Code::trailing_data, "bytes follow the element", "der"};
  return content;
}

Result<std::uint64_t> to_unsigned(ByteView content) {
  if (content.empty()) return bad("a number without bytes");
  if (content[0] >= 0x80) return bad("a negative number");
  if (content.size() > 1 && content[0] == 0 && content[1] < 0x80)
    return bad("a number that is not in its shortest form");
  if (content[0] == 0) content = content.subspan(1);
  if (content.size() > sizeof(std::uint64_t))
    return Error{Code::length_out_of_range, "a number above 64 bits", "der"};
  std::uint64_t value = 0;
  for (const auto octet : content) value = value << 8 | octet;
  return value;
}

Result<bool> to_bool(ByteView content) {
  if (content.size() != 1 || (content[0] != 0 && content[0] != 0xff))
    return bad("a truth value that is none");
  return content[0] != 0;
}

Result<std::string> to_dotted(ByteView content) {
  constexpr std::uint64_t most = UINT64_MAX >> 7;
  std::string out;
  std::uint64_t arc = 0;
  bool inside = false;
  for (const auto octet : content) {
    if (!inside && octet == 0x80) return bad("an object identifier that is not in its shortest form");
    if (arc > most) return bad("an object identifier with an arc above 64 bits");
    arc = arc << 7 | (octet & 0x7f);
    inside = octet >= 0x80;
    if (inside) continue;
    // The first two arcs share one number: 40 * first + second, where first is at most 2.
    if (out.empty()) {
      const std::uint64_t first = arc < 80 ? arc / 40 : 2;
      out = std::to_string(first) + "." + std::to_string(arc - 40 * first);
    } else {
      out += "." + std::to_string(arc);
    }
    arc = 0;
  }
  if (content.empty() || inside) return bad("an object identifier that ends too early");
  return out;
}

Bytes write(std::uint8_t tag, ByteView content) { return write(tag, {content}); }

Bytes write(std::uint8_t tag, std::initializer_list<ByteView> parts) {
  constexpr std::size_t long_form = 0x80;
  std::size_t size = 0;
  for (const auto part : parts) size += part.size();
  Bytes out = {tag};
  if (size < long_form) {
    out.push_back(static_cast<std::uint8_t>(size));
  } else {
    Bytes length;  // least significant byte first
    for (auto rest = size; rest != 0; rest >>= 8) length.push_back(static_cast<std::uint8_t>(rest));
    out.push_back(static_cast<std::uint8_t>(long_form | length.size()));
    out.insert(out.end(), length.rbegin(), length.rend());
  }
  for (const auto part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Bytes write_unsigned(ByteView number) {
  const auto first = std::ranges::find_if(number, [](std::uint8_t b) { return b != 0; });
  Bytes content(first, number.end());
  // A leading zero keeps the number positive, and is the number zero itself.
  if (content.empty() || content[0] >= 0x80) content.insert(content.begin(), 0);
  return write(tag::integer, content);
}

}  // namespace seatls::codec::der
