// Compact JWS: what parses and what is refused.
#include "codec/jose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"

namespace seatls::codec::jose {
namespace {

using ::testing::HasSubstr;

std::string jws(std::string_view header, std::string_view payload = "{}", std::string_view signature = "s") {
  return base::to_base64url(view(header)) + "." + base::to_base64url(view(payload)) + "." +
         base::to_base64url(view(signature));
}

TEST(Jws, PartsAreRead) {
  const auto s =
      parse_compact_jws(jws(R"({"alg":"ES256","kid":"k","jku":"https://evil.example"})", "{\"a\":1}"));
  ASSERT_TRUE(s) << s.error().message();
  EXPECT_EQ(s->algorithm, "ES256");
  EXPECT_EQ(s->kid(), "k");
  EXPECT_EQ(text(s->payload), "{\"a\":1}");
  EXPECT_EQ(text(s->signature), "s");
  EXPECT_THAT(jws(R"({"alg":"ES256","kid":"k","jku":"https://evil.example"})", "{\"a\":1}"),
              testing::StartsWith(s->signing_input));
  EXPECT_EQ(parse_compact_jws(jws(R"({"alg":"none"})", "{}", ""))->signature, Bytes{});
}

TEST(Jws, WhatIsNotOneIsRefused) {
  const struct {
    std::string text;
    Code code;
    const char* why;
  } rows[] = {
      {"", Code::malformed, "three parts"},
      {"a.b", Code::malformed, "three parts"},
      {jws(R"({"alg":"ES256"})") + ".", Code::malformed, "three parts"},
      {jws(R"({"alg":"ES256"})") + "=", Code::malformed, "signature"},
      {jws(R"({"alg":"ES256"})") + "\n", Code::malformed, "signature"},
      {" " + jws(R"({"alg":"ES256"})"), Code::malformed, "header"},
      {jws(R"({"alg":"ES256"})", "{}", "\xff\xff").replace(0, 1, "+"), Code::malformed, "header"},
      {"eyJhbGciOiJFUzI1NiJ9.e30.ab", Code::malformed, "signature"},  // trailing bits that are not zero
      {jws("[]"), Code::malformed, "no object"},
      {jws("{}"), Code::malformed, "names no algorithm"},
      {jws(R"({"alg":7})"), Code::malformed, "alg"},
      {jws(R"({"alg":"ES256","alg":"none"})"), Code::malformed, "stands twice"},
      {jws(R"({"alg":"ES256","crit":["exp"],"exp":1})"), Code::unknown_critical, "crit"},
      {jws(R"({"alg":"ES256","crit":["b64"],"b64":false})"), Code::unknown_critical, "crit"},
      {jws(R"({"alg":"ES256"})"
           "x"),
       Code::malformed, "header"},
      {jws("\xff"), Code::malformed, "header"},
  };
  for (const auto& row : rows) {
    const auto s = parse_compact_jws(row.text);
    ASSERT_FALSE(s) << row.text;
    EXPECT_EQ(name(s.error().code), name(row.code)) << s.error().message();
    EXPECT_THAT(s.error().message(), HasSubstr(row.why));
  }
}

TEST(Jws, WhatIsWrittenIsReadBack) {
  const json::Value header(json::Object{{"alg", json::Value("ES384")}, {"kid", json::Value("1")}});
  const auto input = make_signing_input(header, view("payload"));
  ASSERT_TRUE(input);
  const auto s = parse_compact_jws(join_compact_jws(*input, view("signature")));
  ASSERT_TRUE(s);
  EXPECT_EQ(s->signing_input, *input);
  EXPECT_EQ(s->header, header);
  EXPECT_EQ(text(s->payload), "payload");
  EXPECT_EQ(text(s->signature), "signature");
}

}  // namespace
}  // namespace seatls::codec::jose
