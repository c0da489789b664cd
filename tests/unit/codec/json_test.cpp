// JSON, strictly.
#include "codec/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace seatls::codec::json {
namespace {

using ::testing::HasSubstr;

struct Bad {
  const char* text;
  Code code;
};
class HostileJson : public ::testing::TestWithParam<Bad> {};
TEST_P(HostileJson, IsRefused) {
  const auto v = parse(GetParam().text);
  ASSERT_FALSE(v) << GetParam().text;
  EXPECT_EQ(name(v.error().code), name(GetParam().code)) << v.error().message();
}
constexpr Bad kBad[] = {
    {"", Code::malformed},
    {" ", Code::malformed},
    {"{", Code::malformed},
    {"{}{}", Code::malformed},
    {"{}x", Code::malformed},
    {"{\"a\":1,}", Code::malformed},
    {"[1,]", Code::malformed},
    {"{'a':1}", Code::malformed},
    {"{a:1}", Code::malformed},
    {"[1 /* c */]", Code::malformed},
    {"// c\n1", Code::malformed},
    {"NaN", Code::malformed},
    {"Infinity", Code::malformed},
    {"1e999", Code::malformed},
    {"01", Code::malformed},
    {"+1", Code::malformed},
    {".5", Code::malformed},
    {"0x1", Code::malformed},
    {"\"\\x41\"", Code::malformed},
    {"\"\n\"", Code::malformed},
    {"\"\xff\"", Code::malformed},
    {"\"\xc0\x80\"", Code::malformed},
    {"\"\xed\xa0\x80\"", Code::malformed},
    {"\"\\ud800\"", Code::malformed},
    {"\"\\udc00\\ud800\"", Code::malformed},
    {"\xef\xbb\xbf{}", Code::malformed},
    // Keys twice, also when the two are written differently.
    {"{\"a\":1,\"a\":2}", Code::malformed},
    {"{\"a\":1,\"\\u0061\":2}", Code::malformed},
    {"[{\"b\":{\"a\":1,\"c\":2,\"a\":1}}]", Code::malformed},
};
INSTANTIATE_TEST_SUITE_P(Rows, HostileJson, ::testing::ValuesIn(kBad));

TEST(Json, EmbeddedZeroEndsNothing) {
  EXPECT_FALSE(parse(std::string_view("{}\0", 3)));
  EXPECT_FALSE(parse(std::string_view("\"a\0b\"", 5)));
  EXPECT_EQ(parse("\"a\\u0000b\"")->as_text()->size(), 3u);
}

TEST(Json, DepthAndItemsAreLimited) {
  const std::string deep = std::string(16, '[') + std::string(16, ']');
  EXPECT_TRUE(parse(deep));
  EXPECT_EQ(parse("[" + deep + "]").error().code, Code::limit_exceeded);
  EXPECT_EQ(parse(std::string(1'000'000, '[')).error().code, Code::limit_exceeded);
  std::string bomb;
  for (int i = 0; i < 100'000; ++i) bomb += "{\"a\":";
  EXPECT_EQ(parse(bomb).error().code, Code::limit_exceeded);
  EXPECT_TRUE(parse("[1,2,3]", {.items = 4}));
  EXPECT_EQ(parse("[1,2,3]", {.items = 3}).error().code, Code::limit_exceeded);
}

TEST(Json, NumbersKeepHowTheyWereWritten) {
  EXPECT_EQ(*parse("9223372036854775807")->as_int(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(*parse("-9223372036854775808")->as_int(), std::numeric_limits<std::int64_t>::min());
  for (const char* text : {"1.0", "1e3", "1E0", "9223372036854775808", "-9223372036854775809",
                           "18446744073709551616", "\"1\"", "true", "null"})
    EXPECT_EQ(parse(text)->as_int().error().code, Code::malformed) << text;
}

TEST(Json, ReadersRefuseOtherTypes) {
  const Value v = *parse("{\"a\":\"x\",\"b\":[true],\"c\":1}");
  EXPECT_EQ(*v.find("a")->as_text(), "x");
  EXPECT_FALSE(v.find("a")->as_bool());
  EXPECT_FALSE(v.find("c")->as_text());
  EXPECT_EQ(v.find("d"), nullptr);
  EXPECT_EQ(v.find("b")->find("a"), nullptr);
  ASSERT_NE(v.find("b")->array(), nullptr);
  EXPECT_TRUE(*v.find("b")->array()->front().as_bool());
  EXPECT_EQ(v.object()->front().first, "a") << "members keep the order of the text";
}

TEST(Json, WritesWhatItReads) {
  const char* text = R"({"z":[1,-2,"ü\n",true,null,1.5],"a":{}})";
  EXPECT_EQ(*write(*parse(text)), text);
}

TEST(Json, WriterRefusesWhatTheReaderWould) {
  EXPECT_EQ(write(Value(std::string("\xff"))).error().code, Code::misuse);
  EXPECT_EQ(write(Value(Object{{"a", Value("1")}, {"a", Value("2")}})).error().code, Code::misuse);
  EXPECT_EQ(write(Value(std::numeric_limits<double>::infinity())).error().code, Code::misuse);
  EXPECT_EQ(write(Value(std::numeric_limits<double>::quiet_NaN())).error().code, Code::misuse);
}

TEST(Json, ErrorsSayWhere) {
  EXPECT_THAT(parse("[1,x]").error().detail, HasSubstr("character 4"));
  EXPECT_THAT(parse("{\"key\":1,\"key\":2}").error().detail, HasSubstr("\"key\" stands twice"));
}

}  // namespace
}  // namespace seatls::codec::json
