#include "base/encoding.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace seatls::base {
namespace {

TEST(Encoding, HexBothWays) {
  EXPECT_EQ(to_hex(*from_hex("00fFa0")), "00ffa0");
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

TEST(Encoding, Base64UrlVectorsOfRfc4648) {
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (auto [plain, coded] : rows) {
    EXPECT_EQ(to_base64url(view(plain)), coded);
    EXPECT_EQ(text(*from_base64url(coded)), plain);
  }
}

TEST(Encoding, Base64UrlHasOneTextPerValue) {
  EXPECT_FALSE(from_base64url("Zg=="));
  EXPECT_FALSE(from_base64url("Zh"));  // stray bits
  EXPECT_FALSE(from_base64url("Z"));
  EXPECT_FALSE(from_base64url("Zm+v"));
}

TEST(Encoding, Base64VectorsOfRfc4648) {
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"},
                                                      {"\xfb\xff\xbe", "+/++"}};
  for (auto [plain, coded] : rows) {
    EXPECT_EQ(to_base64(view(plain)), coded);
    EXPECT_EQ(text(*from_base64(coded)), plain);
  }
}

TEST(Encoding, Base64OfOthersIsReadInItsForms) {
  for (const char* form : {"Zg", "Zg=="}) EXPECT_EQ(text(*from_base64(form)), "f") << form;
  EXPECT_EQ(text(*from_base64("+/++")), text(*from_base64("-_--")));
  for (const char* wrong :
       {"Zg=", "Zm8==", "Zm9v=", "=", "====", "Zg===", "Zm==Zg", "Zh", "Z", "Zm 9v", "Zm9v\n"})
    EXPECT_FALSE(from_base64(wrong)) << wrong;
  EXPECT_EQ(text(*from_base64_lines("\r\n\t Zm9v\n  Yg=\n=\n")), "foob");
  EXPECT_FALSE(from_base64_lines("Zm9v\n*"));
}

TEST(Encoding, Utf8) {
  EXPECT_TRUE(is_utf8(view("grüße €\xf0\x9f\x94\x92")));
  EXPECT_FALSE(is_utf8(view("\xc0\x80")));          // overlong
  EXPECT_FALSE(is_utf8(view("\xed\xa0\x80")));      // surrogate
  EXPECT_FALSE(is_utf8(view("\xf4\x90\x80\x80")));  // beyond U+10FFFF
  EXPECT_FALSE(is_utf8(view("\xe2\x82")));          // cut
}

TEST(Clock, Rfc3339BothWays) {
  EXPECT_EQ(to_rfc3339(*from_rfc3339("2026-11-21T09:30:00Z")), "2026-11-21T09:30:00Z");
  EXPECT_EQ(from_rfc3339("1970-01-02T00:00:01Z")->time_since_epoch().count(), 86401);
  for (const char* bad :
       {"2026-11-21", "2026-02-30T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T09:30:00+01:00"})
    EXPECT_FALSE(from_rfc3339(bad)) << bad;
}

}  // namespace
}  // namespace seatls::base
