// EAT claims: the examples of RFC 9711, and what each claim refuses.
#include "rats/eat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "codec/cose.h"
#include "rats/key_format.h"
#include "rats/sign1.h"
#include "support/diagnostic.h"
#include "support/samples.h"

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;
using testing::from_diagnostic;
using ::testing::HasSubstr;

Bytes hex(std::string_view digits) { return *base::from_hex(digits); }
Result<EatClaims> read(std::string_view diagnostic) { return read_eat(from_diagnostic(diagnostic)); }

// ---- examples -----------------------------------------------------------------------------------

TEST(EatSample, SimpleExampleOfTheRfc) {
  SEATLS_NEEDS_SAMPLES();
  const auto c = read(testing::sample_text("eat/rfc9711-examples/simple.diag"));
  ASSERT_TRUE(c) << c.error().message();
  EXPECT_EQ(c->iss, "joe");
  EXPECT_EQ(bytes(*c->single_nonce()), hex("88b20f5b9fc0bc8f7685bbc0"));
  EXPECT_EQ(c->ueid, hex("0198f50a4ff6c05861c8860d13a638ea"));
  EXPECT_EQ(cbor::diagnose(*c->oemid), "h'88124e'");
  EXPECT_EQ(c->hwmodel, hex("881cf5f243fbef3336bbd22547dddefc"));
  EXPECT_EQ(c->oemboot, true);
  EXPECT_EQ(c->dbgstat, DebugStatus::disabled_permanently);
  EXPECT_EQ(c->iat, 1526542894);
  EXPECT_TRUE(c->unknown.empty());
  EXPECT_FALSE(c->cnf || c->profile || c->key_attributes);
}

TEST(EatSample, SubmodulesAndMeasurementsOfTheRfc) {
  SEATLS_NEEDS_SAMPLES();
  const auto c = read(testing::sample_text("eat/rfc9711-examples/valid_submods.diag"));
  ASSERT_TRUE(c) << c.error().message();
  EXPECT_EQ(c->swname, "Acme OS");
  EXPECT_EQ(c->swversion, "3.5.5");
  ASSERT_EQ(c->submods.size(), 2u);
  EXPECT_EQ(c->submods[0].first, "board");
  EXPECT_EQ(c->submods[1].first, "device");
  EXPECT_EQ(c->unknown.size(), 1u) << "hwversion is kept aside";

  const auto digest = read(testing::sample_text("eat/rfc9711-examples/valid_hw_block2.diag"));
  ASSERT_TRUE(digest) << digest.error().message();
  EXPECT_EQ(digest->submods.at(0).first, "TEE");
  ASSERT_NE(digest->submods[0].second.array(), nullptr);

  const auto iot = read(testing::sample_text("eat/rfc9711-examples/valid_iot.diag"));
  ASSERT_TRUE(iot) << iot.error().message();
  const auto os = read_eat(*cbor::encode(iot->submods.at(0).second));
  ASSERT_TRUE(os) << os.error().message();
  ASSERT_EQ(os->measurements.size(), 1u);
  EXPECT_EQ(os->measurements[0].first, 258);
  EXPECT_EQ(os->dbgstat, DebugStatus::disabled_since_boot);
}

TEST(EatSample, CwtOfTheRfc) {
  SEATLS_NEEDS_SAMPLES();
  const auto token =
      codec::cose::parse_sign1(from_diagnostic(testing::sample_text("eat/rfc9711-examples/valid_cwt.diag")));
  ASSERT_TRUE(token) << token.error().message();
  const auto c = read_eat(token->payload);
  ASSERT_TRUE(c) << c.error().message();
  EXPECT_EQ(bytes(*c->single_nonce()), hex("d79b964ddd5471c1393c8888"));
  EXPECT_EQ(c->dbgstat, DebugStatus::disabled_permanently);
}

// ---- made and read back -------------------------------------------------------------------------

EatClaims everything() {
  EatClaims c;
  c.nonces = {Bytes(32, 7)};
  c.profile = "tag:seatls,2026:software";
  c.iss = "i";
  c.sub = "s";
  c.aud = "a";
  c.exp = 30;
  c.nbf = 10;
  c.iat = 20;
  c.ueid = Bytes(17, 1);
  c.oemid = cbor::integer(64242);
  c.hwmodel = bytes("m");
  c.swname = "n";
  c.swversion = "1";
  c.oemboot = true;
  c.dbgstat = DebugStatus::disabled;
  c.cnf =
      Confirmation{crypto::PrivateKey::generate(crypto::KeyType::p256)->public_key(), std::nullopt, false};
  c.key_attributes = KeyAttributes{false, true, true, true, {"1.3.6.1.5.5.7.3.1"}};
  c.submods = {{"x", cbor::map({{cbor::integer(262), cbor::boolean(true)}})}};
  c.measurements = {{295, hex("a0")}};
  c.unknown = {{cbor::integer(-70000), cbor::text("kept")}};
  return c;
}

