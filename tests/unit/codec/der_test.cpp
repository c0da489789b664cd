#include "codec/der.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace seatls::codec::der {
namespace {

Bytes hex(const char* text) { return base::from_hex(text).value(); }

TEST(Der, ElementsOneAfterTheOther) {
  const Bytes in = hex("020105040330313206082a864886f84d010d");
  Reader reader(in);
  EXPECT_EQ(to_unsigned(*reader.take(tag::integer)).value(), 5U);
  EXPECT_EQ(bytes(*reader.take(tag::octet_string)), hex("303132"));
  EXPECT_EQ(to_dotted(*reader.take(tag::object_identifier)).value(), "1.2.840.113741.1.13");
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.next().error().code, Code::truncated);
}

TEST(Der, LengthsOfEveryForm) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{127}, std::size_t{128}, std::size_t{256}}) {
    Bytes in = size < 128   ? Bytes{0x04, static_cast<std::uint8_t>(size)}
               : size < 256 ? Bytes{0x04, 0x81, static_cast<std::uint8_t>(size)}
                            : Bytes{0x04, 0x82, 0x01, 0x00};
    in.resize(in.size() + size, 0x55);
    ASSERT_TRUE(only(in, tag::octet_string)) << size;
    EXPECT_EQ(only(in, tag::octet_string)->size(), size);
    if (!in.empty()) {
      EXPECT_FALSE(only(ByteView(in).first(in.size() - 1), tag::octet_string));
    }
    in.push_back(0);
    EXPECT_EQ(only(in, tag::octet_string).error().code, Code::trailing_data);
  }
}

TEST(Der, WhatIsNotDistinguished) {
  for (const char* bad : {"0480", "048101aa", "04817f", "0482007f", "04850000000001aa", "1f0100", "04", "",
                          "0482", "0484ffffffff", "0401"})
    EXPECT_FALSE(only(hex(bad), tag::octet_string)) << bad;
  EXPECT_EQ(only(hex("020105"), tag::octet_string).error().code, Code::malformed);
}

TEST(Der, Numbers) {
  EXPECT_EQ(to_unsigned(hex("00")).value(), 0U);
  EXPECT_EQ(to_unsigned(hex("00ff")).value(), 255U);
  EXPECT_EQ(to_unsigned(hex("00ffffffffffffffff")).value(), UINT64_MAX);
  for (const char* bad : {"", "80", "ff", "0001", "007f", "010000000000000000"})
    EXPECT_FALSE(to_unsigned(hex(bad))) << bad;
  EXPECT_TRUE(to_bool(hex("ff")).value());
  EXPECT_FALSE(to_bool(hex("00")).value());
  for (const char* bad : {"", "01", "0000"}) EXPECT_FALSE(to_bool(hex(bad))) << bad;
}

TEST(Der, WhatIsWrittenIsRead) {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 255U, 256U, 65535U, 65536U}) {
    const Bytes content(size, 0x5a);
    const Bytes written = write(tag::octet_string, content);
    const auto read = only(written, tag::octet_string);
    ASSERT_TRUE(read) << size << ": " << read.error().message();
    EXPECT_EQ(bytes(*read), content);
  }
  const Bytes one = write(tag::integer, hex("01")), two = write(tag::integer, hex("02"));
  EXPECT_EQ(write(tag::sequence, {one, two}), hex("3006020101020102"));
  EXPECT_EQ(write(tag::sequence, {}), hex("3000"));
  for (const auto& [number, element] : {std::pair{"", "020100"},
                                        {"0000", "020100"},
                                        {"7f", "02017f"},
                                        {"80", "02020080"},
                                        {"000001ff", "020201ff"}})
    EXPECT_EQ(write_unsigned(hex(number)), hex(element)) << number;
}

TEST(Der, ObjectIdentifiers) {
  EXPECT_EQ(to_dotted(hex("550403")).value(), "2.5.4.3");
  EXPECT_EQ(to_dotted(hex("883703")).value(), "2.999.3");
  EXPECT_EQ(to_dotted(hex("00")).value(), "0.0");
  for (const char* bad : {"", "80", "8055", "2a8001", "2a86", "2affffffffffffffffffff7f"})
    EXPECT_FALSE(to_dotted(hex(bad))) << bad;
}

}  // namespace
}  // namespace seatls::codec::der
