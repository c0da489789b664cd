#include "codec/cursor.h"

#include <gtest/gtest.h>

namespace seatls::codec {
namespace {

const Bytes nine = {1, 2, 3, 4, 5, 6, 7, 8, 9};

TEST(Cursor, reads_either_byte_order) {
  Cursor little(nine, Endian::little);
  EXPECT_EQ(little.u8("a"), 0x01);
  EXPECT_EQ(little.u16("b"), 0x0302);
  EXPECT_EQ(little.u32("c"), 0x07060504U);
  EXPECT_EQ(bytes(little.rest()), (Bytes{8, 9}));
  Cursor big(nine, Endian::big);
  EXPECT_EQ(big.u64("a"), 0x0102030405060708U);
  EXPECT_EQ(big.u8("b"), 9);
  EXPECT_TRUE(big.done());
}

TEST(Cursor, array_copies_a_field) {
  Cursor c(nine, Endian::little);
  EXPECT_EQ(c.array<4>("a"), (std::array<std::uint8_t, 4>{1, 2, 3, 4}));
  EXPECT_EQ(c.array<5>("b"), (std::array<std::uint8_t, 5>{5, 6, 7, 8, 9}));
  EXPECT_TRUE(c.done());
}

TEST(Cursor, keeps_its_first_failure_with_the_field) {
  Cursor c(nine, Endian::little);
  EXPECT_EQ(c.u64("a"), 0x0807060504030201U);
  EXPECT_EQ(c.u32("version"), 0U);
  EXPECT_EQ(c.array<2>("later"), (std::array<std::uint8_t, 2>{}));
  c.fail(Code::malformed, "later still", "never told");
  EXPECT_TRUE(c.rest().empty());
  const auto done = c.done();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::truncated);
  EXPECT_EQ(done.error().path, "version");
  EXPECT_EQ(done.error().detail, "needs 4 bytes; 1 are left");
}

TEST(Cursor, refuses_what_is_left) {
  Cursor c(nine, Endian::little);
  EXPECT_EQ(c.u64("a"), 0x0807060504030201U);
  EXPECT_TRUE(c.so_far());
  const auto done = c.done();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::trailing_data);
}

TEST(Cursor, reserved_bytes_are_zero) {
  const Bytes raw = {0, 0, 0, 7, 0};
  Cursor sound(raw, Endian::little);
  sound.reserved(3, "reserved");
  EXPECT_EQ(sound.u16("a"), 7);
  EXPECT_TRUE(sound.done());
  Cursor broken(raw, Endian::little);
  broken.reserved(5, "reserved");
  const auto done = broken.done();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::unknown_value);
  EXPECT_EQ(done.error().detail, "byte 3 of 5 is 7; all are reserved and zero");
  EXPECT_EQ(done.error().path, "reserved");
  Cursor cut(raw, Endian::little);
  cut.reserved(6, "reserved");
  ASSERT_FALSE(cut.done());
  EXPECT_EQ(cut.done().error().code, Code::truncated);
}

}  // namespace
}  // namespace seatls::codec
