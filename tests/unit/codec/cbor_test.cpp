// CBOR from hostile hands, the limits, and the deterministic writer.
#include "codec/cbor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/encoding.h"

namespace seatls::codec::cbor {
namespace {

using ::testing::HasSubstr;
using ::testing::Le;

Bytes hex(std::string_view digits) { return *base::from_hex(digits); }
Bytes repeated(std::string_view unit, std::size_t times) {
  Bytes out;
  const Bytes one = hex(unit);
  for (std::size_t i = 0; i < times; ++i) out.insert(out.end(), one.begin(), one.end());
  return out;
}

struct Bad {
  const char* hex;
  Code code;
  const char* why;
};
class HostileCbor : public ::testing::TestWithParam<Bad> {};
TEST_P(HostileCbor, IsRefused) {
  const auto v = parse(hex(GetParam().hex));
  ASSERT_FALSE(v) << GetParam().hex;
  EXPECT_EQ(name(v.error().code), name(GetParam().code)) << v.error().message();
  EXPECT_THAT(v.error().message(), HasSubstr(GetParam().why));
}
constexpr Bad kBad[] = {
    // RFC 8949, appendix F: examples of what is not well-formed.
    {"0000", Code::trailing_data, "1 bytes follow"},
    {"18", Code::truncated, "head"},
    {"1901", Code::truncated, "head"},
    {"1b01020304050607", Code::truncated, "head"},
    {"61", Code::truncated, "1 bytes where 0"},
    {"5affffffff00", Code::truncated, "4294967295 bytes"},
    {"5bffffffffffffffff010203", Code::truncated, "18446744073709551615 bytes"},
    {"7b7fffffffffffffff010203", Code::truncated, "9223372036854775807 bytes"},
    {"81", Code::truncated, "1 items where 0"},
    {"9bffffffffffffffff", Code::truncated, "18446744073709551615 items"},
    {"9a0fffffff00", Code::truncated, "268435455 items"},
    {"bbffffffffffffffff0000", Code::truncated, "18446744073709551615 pairs"},
    {"ba7fffffff0000", Code::truncated, "2147483647 pairs"},
    {"8200", Code::truncated, "2 items where 1"},
    {"a2000000", Code::truncated, "pairs where 3"},
    {"a100", Code::truncated, "pairs where 1"},
    {"c0", Code::truncated, "missing"},
    {"5f4100", Code::truncated, "missing"},
    {"9f01", Code::truncated, "missing"},
    {"bf0102", Code::truncated, "missing"},
    {"bf01", Code::truncated, "missing"},
    {"1c", Code::malformed, "28 is reserved"},
    {"3d", Code::malformed, "29 is reserved"},
    {"5e", Code::malformed, "30 is reserved"},
    {"7c", Code::malformed, "28 is reserved"},
    {"9d", Code::malformed, "29 is reserved"},
    {"be", Code::malformed, "30 is reserved"},
    {"dc", Code::malformed, "28 is reserved"},
    {"fc", Code::malformed, "28 is reserved"},
    {"f800", Code::malformed, "simple value 0"},
    {"f818", Code::malformed, "simple value 24"},
    {"f81f", Code::malformed, "simple value 31"},
    {"5f00ff", Code::malformed, "chunk of another type"},
    {"5f6100ff", Code::malformed, "chunk of another type"},
    {"7f4100ff", Code::malformed, "chunk of another type"},
    {"5f5f4100ffff", Code::malformed, "chunk of another type"},
    {"ff", Code::malformed, "break"},
    {"81ff", Code::malformed, "break"},
    {"8200ff", Code::malformed, "break"},
    {"a1ff", Code::truncated, "pairs"},
    {"a100ff", Code::malformed, "break"},
    {"bf00ff", Code::malformed, "break"},  // a key without its value
    {"9f829f819f9fffffffff", Code::malformed, "break"},
    {"1f", Code::malformed, "indefinite length where none may be"},
    {"3f", Code::malformed, "indefinite length where none may be"},
    {"df", Code::malformed, "indefinite length where none may be"},
    {"c0ff", Code::malformed, "break"},
    // Keys twice, also when the two encodings differ.
    {"a200010002", Code::malformed, "the key 0 stands twice"},
    {"a20001180002", Code::malformed, "the key 0 stands twice"},
    {"a2001b00000000000000000002", Code::malformed, "the key 0 stands twice"},
    {"a200011b000000000000000002", Code::malformed, "the key 0 stands twice"},
    {"a2616101780161"
     "02",
     Code::malformed, "the key \"a\" stands twice"},
    {"a26161017f6161ff02", Code::malformed, "the key \"a\" stands twice"},
    {"a2420102015f41014102ff02", Code::malformed, "the key h'0102' stands twice"},
    {"a2200138"
     "0002",
     Code::malformed, "the key -1 stands twice"},
    {"a2f93c0001fa3f80000002", Code::malformed, "the key 1.0 stands twice"},
    {"a2810001"
     "9f18"
     "00ff02",
     Code::malformed, "the key [0] stands twice"},
    {"bf0a010a02ff", Code::malformed, "the key 10 stands twice"},
    {"81a10aa2"
     "01020103",
     Code::malformed, "the key 1 stands twice"},
    // Text that is not UTF-8: overlong, a surrogate, beyond U+10FFFF, cut between chunks.
    {"61ff", Code::malformed, "UTF-8"},
    {"62c080", Code::malformed, "UTF-8"},
    {"63eda080", Code::malformed, "UTF-8"},
    {"64f4908080", Code::malformed, "UTF-8"},
    {"7f61c361bcff", Code::malformed, "UTF-8"},
    {"a161ff00", Code::malformed, "UTF-8"},
    {"", Code::truncated, "missing"},
};
INSTANTIATE_TEST_SUITE_P(Rows, HostileCbor, ::testing::ValuesIn(kBad));

TEST(Cbor, DepthIsLimited) {
  for (const char* opening : {"81", "a100", "c1", "9f"}) {
    Bytes deep = repeated(opening, 100'000);
    const auto v = parse(deep);
    ASSERT_FALSE(v);
    EXPECT_EQ(v.error().code, Code::limit_exceeded) << opening;
  }
  Bytes allowed = repeated("81", 16);
  allowed.push_back(0);
  EXPECT_TRUE(parse(allowed));
  allowed.insert(allowed.begin(), 0x81);
  EXPECT_EQ(parse(allowed).error().code, Code::limit_exceeded);
  EXPECT_TRUE(parse(allowed, {.depth = 17}));
}

TEST(Cbor, ItemsAreLimited) {
  Bytes many = hex("9f");
  many.insert(many.end(), 9, 0);
  many.push_back(0xff);
  EXPECT_TRUE(parse(many, {.items = 10}));
  EXPECT_EQ(parse(many, {.items = 9}).error().code, Code::limit_exceeded);
  // Empty chunks are free of charge in bytes of content, not in work.
  Bytes chunks = hex("5f");
  chunks.insert(chunks.end(), 100'000, 0x40);
  chunks.push_back(0xff);
  EXPECT_EQ(parse(chunks).error().code, Code::limit_exceeded);
}

TEST(Cbor, ErrorsNameThePlaceAndStayShort) {
  const auto v = parse(hex("a10a83010261ff"));
  ASSERT_FALSE(v);
  EXPECT_EQ(v.error().path, "map[10] > array[2]");
  // A key of 60,000 items does not become a message of that size.
  Bytes big = hex("a2");
  for (int i = 0; i < 2; ++i) {
    const Bytes key = hex("99c350");
    big.insert(big.end(), key.begin(), key.end());
    big.insert(big.end(), 50'000, 0x01);
    big.push_back(0);
  }
  const auto twice = parse(big, {.items = 200'000});
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().message().size(), Le(400u));
}

TEST(Cbor, ReadersRefuseOtherTypes) {
  const Value v = *parse(hex("a3016161024101f5f4"));  // {1: "a", 2: h'01', true: false}
  EXPECT_EQ(*v.find(1)->as_text(), "a");
  EXPECT_EQ(v.find(1)->as_int().error().code, Code::malformed);
  EXPECT_EQ(v.find(1)->as_bytes().error().code, Code::malformed);
  EXPECT_EQ(v.find(2)->as_text().error().code, Code::malformed);
  EXPECT_EQ(v.find(2)->as_bool().error().code, Code::malformed);
  EXPECT_EQ(v.find(3), nullptr);
  EXPECT_EQ(v.find("a"), nullptr);
  EXPECT_EQ(integer(1).find(1), nullptr);
  // A number is an integer, and in range, or it is none.
  EXPECT_FALSE(parse(hex("f93c00"))->as_int());
  EXPECT_FALSE(parse(hex("1bffffffffffffffff"))->as_int());
  EXPECT_EQ(*parse(hex("1bffffffffffffffff"))->as_uint(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_FALSE(parse(hex("3bffffffffffffffff"))->as_int());
  EXPECT_FALSE(parse(hex("20"))->as_uint());
  EXPECT_EQ(*parse(hex("3b7fffffffffffffff"))->as_int(), std::numeric_limits<std::int64_t>::min());
}

TEST(Cbor, WriterIsDeterministic) {
  //= RFC 8949#4.2.1 keys are sorted by their encoded bytes
  const Value v = map({{text("aa"), integer(1)},
                       {integer(-1), integer(2)},
                       {text("z"), integer(3)},
                       {integer(100), integer(4)},
                       {integer(10), integer(5)},
                       {array({integer(-1)}), integer(6)},
                       {array({integer(100)}), integer(7)},
                       {boolean(false), integer(8)}});
  // The order of RFC 8949, 4.2.1: 10, 100, -1, "z", "aa", [100], [-1], false
  EXPECT_EQ(base::to_hex(*encode(v)),
            "a80a05186404200261"
            "7a0362616101"
            "811864078120"
            "06f408");
  EXPECT_EQ(base::to_hex(*encode(integer(std::numeric_limits<std::int64_t>::min()))), "3b7fffffffffffffff");
  EXPECT_EQ(base::to_hex(*encode(tag(0x63740209, bytes(hex("01"))))), "da637402094101");
}

TEST(Cbor, WriterRefusesWhatTheReaderWould) {
  EXPECT_EQ(encode(map({{integer(1), integer(1)}, {integer(1), integer(2)}})).error().code, Code::misuse);
  EXPECT_EQ(encode(text("\xff")).error().code, Code::misuse);
  EXPECT_EQ(encode(Value(Simple{24})).error().code, Code::misuse);
}

TEST(Cbor, DoublesAreWrittenInTheShortestFormThatKeepsThem) {
  const struct {
    double value;
    const char* hex;
  } rows[] = {{5.960464477539063e-8, "f90001"},
              {6.097555160522461e-5, "f903ff"},
              {6.103515625e-5, "f90400"},
              {65504.0, "f97bff"},
              {65505.0, "fa477fe100"},
              {65536.0, "fa47800000"},
              {2.98023223876953125e-8, "fa33000000"},
              {1.0009765625, "f93c01"},
              {1.00048828125, "fa3f801000"},
              {-0.0, "f98000"},
              {1e39,
               "fb4807829"
               "8ac7089"
               "85"}};
  for (const auto& row : rows) {
    const Bytes out = *encode(Value(row.value));
    if (row.value != 1e39) {
      EXPECT_EQ(base::to_hex(out), row.hex) << row.value;
    } else {
      EXPECT_EQ(out.size(), 9u);
    }
    EXPECT_EQ(std::get<double>(parse(out)->data()), row.value);
  }
}

TEST(Cbor, DiagnosisIsCutAndEscaped) {
  EXPECT_EQ(diagnose(bytes(hex("00112233")), 2), "h'0011…' (4 bytes)");
  EXPECT_EQ(diagnose(text("a\"b\\c\n\x7f"), 64), "\"a\\\"b\\\\c\\u000a\\u007f\"");
  EXPECT_EQ(diagnose(text("\xc2\x9b"
                          "31m"),
                     64),
            "\"\\u009b31m\"")
      << "a C1 control";
  EXPECT_EQ(diagnose(text("a\u00fc"), 2), "\"a…\"") << "never cut within a character";
  const Value wide = array(Array(1000, integer(7)));
  EXPECT_THAT(diagnose(wide, 64, 40).size(), Le(60u));
  EXPECT_THAT(diagnose(wide, 64, 40), HasSubstr("…"));
}

// Whatever is read can be written, and is the same when read again.
TEST(Cbor, EverySingleByteChangeFailsOrReadsBackTheSame) {
  const Bytes good = *encode(map({{integer(1), array({bytes(hex("0102")), text("ab"), boolean(true)})},
                                  {text("k"), tag(18, map({{integer(-7), Value(1.5)}}))},
                                  {integer(500), Value(Null{})}}));
  for (std::size_t i = 0; i < good.size(); ++i)
    for (int change = 1; change < 256; ++change) {
      Bytes changed = good;
      changed[i] = static_cast<std::uint8_t>(changed[i] ^ change);
      const auto v = parse(changed);
      if (!v) continue;
      const auto again = encode(*v);
      ASSERT_TRUE(again) << base::to_hex(changed);
      const auto twice = parse(*again);
      ASSERT_TRUE(twice) << base::to_hex(changed);
      EXPECT_EQ(*encode(*twice), *again);
      EXPECT_LE(again->size(), changed.size());
    }
}

}  // namespace
}  // namespace seatls::codec::cbor