TEST(Eat, WhatIsWrittenIsReadBack) {
  const EatClaims made = everything();
  const auto encoded = write_eat(made);
  ASSERT_TRUE(encoded) << encoded.error().message();
  const auto c = read_eat(*encoded);
  ASSERT_TRUE(c) << c.error().message();
  EXPECT_EQ(c->nonces, made.nonces);
  EXPECT_EQ(c->profile, made.profile);
  EXPECT_EQ(c->iss, made.iss);
  EXPECT_EQ(c->sub, made.sub);
  EXPECT_EQ(c->aud, made.aud);
  EXPECT_EQ(c->exp, made.exp);
  EXPECT_EQ(c->nbf, made.nbf);
  EXPECT_EQ(c->iat, made.iat);
  EXPECT_EQ(c->ueid, made.ueid);
  EXPECT_EQ(c->oemid, made.oemid);
  EXPECT_EQ(c->hwmodel, made.hwmodel);
  EXPECT_EQ(c->swname, made.swname);
  EXPECT_EQ(c->swversion, made.swversion);
  EXPECT_EQ(c->oemboot, made.oemboot);
  EXPECT_EQ(c->dbgstat, made.dbgstat);
  EXPECT_TRUE(*c->cnf->names(*made.cnf->key));
  ASSERT_TRUE(c->key_attributes);
  EXPECT_EQ(c->key_attributes->extractable, false);
  EXPECT_EQ(c->key_attributes->never_extractable, true);
  EXPECT_EQ(c->key_attributes->sensitive, true);
  EXPECT_EQ(c->key_attributes->local, true);
  EXPECT_EQ(c->key_attributes->purpose, made.key_attributes->purpose);
  EXPECT_EQ(c->submods, made.submods);
  EXPECT_EQ(c->measurements, made.measurements);
  EXPECT_EQ(c->unknown, made.unknown);
  EXPECT_EQ(*write_eat(*c), *encoded);
}

TEST(Eat, ProfilesAreUrisOrOids) {
  const std::pair<const char*, const char*> rows[] = {
      {"{265: \"urn:ietf:rfc:rfc9711\"}", "urn:ietf:rfc:rfc9711"},
      {"{265: h'6086480186f84d010f0401'}", "2.16.840.1.113741.1.15.4.1"},
      {"{265: h'883701'}", "2.999.1"},
      {"{265: h'2a'}", "1.2"}};
  for (const auto& [diagnostic, profile] : rows) {
    const auto c = read(diagnostic);
    ASSERT_TRUE(c) << diagnostic << c.error().message();
    EXPECT_EQ(c->profile, profile);
    EXPECT_EQ(*write_eat(*c), from_diagnostic(diagnostic));
  }
  for (const char* bad : {"{265: h''}", "{265: h'80'}", "{265: h'2a80'}", "{265: h'2a8001'}",
                          "{265: h'2affffffffffffffffffff7f'}", "{265: 7}"})
    EXPECT_FALSE(read(bad)) << bad;
}

TEST(Eat, AKeyByThumbprintIsNamedToo) {
  const auto tik = crypto::PrivateKey::generate(crypto::KeyType::p384)->public_key();
  EatClaims c;
  c.cnf = Confirmation{std::nullopt, *cose_key_thumbprint(tik), false};
  const auto back = read_eat(*write_eat(c));
  ASSERT_TRUE(back);
  EXPECT_TRUE(*back->cnf->names(tik));
  c.cnf->jwk_thumbprint = true;
  EXPECT_EQ(write_eat(c).error().code, Code::misuse);
}

// ---- refused ------------------------------------------------------------------------------------

// F10: exactly one nonce.
TEST(Eat, TheOneNonceIsOne) {
  EXPECT_TRUE(read("{10: h'0011223344556677'}")->single_nonce());
  EXPECT_EQ(read("{6: 1}")->single_nonce().error().code, Code::nonce_ambiguous);
  const auto two = read("{10: [h'0011223344556677', h'0011223344556677']}");
  ASSERT_TRUE(two) << "two are an EAT, but not one nonce";
  EXPECT_EQ(two->single_nonce().error().code, Code::nonce_ambiguous);
  EXPECT_EQ(two->single_nonce().error().path, "eat_nonce");
}

