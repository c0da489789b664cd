// Keys as COSE_Key and JWK, and thumbprints, against the examples of the RFCs.
#include "rats/key_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "rats/confirmation.h"

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;
namespace json = codec::json;
using crypto::KeyType;
using crypto::PrivateKey;

Bytes hex(std::string_view digits) { return *base::from_hex(digits); }

// RFC 9679, section 6
constexpr const char* kRfc9679X = "65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d";
constexpr const char* kRfc9679Y = "1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c";
constexpr const char* kRfc9679Thumbprint = "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec";

// RFC 7638, section 3.1
constexpr const char* kRfc7638 =
    R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"})";
constexpr const char* kRfc7638Thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

TEST(Thumbprint, OfTheRfcs) {
  const auto key = from_cose_key(cbor::map({{cbor::integer(1), cbor::integer(2)},
                                            {cbor::integer(2), cbor::bytes(bytes("a kid, left out"))},
                                            {cbor::integer(-1), cbor::integer(1)},
                                            {cbor::integer(-2), cbor::bytes(hex(kRfc9679X))},
                                            {cbor::integer(-3), cbor::bytes(hex(kRfc9679Y))}}));
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ(base::to_hex(*cose_key_thumbprint(*key)), kRfc9679Thumbprint);

  const auto rsa = from_jwk(*json::parse(kRfc7638));
  ASSERT_TRUE(rsa) << rsa.error().message();
  EXPECT_EQ(rsa->type(), KeyType::rsa);
  EXPECT_EQ(*jwk_thumbprint(*rsa), kRfc7638Thumbprint);
}

TEST(KeyFormat, EveryKindOfKeySurvivesBothFormats) {
  for (const auto type : {KeyType::p256, KeyType::p384, KeyType::p521, KeyType::ed25519, KeyType::rsa}) {
    const auto key = PrivateKey::generate(type)->public_key();
    const auto cose = to_cose_key(key);
    const auto jwk = to_jwk(key);
    ASSERT_TRUE(cose && jwk) << crypto::name(type);
    const auto from_cose = from_cose_key(*cbor::parse(*cbor::encode(*cose)));
    const auto from_json = from_jwk(*json::parse(*json::write(*jwk)));
    ASSERT_TRUE(from_cose) << from_cose.error().message();
    ASSERT_TRUE(from_json) << from_json.error().message();
    EXPECT_TRUE(from_cose->same_key(key)) << crypto::name(type);
    EXPECT_TRUE(from_json->same_key(key)) << crypto::name(type);
    EXPECT_EQ(*cose_key_thumbprint(*from_json), *cose_key_thumbprint(key));
    EXPECT_EQ(*jwk_thumbprint(*from_cose), *jwk_thumbprint(key));
  }
}

cbor::Value ec2(std::int64_t crv, ByteView x, ByteView y) {
  return cbor::map({{cbor::integer(1), cbor::integer(2)},
                    {cbor::integer(-1), cbor::integer(crv)},
                    {cbor::integer(-2), cbor::bytes(x)},
                    {cbor::integer(-3), cbor::bytes(y)}});
}

TEST(KeyFormat, CoseKeysThatAreNoneAreRefused) {
  const Bytes x = hex(kRfc9679X), y = hex(kRfc9679Y);
  ASSERT_TRUE(from_cose_key(ec2(1, x, y))) << "the honest twin";
  Bytes off_curve = y, padded = x;
  off_curve[31] ^= 1;
  padded.insert(padded.begin(), 0);
  const Bytes short_x(x.begin() + 1, x.end());
  const struct {
    cbor::Value key;
    Code code;
  } rows[] = {
      {cbor::integer(1), Code::malformed},
      {cbor::map({}), Code::malformed},
      {ec2(1, x, off_curve), Code::malformed},
      {ec2(1, padded, y), Code::malformed},
      {ec2(1, short_x, y), Code::malformed},
      {ec2(1, {}, y), Code::malformed},
      {ec2(2, x, y), Code::malformed},  // P-256's coordinates under P-384
      {ec2(8, x, y), Code::algorithm_not_allowed},
      {cbor::map({{cbor::integer(1), cbor::integer(2)},
                  {cbor::integer(-1), cbor::integer(1)},
                  {cbor::integer(-2), cbor::bytes(x)},
                  {cbor::integer(-3), cbor::boolean(true)}}),
       Code::malformed},  // a compressed point
      {cbor::map({{cbor::integer(1), cbor::integer(4)}, {cbor::integer(-1), cbor::bytes(x)}}),
       Code::algorithm_not_allowed},  // a symmetric key
      {cbor::map({{cbor::integer(1), cbor::integer(1)},
                  {cbor::integer(-1), cbor::integer(4)},
                  {cbor::integer(-2), cbor::bytes(x)}}),
       Code::algorithm_not_allowed},  // X25519 does not sign
      {cbor::map({{cbor::integer(1), cbor::integer(3)},
                  {cbor::integer(-1), cbor::bytes(Bytes(256, 0xc3))},
                  {cbor::integer(-2), cbor::bytes(hex("0100000001"))}}),
       Code::malformed},  // an exponent of five bytes
  };
  for (const auto& row : rows) {
    const auto key = from_cose_key(row.key);
    ASSERT_FALSE(key) << cbor::diagnose(row.key);
    EXPECT_EQ(name(key.error().code), name(row.code)) << cbor::diagnose(row.key) << key.error().message();
  }
}

