// Media types, content formats, TN().
#include "rats/media_type.h"

#include <gtest/gtest.h>

namespace seatls::rats {
namespace {

TEST(TagNumber, IsThatOfTheVectors) {
  // RFC 9277, appendix B; draft-ietf-rats-msg-wrap-23 (64999) and its IANA section (273 to 276).
  const std::pair<std::uint16_t, std::uint64_t> rows[] = {
      {0, 1668546817},   {254, 0x637401ff}, {255, 0x63740201}, {263, 0x63740209},   {273, 1668547091},
      {274, 1668547092}, {275, 1668547093}, {276, 1668547094}, {64999, 1668612070}, {65024, 1668612095}};
  for (const auto& [format, tag] : rows) {
    EXPECT_EQ(tag_number(format), tag) << format;
    EXPECT_EQ(content_format_of_tag(tag), format);
  }
}

TEST(TagNumber, IsOneToOne) {
  std::uint64_t last = 0;
  for (std::uint32_t format = 0; format <= 65024; ++format) {
    const auto tag = tag_number(static_cast<std::uint16_t>(format));
    ASSERT_TRUE(tag);
    ASSERT_GT(*tag, last);
    ASSERT_NE(*tag & 0xff, 0u) << "RFC 9277: no tag's last byte is zero";
    ASSERT_EQ(content_format_of_tag(*tag), format);
    last = *tag;
  }
  for (std::uint32_t format = 65025; format <= 0xffff; ++format)
    ASSERT_FALSE(tag_number(static_cast<std::uint16_t>(format)));
  for (const std::uint64_t tag :
       {0x63740100ull, 0x63740200ull, 0x63750001ull, 0x63750101ull, 18ull, 61ull, 0x163740101ull})
    EXPECT_FALSE(content_format_of_tag(tag)) << tag;
}

TEST(MediaTypes, AreParsedByTheirGrammar) {
  const auto t = parse_media_type("Application/EAT+cwt; eat_profile=\"tag:a,2023:b;c=\\\"d\\\"\" ;x=2.999.1");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->type, "application/eat+cwt");
  ASSERT_EQ(t->parameters.size(), 2u);
  EXPECT_EQ(*t->parameter("eat_profile"), "tag:a,2023:b;c=\"d\"");
  EXPECT_EQ(*t->parameter("x"), "2.999.1");
  EXPECT_EQ(t->parameter("y"), nullptr);
}

TEST(MediaTypes, WhatIsNoneIsRefused) {
  for (const char* text :
       {"",          "/",     "a",      "a/",     "/b",       "a//b",           "a/b/c",
        "a/b;",      "a/b;x", "a/b;x=", "a/b;=y", "a/b;x=\"", "a/b;x=\"\\",     "a/b;x=y;X=z",
        "a/b x=y",   " a/b",  "a/b ",   "a/b\n",  "a /b",     "a/b;x=\"\x01\"", "a/b;x=y z",
        "a/\xc3\xbc"})
    EXPECT_FALSE(parse_media_type(text)) << text;
}

TEST(MediaTypes, OfContentFormats) {
  EXPECT_EQ(base_type(ContentFormat{263}), "application/eat+cwt");
  EXPECT_EQ(base_type(ContentFormat{10003}), "application/eat+cwt");
  EXPECT_EQ(base_type(ContentFormat{64999}), std::nullopt);
  EXPECT_EQ(base_type(MediaType{"application/EAT+jwt; eat_profile=1.2"}), "application/eat+jwt");
  EXPECT_EQ(base_type(MediaType{"nonsense"}), std::nullopt);
  EXPECT_EQ(profile_of(ContentFormat{10003}), "tag:psacertified.org,2023:psa#tfm");
  EXPECT_EQ(profile_of(ContentFormat{10005}), "2.16.840.1.113741.1.16.1");
  EXPECT_EQ(profile_of(ContentFormat{263}), std::nullopt);
  EXPECT_EQ(profile_of(MediaType{"a/b; eat_profile=\"x\""}), "x");
  // RFC 9782: the parameter's value is compared without regard to case.
  EXPECT_TRUE(same_profile("tag:A,2023:B#c", "TAG:a,2023:b#C"));
  EXPECT_FALSE(same_profile("tag:a,2023:b", "tag:a,2023:b#c"));
  for (unsigned id = 0; id <= 0xffff; ++id)
    if (const auto type = media_type_of(static_cast<std::uint16_t>(id))) {
      EXPECT_TRUE(parse_media_type(*type)) << *type;
    }
}

}  // namespace
}  // namespace seatls::rats