TEST(Eat, DuplicateClaimsAreRefused) {
  // F10, also where the second is encoded at greater length.
  EXPECT_EQ(read_eat(hex("a20a4800112233445566770a480011223344556677")).error().code, Code::malformed);
  EXPECT_EQ(read_eat(hex("a20a480011223344556677180a480011223344556677")).error().code, Code::malformed);
}

TEST(Eat, EachMistakeInAClaimIsNamed) {
  const struct {
    const char *diagnostic, *path;
  } rows[] = {
      {"{10: h'00112233445566'}", "eat > eat_nonce"},  // 7 bytes
      {"{10: \"0011223344556677\"}", "eat > eat_nonce"},
      {"{10: [h'0011223344556677']}", "eat > eat_nonce"},  // one in an array
      {"{10: []}", "eat > eat_nonce"},
      {"{10: [h'0011223344556677', 7]}", "eat > eat_nonce"},
      {"{1: 7}", "eat > iss"},
      {"{2: h'00'}", "eat > sub"},
      {"{3: [\"a\"]}", "eat > aud"},
      {"{4: \"1\"}", "eat > exp"},
      {"{5: null}", "eat > nbf"},
      {"{6: 1(7)}", "eat > iat"},
      {"{8: {}}", "eat > cnf"},
      {"{8: {1: {1: 2}}}", "eat > cnf > COSE_Key"},
      {"{8: {5: h'00'}}", "eat > cnf"},
      {"{256: h'010203040506'}", "eat > ueid"},
      {"{256: h'0102030405060708091011121314151617181920212223242526272829303132aabb'}", "eat > ueid"},
      {"{259: h''}", "eat > hwmodel"},
      {"{262: 1}", "eat > oemboot"},
      {"{263: 5}", "eat > dbgstat"},
      {"{263: -1}", "eat > dbgstat"},
      {"{263: \"disabled\"}", "eat > dbgstat"},
      {"{266: []}", "eat > submods"},
      {"{266: {1: {}}}", "eat > submods"},
      {"{270: 1}", "eat > swname"},
      {"{271: \"1\"}", "eat > swversion"},
      {"{271: []}", "eat > swversion"},
      {"{273: {}}", "eat > measurements"},
      {"{273: [[295]]}", "eat > measurements"},
      {"{273: [[-1, h'00']]}", "eat > measurements"},
      {"{273: [[65536, h'00']]}", "eat > measurements"},
      {"{273: [[295, \"x\"]]}", "eat > measurements"},
      {"{\"key-attributes\": {}}", "eat > key-attributes"},
      {"{\"key-attributes\": []}", "eat > key-attributes"},
      {"{\"key-attributes\": {\"local\": 1}}", "eat > key-attributes > local"},
      {"{\"key-attributes\": {\"purpose\": \"1.2\"}}", "eat > key-attributes > purpose"},
      {"{\"key-attributes\": {\"purpose\": []}}", "eat > key-attributes > purpose"},
      {"[]", "eat"},
  };
  for (const auto& row : rows) {
    const auto c = read(row.diagnostic);
    ASSERT_FALSE(c) << row.diagnostic;
    EXPECT_EQ(c.error().path, row.path) << row.diagnostic << c.error().message();
    EXPECT_EQ(category(c.error().code), Category::decode) << row.diagnostic;
  }
  // Floats where integers are due: 4, 5 and 6.
  for (const char* claim : {"a104fb41d452d9ec000000", "a105fb41d452d9ec000000", "a106f93c00"})
    EXPECT_EQ(read_eat(hex(claim)).error().code, Code::malformed) << claim;
}

TEST(Eat, SixtyFourBytesOfNonceAndNotOneMore) {
  for (const std::size_t n : {8u, 32u, 48u, 64u, 65u}) {
    EatClaims c;
    c.nonces = {Bytes(n, 1)};
    EXPECT_EQ(read_eat(*write_eat(c)).ok(), n <= 64) << n;
  }
}

TEST(Eat, UnknownClaimsAreKeptAsideAndIgnored) {
  const auto c = read("{6: 1, 999: {1: [true]}, \"x\": null, -5: h'00'}");
  ASSERT_TRUE(c) << c.error().message();
  EXPECT_EQ(c->iat, 1);
  EXPECT_EQ(c->unknown.size(), 3u);
}

TEST(Eat, NoPrefixOfAClaimsSetIsRead) {
  const Bytes whole = *write_eat(everything());
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(read_eat(ByteView(whole).first(n))) << n;
}

}  // namespace
}  // namespace seatls::rats
