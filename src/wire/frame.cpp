#include "wire/frame.h"

#include <algorithm>
#include <string>

#include "codec/tls.h"

namespace seatls::wire {
namespace {

using codec::Reader;
using codec::Writer;

bool known(std::uint8_t type) { return type <= static_cast<std::uint8_t>(FrameType::window); }

std::string place(FrameType type) { return "seatls/1 frame > " + std::string(name(type)); }

std::optional<Error> length_error(FrameType type, std::size_t length) {
  if (length >= least(type) && length <= most(type)) return std::nullopt;
  return Error{Code::length_out_of_range,
               std::to_string(length) + " bytes; a body of this type has " + std::to_string(least(type)) +
                   " to " + std::to_string(most(type)),
               place(type)};
}

// done returns what was read, if that was all.
template <class T>
Result<T> done(const Reader& r, T value, FrameType type) {
  if (r.error()) return Error(*r.error()).in(place(type));
  if (!r.done()) return Error{Code::trailing_data, "bytes follow the last field", place(type)};
  return value;
}

}  // namespace

std::string_view name(FrameType type) {
  switch (type) {
    case FrameType::data: return "data";
    case FrameType::authenticator_request: return "authenticator-request";
    case FrameType::authenticator: return "authenticator";
    case FrameType::verdict: return "verdict";
    case FrameType::error: return "error";
    case FrameType::window: return "window";
  }
  return "?";
}

std::size_t least(FrameType type) {
  switch (type) {
    case FrameType::data: return 0;  // the end of the data
    case FrameType::authenticator_request:
    case FrameType::authenticator: return 4;  // a handshake message's header
    case FrameType::verdict: return 2;
    case FrameType::error: return 1;
    case FrameType::window: return 4;
  }
  return 0;
}

std::size_t most(FrameType type) {
  switch (type) {
    case FrameType::data: return most_data_per_frame;
    case FrameType::authenticator_request: return 65'536;
    case FrameType::authenticator: return 262'144;  // 64 KB of evidence, and a certificate chain
    case FrameType::verdict: return 2;
    case FrameType::error: return 1;
    case FrameType::window: return 4;
  }
  return 0;
}

Result<Bytes> encode_frame(FrameType type, ByteView body) {
  if (auto wrong = length_error(type, body.size())) return std::move(*wrong);
  Writer w;
  w.u8(static_cast<std::uint8_t>(type));
  w.vector<0, 0xffffff>("body", body);
  return std::move(w).take();
}

Bytes encode(const Verdict& verdict) { return {static_cast<std::uint8_t>(verdict.standing), verdict.reason}; }

Result<Verdict> decode_verdict(ByteView body) {
  Reader r(body);
  const std::uint8_t standing = r.u8("standing");
  if (!r.error() && (standing < 1 || standing > 3))
    r.fail("standing", Code::unknown_value,
           "is " + std::to_string(standing) + "; known are 1 (trusted), 2 (restricted), 3 (refused)");
  const std::uint8_t reason = r.u8("reason");
  return done(r, Verdict{static_cast<Verdict::Standing>(standing), reason}, FrameType::verdict);
}

Bytes encode_window(std::uint32_t credit) {
  return {static_cast<std::uint8_t>(credit >> 24), static_cast<std::uint8_t>(credit >> 16),
          static_cast<std::uint8_t>(credit >> 8), static_cast<std::uint8_t>(credit)};
}

Result<std::uint32_t> decode_window(ByteView body) {
  Reader r(body);
  const std::uint32_t high = r.u16("credit");
  const std::uint32_t credit = high << 16 | r.u16("credit");
  if (!r.error() && credit == 0) r.fail("credit", Code::unknown_value, "is 0; it grants at least one byte");
  return done(r, credit, FrameType::window);
}

Bytes encode_error(std::uint8_t reason) { return {reason}; }

Result<std::uint8_t> decode_error(ByteView body) {
  Reader r(body);
  const std::uint8_t reason = r.u8("reason");
  return done(r, reason, FrameType::error);
}

void FrameReader::feed(ByteView bytes) {
  // What was read is dropped once it is the greater part: each byte is moved at most once on average.
  if (start_ > buffer_.size() / 2) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(start_));
    start_ = 0;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<Frame>> FrameReader::next() {
  if (error_) return *error_;
  const ByteView rest = ByteView(buffer_).subspan(start_);
  if (rest.empty()) return std::optional<Frame>();
  if (!known(rest[0])) {
    error_ = Error{Code::unknown_value, "is " + std::to_string(rest[0]) + "; known are 0 to 5",
                   "seatls/1 frame > type"};
    return *error_;
  }
  if (rest.size() < frame_header_size) return std::optional<Frame>();
  const auto type = static_cast<FrameType>(rest[0]);
  const std::size_t length = std::size_t{rest[1]} << 16 | std::size_t{rest[2]} << 8 | rest[3];
  if ((error_ = length_error(type, length))) return *error_;
  if (rest.size() < frame_header_size + length) return std::optional<Frame>();
  const ByteView body = rest.subspan(frame_header_size, length);
  start_ += frame_header_size + length;
  return std::optional(Frame{type, bytes(body)});
}

}  // namespace seatls::wire
