#include "codec/tls.h"

namespace seatls::codec {
namespace {

std::string bounds(std::size_t length, std::size_t least, std::size_t most) {
  return "is " + std::to_string(length) + " bytes; the field holds " + std::to_string(least) + " to " +
         std::to_string(most);
}

}  // namespace

void Reader::fail(std::string_view field, Code code, std::string_view what) {
  fail_in(field, Error{code, std::string(field) + " " + std::string(what), ""});
}

void Reader::fail_in(std::string_view place, Error error) {
  if (!error_) error_ = std::move(error).in(place);
  in_ = {};
}

ByteView Reader::take(std::string_view field, std::size_t n) {
  if (n > in_.size()) {
    fail(field, Code::truncated,
         "needs " + std::to_string(n) + " bytes, " + std::to_string(in_.size()) + " are left");
    return {};
  }
  const auto out = in_.first(n);
  in_ = in_.subspan(n);
  return out;
}

std::size_t Reader::number(std::string_view field, std::size_t width) {
  std::size_t v = 0;
  for (auto b : take(field, width)) v = v << 8 | b;
  return v;
}

ByteView Reader::vector(std::string_view field, std::size_t least, std::size_t most) {
  const auto n = number(field, prefix_width(most));
  if (error_) return {};
  if (n < least || n > most) {
    fail(field, Code::length_out_of_range, bounds(n, least, most));
    return {};
  }
  return take(field, n);
}

void Writer::fail(std::string_view field, Code code, std::string_view what) {
  if (!error_) error_ = Error{code, std::string(field) + " " + std::string(what), std::string(field)};
}

void Writer::number(std::size_t v, std::size_t width) {
  while (width-- > 0) out_.push_back(static_cast<std::uint8_t>(v >> 8 * width));
}

void Writer::close(std::string_view field, std::size_t at, std::size_t least, std::size_t most) {
  const auto width = prefix_width(most), length = out_.size() - at - width;
  if (length < least || length > most)
    return fail(field, Code::length_out_of_range, bounds(length, least, most));
  for (std::size_t i = 0; i < width; ++i)
    out_[at + i] = static_cast<std::uint8_t>(length >> 8 * (width - 1 - i));
}

}  // namespace seatls::codec
