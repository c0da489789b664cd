#include "base/encoding.h"

#include <algorithm>

namespace seatls::base {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string to_hex(ByteView data) {
  std::string out;
  out.reserve(data.size() * 2);
  for (auto b : data) {
    out += kHex[b >> 4];
    out += kHex[b & 15];
  }
  return out;
}

Result<Bytes> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return Error{Code::malformed, "hex text has an odd number of digits", ""};
  Bytes out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0)
      return Error{Code::malformed,
                   "'" + std::string(hex.substr(i, 2)) + "' at digit " + std::to_string(i) + " is not hex",
                   ""};
    out.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return out;
}

std::string to_base64url(ByteView data) {
  std::string out;
  out.reserve((data.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (auto b : data) {
    bits = bits << 8 | b;
    held += 8;
    while (held >= 6) out += kBase64Url[bits >> (held -= 6) & 63];
  }
  if (held > 0) out += kBase64Url[bits << (6 - held) & 63];
  return out;
}

Result<Bytes> from_base64url(std::string_view text) {
  if (text.size() % 4 == 1)
    return Error{Code::malformed, "base64url text of " + std::to_string(text.size()) + " characters", ""};
  Bytes out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (char c : text) {
    const auto v = kBase64Url.find(c);
    if (v == std::string_view::npos)
      return Error{Code::malformed, "a character outside of the base64url alphabet", ""};
    bits = bits << 6 | static_cast<std::uint32_t>(v);
    held += 6;
    if (held >= 8) out.push_back(static_cast<std::uint8_t>(bits >> (held -= 8)));
  }
  if ((bits & ((1u << held) - 1)) != 0)
    return Error{Code::malformed, "base64url text with stray bits at its end", ""};
  return out;
}

std::string to_base64(ByteView data) {
  std::string out = to_base64url(data);
  std::ranges::replace(out, '-', '+');
  std::ranges::replace(out, '_', '/');
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

Result<Bytes> from_base64(std::string_view text) {
  std::string url(text.substr(0, text.find_last_not_of('=') + 1));
  const std::size_t padding = text.size() - url.size();
  if (padding > 0 && (padding > 2 || text.size() % 4 != 0))
    return Error{Code::malformed, "is padded as no base64 is", ""};
  std::ranges::replace(url, '+', '-');
  std::ranges::replace(url, '/', '_');
  return from_base64url(url);
}

Result<Bytes> from_base64_lines(std::string_view text) {
  std::string digits;
  digits.reserve(text.size());
  std::ranges::copy_if(text, std::back_inserter(digits),
                       [](char c) { return c != '\n' && c != '\r' && c != ' ' && c != '\t'; });
  return from_base64(digits);
}

bool is_utf8(ByteView data) {
  for (std::size_t i = 0; i < data.size();) {
    const std::uint8_t lead = data[i];
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || data.size() - i <= more) return false;
    std::uint32_t point = lead & (0x3fu >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      if ((data[i + k] & 0xc0) != 0x80) return false;
      point = point << 6 | (data[i + k] & 0x3fu);
    }
    constexpr std::uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    if (point < kLeast[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    i += more + 1;
  }
  return true;
}

}  // namespace seatls::base
