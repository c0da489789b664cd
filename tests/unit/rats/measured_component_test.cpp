#include "rats/measured_component.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "codec/cbor.h"

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;

Bytes hex(std::string_view digits) { return *base::from_hex(digits); }

// draft-ietf-rats-eat-measured-component, section 6: the first example, with members that are passed over.
TEST(MeasuredComponent, ReadsTheDraftsExample) {
  const auto read = read_measured_component(
      hex("a401826d626f6f74206c6f6164657220588268312e322e337263321940000282677368612d323536"
          "58203996003d486fb91ffb056f7d03f2b2992b215b31dbe7af4b373431fc7d319da3"
          "03825820492e9b676c21f6012b1ceeb9032feb4141a880797355f6675015ec59c51ca1ec"
          "58204277bb97ba7b51577a0d38151d3e08b40bdf946753f5b5bdeb814d6ff57a8a5e"
          "04480000000000000101"));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read,
            (MeasuredComponent{"boot loader X", "1.2.3rc2", Hash::sha256,
                               hex("3996003d486fb91ffb056f7d03f2b2992b215b31dbe7af4b373431fc7d319da3")}));
}

TEST(MeasuredComponent, WritesWhatItReads) {
  for (const Hash hash : {Hash::sha256, Hash::sha384, Hash::sha512})
    for (const auto& version : {std::optional<std::string>(), std::optional<std::string>("1")}) {
      const MeasuredComponent component{"x", version, hash, Bytes(size(hash), 3)};
      const auto written = write_measured_component(component);
      ASSERT_TRUE(written) << written.error().message();
      EXPECT_EQ(*read_measured_component(*written), component);
      for (std::size_t n = 0; n < written->size(); ++n)
        EXPECT_FALSE(read_measured_component(ByteView(*written).first(n))) << n;
    }
}

TEST(MeasuredComponent, RefusesWhatItIsNot) {
  const auto id = cbor::array({cbor::text("x")});
  const auto digest = cbor::array({cbor::integer(1), cbor::bytes(Bytes(32))});
  const auto refused = [](cbor::Map map) {
    const auto read = read_measured_component(*cbor::encode(cbor::map(std::move(map))));
    return !read && category(read.error().code) == Category::decode;
  };
  const auto one = cbor::integer(1), two = cbor::integer(2);
  EXPECT_FALSE(refused({{one, id}, {two, digest}}));
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({{one, id}}));
  EXPECT_TRUE(refused({{two, digest}}));
  EXPECT_TRUE(refused({{one, cbor::text("x")}, {two, digest}}));
  EXPECT_TRUE(refused({{one, cbor::array({})}, {two, digest}}));
  EXPECT_TRUE(refused({{one, cbor::array({cbor::integer(7)})}, {two, digest}}));
  EXPECT_TRUE(refused({{one, cbor::array({cbor::text("x"), cbor::text("1.0")})}, {two, digest}}));
  EXPECT_TRUE(refused({{one, id}, {cbor::integer(5), cbor::bytes(Bytes(32))}}));  // raw
  EXPECT_TRUE(refused({{one, id}, {two, cbor::array({cbor::integer(1)})}}));
  EXPECT_TRUE(refused({{one, id}, {two, cbor::array({cbor::integer(2), cbor::bytes(Bytes(32))})}}));
  EXPECT_TRUE(refused({{one, id}, {two, cbor::array({cbor::text("sha-384"), cbor::bytes(Bytes(32))})}}));
  EXPECT_TRUE(refused({{one, id}, {two, cbor::array({cbor::integer(1), cbor::text("x")})}}));
}

TEST(MeasuredComponent, RefusesToWriteADigestThatIsNone) {
  EXPECT_FALSE(write_measured_component({"x", std::nullopt, Hash::sha256, Bytes(31)}));
  EXPECT_FALSE(write_measured_component({"x", std::nullopt, Hash::sha1, Bytes(20)}));
}

}  // namespace
}  // namespace seatls::rats