TEST(KeyFormat, JwksThatAreNoneAreRefused) {
  const std::string x = base::to_base64url(hex(kRfc9679X)), y = base::to_base64url(hex(kRfc9679Y));
  const auto ec = [&](std::string_view kty, std::string_view crv, std::string_view xx) {
    return std::string("{\"kty\":\"").append(kty) + "\",\"crv\":\"" + std::string(crv) + "\",\"x\":\"" +
           std::string(xx) + "\",\"y\":\"" + y + "\"}";
  };
  ASSERT_TRUE(from_jwk(*json::parse(ec("EC", "P-256", x))));
  for (const auto& text :
       {std::string("7"), std::string("{}"), ec("EC", "P-384", x), ec("EC", "secp256k1", x),
        ec("EC", "P-256", x + "="), ec("EC", "P-256", "AA" + x), ec("EC", "P-256", y), ec("oct", "P-256", x),
        ec("ec", "P-256", x), ec("OKP", "X25519", x)})
    EXPECT_FALSE(from_jwk(*json::parse(text))) << text;
}

// ---- cnf ----------------------------------------------------------------------------------------

TEST(Confirmation, NamesExactlyOneKey) {
  const auto tik = PrivateKey::generate(KeyType::p256)->public_key();
  const auto other = PrivateKey::generate(KeyType::p256)->public_key();
  const auto cose = *to_cose_key(tik);
  const auto ckt = cbor::bytes(*cose_key_thumbprint(tik));
  for (const auto& cnf :
       {cbor::map({{cbor::integer(1), cose}}), cbor::map({{cbor::integer(5), ckt}}),
        cbor::map({{cbor::integer(1), cose}, {cbor::integer(3), cbor::bytes(hex("01"))}})}) {
    const auto c = read_confirmation(cnf);
    ASSERT_TRUE(c) << c.error().message();
    EXPECT_TRUE(*c->names(tik));
    EXPECT_FALSE(*c->names(other));
  }
  const std::string jkt = *jwk_thumbprint(tik);
  const auto jwk = *to_jwk(tik);
  for (const auto& cnf :
       {json::Value(json::Object{{"jkt", json::Value(jkt)}}), json::Value(json::Object{{"jwk", jwk}})}) {
    const auto c = read_confirmation(cnf);
    ASSERT_TRUE(c) << c.error().message();
    EXPECT_TRUE(*c->names(tik));
    EXPECT_FALSE(*c->names(other));
    EXPECT_EQ(*confirmation_to_json(*c), cnf);
  }
  // The two thumbprints hash different things and are never taken for each other.
  Confirmation swapped{std::nullopt, *base::from_base64url(jkt), false};
  EXPECT_FALSE(*swapped.names(tik));
  EXPECT_FALSE(*Confirmation{}.names(tik));
}

TEST(Confirmation, WhatNamesNoKeyOrTwoIsRefused) {
  const auto tik = PrivateKey::generate(KeyType::p256)->public_key();
  const auto cose = *to_cose_key(tik);
  const auto ckt = cbor::bytes(*cose_key_thumbprint(tik));
  for (const auto& cnf :
       {cbor::integer(1), cbor::map({}), cbor::map({{cbor::integer(3), cbor::bytes(hex("01"))}}),
        cbor::map({{cbor::integer(1), cose}, {cbor::integer(5), ckt}}),
        cbor::map({{cbor::integer(5), cbor::bytes(hex("00112233"))}}),
        cbor::map({{cbor::integer(5), cbor::bytes(Bytes(48, 1))}}),
        cbor::map({{cbor::integer(5), cbor::text(std::string(32, 'a'))}}),
        cbor::map({{cbor::text("1"), cose}})})
    EXPECT_FALSE(read_confirmation(cnf)) << cbor::diagnose(cnf);
  const std::string jkt = "\"jkt\":\"" + *jwk_thumbprint(tik) + "\"";
  const std::string jwk = "\"jwk\":" + *json::write(*to_jwk(tik));
  for (const auto& cnf : {std::string("[]"), std::string("{}"), std::string(R"({"kid":"k"})"),
                          "{" + jkt + "," + jwk + "}", "{" + jkt.substr(0, jkt.size() - 2) + "\"}",
                          std::string(R"({"jkt":7})"), std::string(R"({"jku":"https://evil.example"})")})
    EXPECT_FALSE(read_confirmation(*json::parse(cnf))) << cnf;
}

}  // namespace
}  // namespace seatls::rats
