// seatls/1 frames: round trips, every prefix, every changed byte, and each limit of docs/protocol/framing.md.
#include "wire/frame.h"

#include <gtest/gtest.h>

#include <vector>

namespace seatls::wire {
namespace {

struct Sample {
  FrameType type;
  Bytes body;
};

std::vector<Sample> samples() {
  return {{FrameType::data, {}},
          {FrameType::data, {'h', 'i'}},
          {FrameType::data, Bytes(most_data_per_frame, 7)},
          {FrameType::authenticator_request, {13, 0, 0, 0}},
          {FrameType::authenticator, Bytes(262'144, 1)},
          {FrameType::verdict, encode(Verdict{Verdict::Standing::refused, 49})},
          {FrameType::error, encode_error(10)},
          {FrameType::window, encode_window(0x01020304)}};
}

Result<std::optional<Frame>> read_one(ByteView in) {
  FrameReader reader;
  reader.feed(in);
  return reader.next();
}

TEST(Frame, ComesBack) {
  FrameReader reader;
  for (const auto& s : samples()) reader.feed(encode_frame(s.type, s.body).value());
  for (const auto& s : samples()) {
    const auto frame = reader.next();
    ASSERT_TRUE(frame.ok() && *frame) << name(s.type);
    EXPECT_EQ(**frame, (Frame{s.type, s.body}));
  }
  const auto end = reader.next();
  EXPECT_TRUE(end.ok() && !*end);
  EXPECT_EQ(reader.buffered(), 0U);
}

TEST(Frame, ComesBackByteForByte) {
  for (const auto& s : samples()) {
    FrameReader reader;
    const Bytes encoded = encode_frame(s.type, s.body).value();
    for (std::size_t i = 0; i + 1 < encoded.size(); ++i) {
      reader.feed(ByteView(encoded).subspan(i, 1));
      const auto none = reader.next();
      ASSERT_TRUE(none.ok() && !*none) << "a prefix of " << i + 1 << " bytes is no frame";
    }
    reader.feed(ByteView(encoded).last(1));
    const auto frame = reader.next();
    ASSERT_TRUE(frame.ok() && *frame);
    EXPECT_EQ((*frame)->body, s.body);
  }
}

TEST(Frame, AnUnknownTypeIsRefusedAtItsFirstByte) {
  for (int type = 6; type < 256; ++type) {
    const auto frame = read_one(Bytes{static_cast<std::uint8_t>(type)});
    ASSERT_FALSE(frame.ok());
    EXPECT_EQ(frame.error().code, Code::unknown_value);
    EXPECT_EQ(frame.error().path, "seatls/1 frame > type");
  }
}

TEST(Frame, ALengthIsJudgedBeforeItsBodyIsThere) {
  const auto header = [](FrameType type, std::size_t n) {
    return Bytes{static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(n >> 16),
                 static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
  };
  for (const auto type : {FrameType::data, FrameType::authenticator_request, FrameType::authenticator,
                          FrameType::verdict, FrameType::error, FrameType::window}) {
    const auto longer = read_one(header(type, most(type) + 1));
    ASSERT_FALSE(longer.ok()) << name(type);
    EXPECT_EQ(longer.error().code, Code::length_out_of_range);
    EXPECT_TRUE(read_one(header(type, most(type))).ok());
    EXPECT_FALSE(encode_frame(type, Bytes(most(type) + 1)).ok());
    if (least(type) == 0) continue;
    EXPECT_EQ(read_one(header(type, least(type) - 1)).error().code, Code::length_out_of_range);
  }
}

TEST(Frame, AnErrorStays) {
  FrameReader reader;
  reader.feed(Bytes{9});
  ASSERT_FALSE(reader.next().ok());
  reader.feed(encode_frame(FrameType::data, Bytes{1}).value());
  EXPECT_FALSE(reader.next().ok());
}

TEST(Frame, TheExampleOfTheDocument) {
  Bytes stream = encode_frame(FrameType::verdict, encode(Verdict{})).value();
  for (const Bytes& body : {Bytes{'h', 'i'}, Bytes{}}) {
    const Bytes frame = encode_frame(FrameType::data, body).value();
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  EXPECT_EQ(stream, (Bytes{3, 0, 0, 2, 1, 0, 0, 0, 0, 2, 0x68, 0x69, 0, 0, 0, 0}));
}

TEST(FrameBodies, AreReadStrictly) {
  EXPECT_EQ(decode_verdict(Bytes{2, 80}).value(), (Verdict{Verdict::Standing::restricted, 80}));
  for (const Bytes& bad : {Bytes{}, Bytes{1}, Bytes{1, 0, 0}, Bytes{0, 0}, Bytes{4, 0}})
    EXPECT_FALSE(decode_verdict(bad).ok());
  EXPECT_EQ(decode_window(Bytes{1, 2, 3, 4}).value(), 0x01020304U);
  EXPECT_EQ(decode_window(encode_window(0xffffffff)).value(), 0xffffffffU);
  for (const Bytes& bad : {Bytes{}, Bytes{0, 0, 0}, Bytes{0, 0, 0, 0}, Bytes{0, 0, 0, 1, 0}})
    EXPECT_FALSE(decode_window(bad).ok());
  EXPECT_EQ(decode_error(Bytes{47}).value(), 47);
  EXPECT_FALSE(decode_error(Bytes{}).ok());
  EXPECT_FALSE(decode_error(Bytes{1, 2}).ok());
}

}  // namespace
}  // namespace seatls::wire
