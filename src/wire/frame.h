// seatls/1: application data and attestation over one TLS connection, by ALPN. Our own protocol:
// docs/protocol/framing.md has it to the byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::wire {

inline constexpr std::string_view seatls_1_alpn = "seatls/1";  // seatls::channel_alpn

enum class FrameType : std::uint8_t {
  data = 0,
  authenticator_request = 1,
  authenticator = 2,
  verdict = 3,
  error = 4,
  window = 5,
};
[[nodiscard]] std::string_view name(FrameType type);

// most returns the longest body of a frame of that type, least the shortest.
[[nodiscard]] std::size_t least(FrameType type);
[[nodiscard]] std::size_t most(FrameType type);

inline constexpr std::size_t frame_header_size = 4;
inline constexpr std::size_t most_data_per_frame = 16'384;

// struct {
//     FrameType type;
//     opaque body<0..2^24-1>;
// } Frame;
struct Frame {
  FrameType type = FrameType::data;
  Bytes body;
  bool operator==(const Frame&) const = default;
};
// Errors: length_out_of_range.
[[nodiscard]] Result<Bytes> encode_frame(FrameType type, ByteView body);

// enum { trusted(1), restricted(2), refused(3), (255) } Standing;
// struct {
//     Standing standing;         // of the receiver, in the eyes of the sender
//     AlertDescription reason;   // 0 unless refused or restricted
// } Verdict;
struct Verdict {
  enum class Standing : std::uint8_t { trusted = 1, restricted = 2, refused = 3 };
  Standing standing = Standing::trusted;
  std::uint8_t reason = 0;
  bool operator==(const Verdict&) const = default;
};
[[nodiscard]] Bytes encode(const Verdict& verdict);
[[nodiscard]] Result<Verdict> decode_verdict(ByteView body);

// struct { uint32 credit; } Window;   more bytes of data that the sender of this frame will take; > 0
[[nodiscard]] Bytes encode_window(std::uint32_t credit);
[[nodiscard]] Result<std::uint32_t> decode_window(ByteView body);

// struct { AlertDescription reason; } ErrorFrame;
[[nodiscard]] Bytes encode_error(std::uint8_t reason);
[[nodiscard]] Result<std::uint8_t> decode_error(ByteView body);

// FrameReader finds the frames in a stream. A length is judged before its body has arrived, so that no
// more is ever held than one frame of its type may be long.
class FrameReader {
 public:
  void feed(ByteView bytes);
  // next returns the next whole frame, or nothing until more was fed. Errors: unknown_value for a type
  // that nobody knows, length_out_of_range; from then on the same error.
  [[nodiscard]] Result<std::optional<Frame>> next();
  [[nodiscard]] std::size_t buffered() const { return buffer_.size() - start_; }

 private:
  Bytes buffer_;
  std::size_t start_ = 0;
  std::optional<Error> error_;
};

}  // namespace seatls::wire
