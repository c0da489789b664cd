// COSE_Sign1: what parses, what is refused, what is signed.
#include "codec/cose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"

namespace seatls::codec::cose {
namespace {

using ::testing::HasSubstr;

Bytes hex(std::string_view digits) { return *base::from_hex(digits); }

// RFC 9052, appendix C.2.1 (cose-wg/Examples, sign1-tests/sign-pass-02 without external_aad): "Single ECDSA
// Signature".
constexpr const char* kRfc9052 =
    "d28443a10126a10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465ab05aac34cc6b23d58f"
    "ef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36";

TEST(Sign1, TheExampleOfTheRfcIsRead) {
  const auto s = parse_sign1(hex(kRfc9052));
  ASSERT_TRUE(s) << s.error().message();
  EXPECT_EQ(s->algorithm, alg::es256);
  EXPECT_EQ(s->kid(), bytes("11"));
  EXPECT_EQ(text(s->payload), "This is the content.");
  EXPECT_EQ(s->signature.size(), 64u);
  // Sig_structure, RFC 9052, 4.4
  EXPECT_EQ(base::to_hex(*s->to_be_signed()),
            "846a5369676e61747572653143a101264054546869732069732074686520636f6e74656e742e");
  EXPECT_EQ(*encode_sign1(*s), hex(kRfc9052));
}

TEST(Sign1, IsReadBareTaggedAndAsCwt) {
  const std::string body = std::string(kRfc9052).substr(2);
  for (const std::string& form : {body, "d2" + body, "d83dd2" + body}) {
    const auto s = parse_sign1(hex(form));
    ASSERT_TRUE(s) << form;
    EXPECT_EQ(text(s->payload), "This is the content.");
  }
}

// An array of four parts; each is given as encoded.
std::string parts(std::string_view headers, std::string_view unprotected = "a0",
                  std::string_view payload = "4101", std::string_view signature = "4102") {
  std::string out = "84";
  for (const auto part : {headers, unprotected, payload, signature}) out += part;
  return out;
}
constexpr std::string_view kEs256 = "43a10126";  // << {1: -7} >>

TEST(Sign1, WhatIsNotOneIsRefused) {
  ASSERT_TRUE(parse_sign1(hex(parts(kEs256)))) << "the honest twin";
  const struct {
    std::string hex;
    Code code;
    const char* why;
  } rows[] = {
      {"d83d" + parts(kEs256), Code::malformed, "tag 61 (CWT) without a COSE tag"},
      {"d1" + parts(kEs256), Code::malformed, "tag 17 where 18"},
      {"d2d2" + parts(kEs256), Code::malformed, "array of 4"},
      {"d83dd83dd2" + parts(kEs256), Code::malformed, "tag 61 where 18"},
      {"8343a10126a04101", Code::malformed, "array of 4"},
      {"8543a10126a04101410200", Code::malformed, "array of 4"},
      {parts("a10126"), Code::malformed, "COSE_Sign1 > protected"},  // a map that is not wrapped
      {parts(kEs256, "80"), Code::malformed, "unprotected header is no map"},
      {parts(kEs256, "a0", "f6"), Code::malformed, "COSE_Sign1 > payload"},  // detached
      {parts(kEs256, "a0", "6101"), Code::malformed, "COSE_Sign1 > payload"},
      {parts(kEs256, "a0", "4101", "f6"), Code::malformed, "COSE_Sign1 > signature"},
      {parts("40"), Code::malformed, "names no algorithm"},
      {parts("41a0"), Code::malformed, "names no algorithm"},
      {parts("40", "a10126"), Code::malformed, "names no algorithm"},  // alg not protected
      {parts("46a101634e6f6e"), Code::malformed, "COSE_Sign1 > alg"},  // alg by name
      {parts("4180"), Code::malformed, "protected header is no map"},
      {parts(kEs256, "a10126"), Code::malformed, "label 1 stands in both"},
      {parts("46a20126044131", "a1044131"), Code::malformed, "label 4 stands in both"},
      {parts("45a201260126"), Code::malformed, "key 1 stands twice"},
      {parts("46a20126180126"), Code::malformed, "key 1 stands twice"},
      {parts(kEs256, "a2044131044132"), Code::malformed, "key 4 stands twice"},
      {parts("46a20126028101"), Code::unknown_critical, "crit"},
      {parts(kEs256, "a1028101"), Code::unknown_critical, "crit"},
      {parts("45a20126f500"), Code::malformed, "neither an integer nor text"},
      {parts(kEs256, "a1f500"), Code::malformed, "neither an integer nor text"},
      {parts("44a1012600"), Code::trailing_data, "protected"},
      {parts("42a101"), Code::truncated, "protected"},
      {parts(kEs256) + "00", Code::trailing_data, "follow"},
  };
  for (const auto& row : rows) {
    const auto s = parse_sign1(hex(row.hex));
    ASSERT_FALSE(s) << row.hex;
    EXPECT_EQ(name(s.error().code), name(row.code)) << row.hex << " " << s.error().message();
    EXPECT_THAT(s.error().message(), HasSubstr(row.why)) << row.hex;
  }
}

TEST(Sign1, CertificateChainsAreReadInBothForms) {
  const auto chain = [](std::string_view unprotected) {
    return parse_sign1(hex(parts(kEs256, unprotected)))->x5chain();
  };
  EXPECT_TRUE(chain("a0")->empty());
  EXPECT_EQ(*chain("a1182142aabb"), std::vector<Bytes>{hex("aabb")});
  EXPECT_EQ(*chain("a118218241aa41bb"), (std::vector<Bytes>{hex("aa"), hex("bb")}));
  EXPECT_FALSE(chain("a11821f5"));
  EXPECT_FALSE(chain("a118218241aa01"));
}

TEST(Sign1, NoPrefixIsRead) {
  const Bytes whole = hex(kRfc9052);
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(parse_sign1(ByteView(whole).first(n))) << n;
}

}  // namespace
}  // namespace seatls::codec::cose
