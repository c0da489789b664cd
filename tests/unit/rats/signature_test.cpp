// COSE_Sign1 and JWS: the examples of the RFCs verify, and every confusion of algorithms and keys is refused
// (attacks.md, F12).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "rats/jws.h"
#include "rats/key_format.h"
#include "rats/sign1.h"

namespace seatls::rats {
namespace {

namespace cbor = codec::cbor;
namespace cose = codec::cose;
namespace jose = codec::jose;
namespace json = codec::json;
using crypto::KeyType;
using crypto::PrivateKey;
using crypto::PublicKey;
using crypto::SignatureAlgorithm;
using ::testing::HasSubstr;

constexpr SignatureAlgorithm kEcdsa[] = {SignatureAlgorithm::ecdsa_p256_sha256,
                                         SignatureAlgorithm::ecdsa_p384_sha384};
constexpr SignatureAlgorithm kAll[] = {
    SignatureAlgorithm::ecdsa_p256_sha256, SignatureAlgorithm::ecdsa_p384_sha384,
    SignatureAlgorithm::ecdsa_p521_sha512, SignatureAlgorithm::ed25519,
    SignatureAlgorithm::rsa_pss_sha256,    SignatureAlgorithm::rsa_pss_sha384,
    SignatureAlgorithm::rsa_pss_sha512,    SignatureAlgorithm::rsa_pkcs1_sha256,
    SignatureAlgorithm::rsa_pkcs1_sha384,  SignatureAlgorithm::rsa_pkcs1_sha512};

Bytes hex(std::string_view digits) { return *base::from_hex(digits); }
PublicKey p256(std::string_view x, std::string_view y) {
  return *PublicKey::from_ec_point(KeyType::p256, {hex(x), hex(y)});
}

Result<VerifiedSign1> verify(ByteView token, const PublicKey& key,
                             std::span<const SignatureAlgorithm> allowed = kEcdsa) {
  SEATLS_TRY(cose::Sign1 s, cose::parse_sign1(token));
  return verify_sign1(std::move(s), key, allowed);
}
Result<VerifiedJws> verify(std::string_view token, const PublicKey& key,
                           std::span<const SignatureAlgorithm> allowed = kEcdsa) {
  SEATLS_TRY(jose::CompactJws s, jose::parse_compact_jws(token));
  return verify_jws(std::move(s), key, allowed);
}
template <class Verified>
void expect_refused(const Result<Verified>& r, Code code) {
  ASSERT_FALSE(r);
  EXPECT_EQ(name(r.error().code), name(code)) << r.error().message();
}

// ---- examples of the RFCs -----------------------------------------------------------------------

TEST(ForeignVector, Rfc9052Sign1) {  // appendix C.2.1; the key is C.7.1's "11"
  const auto v = verify(
      hex("d28443a10126a10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465ab05aac34cc6b"
          "23d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb3"
          "6"),
      p256("bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff",
           "20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e"));
  ASSERT_TRUE(v) << v.error().message();
  EXPECT_EQ(text(v->payload()), "This is the content.");
}

TEST(ForeignVector, Rfc8392SignedCwt) {  // appendices A.2.3 and A.3
  const Bytes token =
      hex("d28443a10126a104524173796d6d657472696345434453413235365850a70175636f61703a2f2f61732e6578616d706c"
          "652e636f6d02656572696b77037818636f61703a2f2f6c696768742e6578616d706c652e636f6d041a5612aeb0051a56"
          "10d9f0061a5610d9f007420b7158405427c1ff28d23fbad1f29c4c7c6a555e601d6fa29f9179bc3d7438bacaca5acd08"
          "c8d4d4f96131680c429a01f85951ecee743a52b9b63632c57209120e1c9e30");
  const auto key = p256("143329cce7868e416927599cf65a34f3ce2ffda55a7eca69ed8919a394d42f0f",
                        "60f7f1a780d8a783bfb7a2dd6b2796e8128dbbcef9d3d168db9529971a36e7b9");
  const auto v = verify(token, key);
  ASSERT_TRUE(v) << v.error().message();
  const auto claims = cbor::parse(v->payload());
  EXPECT_EQ(*claims->find(1)->as_text(), "coap://as.example.com");
  EXPECT_EQ(*claims->find(4)->as_int(), 1444064944);
  Bytes tagged = hex("d83d");
  tagged.insert(tagged.end(), token.begin(), token.end());
  EXPECT_TRUE(verify(tagged, key)) << "tag 61 outside";
}

constexpr std::string_view kRfc7515 =  // appendix A.3
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
PublicKey rfc7515_key() {
  return *from_jwk(
      *json::parse(R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                                    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})"));
}

TEST(ForeignVector, Rfc7515Jws) {
  const auto v = verify(kRfc7515, rfc7515_key());
  ASSERT_TRUE(v) << v.error().message();
  EXPECT_THAT(text(v->payload()), HasSubstr("\"iss\":\"joe\""));
}

// ---- made and verified --------------------------------------------------------------------------

TEST(Signature, EveryKindOfKeySignsBothAndEachChangeIsNoticed) {
  for (const auto type : {KeyType::p256, KeyType::p384, KeyType::p521, KeyType::ed25519, KeyType::rsa}) {
    const auto key = *PrivateKey::generate(type), other = *PrivateKey::generate(type);
    const auto token = sign_sign1(view("payload"), key);
    const auto jws = sign_jws(view("payload"), key);
    ASSERT_TRUE(token && jws) << crypto::name(type);
    EXPECT_TRUE(verify(*token, key.public_key(), kAll));
    EXPECT_TRUE(verify(*jws, key.public_key(), kAll));
    expect_refused(verify(*token, other.public_key(), kAll), Code::signature_invalid);
    expect_refused(verify(*jws, other.public_key(), kAll), Code::signature_invalid);
    if (type != KeyType::p256 && type != KeyType::ed25519) continue;  // the rest takes long
    for (std::size_t i = 0; i < token->size(); ++i) {
      Bytes changed = *token;
      changed[i] ^= 1;
      EXPECT_FALSE(verify(changed, key.public_key(), kAll)) << crypto::name(type) << " byte " << i;
    }
    for (std::size_t i = 0; i < jws->size(); ++i) {
      std::string changed = *jws;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      if (changed != *jws) {
        EXPECT_FALSE(verify(changed, key.public_key(), kAll)) << crypto::name(type) << " at " << i;
      }
    }
  }
}

// A key that is held elsewhere signs DER, as TPMs' signers do.
TEST(Signature, KeysHeldElsewhereSignAsOwnOnesDo) {
  for (const auto type : {KeyType::p256, KeyType::p384}) {
    const auto key = *PrivateKey::generate(type);
    const auto sign = [key](ByteView message) {
      return key.sign(key.default_algorithm(), message, crypto::EcdsaForm::der);
    };
    const auto held = JwsKey::held_elsewhere(key.public_key(), sign);
    ASSERT_TRUE(held);
    for (int i = 0; i < 20; ++i) {  // r and s are short now and then
      const auto jws = sign_jws(view("payload"), *held);
      ASSERT_TRUE(jws);
      EXPECT_TRUE(verify(*jws, key.public_key(), kAll));
    }
    const auto failing = JwsKey::held_elsewhere(key.public_key(), [](ByteView) -> Result<Bytes> {
      return Error{Code::tpm, "is gone", ""};
    });
    EXPECT_EQ(sign_jws(view("payload"), *failing).error().code, Code::tpm);
  }
  for (const auto type : {KeyType::ed25519, KeyType::rsa, KeyType::p521})
    EXPECT_EQ(JwsKey::held_elsewhere(PrivateKey::generate(type)->public_key(), {}).error().code,
              Code::configuration);
}

TEST(Signature, ProtectedHeadersAreSigned) {
  const auto key = *PrivateKey::generate(KeyType::p256);
  const auto token = sign_sign1(view("x"), key, {{cbor::integer(3), cbor::text("application/eat+cwt")}});
  const auto v = verify(*token, key.public_key());
  ASSERT_TRUE(v);
  EXPECT_EQ(*v->message().header(3)->as_text(), "application/eat+cwt");
  EXPECT_EQ(sign_sign1(view("x"), key, {{cbor::integer(1), cbor::integer(-35)}}).error().code, Code::misuse)
      << "alg is the key's, and nothing else";
  EXPECT_EQ(sign_jws(view("x"), key, {{"alg", json::Value("none")}}).error().code, Code::misuse);
}

// ---- F12: confusion -----------------------------------------------------------------------------

// A COSE_Sign1 that says `alg` and is signed however the caller likes.
Bytes sign1_saying(std::int64_t alg, const std::function<Bytes(ByteView)>& sign, std::string_view kid = "") {
  cose::Sign1 s;
  s.protected_bytes = *cbor::encode(cbor::map({{cbor::integer(1), cbor::integer(alg)}}));
  s.unprotected_headers = cbor::map({});
  if (!kid.empty()) s.unprotected_headers = cbor::map({{cbor::integer(4), cbor::bytes(view(kid))}});
  s.payload = bytes("payload");
  s.signature = sign(*s.to_be_signed());
  return *cose::encode_sign1(s);
}
std::string jws_saying(std::string_view header, const std::function<Bytes(ByteView)>& sign) {
  const std::string input = base::to_base64url(view(header)) + "." + base::to_base64url(view("{}"));
  return jose::join_compact_jws(input, sign(view(input)));
}
auto signer(const PrivateKey& key, SignatureAlgorithm algorithm,
            crypto::EcdsaForm form = crypto::EcdsaForm::fixed) {
  return [&key, algorithm, form](ByteView m) { return *key.sign(algorithm, m, form); };
}
auto hmac_with(Bytes secret) {
  return [secret = std::move(secret)](ByteView m) { return crypto::hmac(Hash::sha256, secret, m); };
}

TEST(Confusion, HmacUnderThePublicKeyIsNoSignature) {
  const auto key = *PrivateKey::generate(KeyType::p256);
  const auto pub = key.public_key();
  const Bytes secrets[] = {bytes(pub.spki().der()), pub.point()->x, *cbor::encode(*to_cose_key(pub))};
  for (const auto& secret : secrets) {
    expect_refused(verify(sign1_saying(5, hmac_with(secret)), pub, kAll), Code::algorithm_not_allowed);
    expect_refused(verify(sign1_saying(-7, hmac_with(secret)), pub, kAll), Code::signature_invalid);
    expect_refused(verify(jws_saying(R"({"alg":"HS256"})", hmac_with(secret)), pub, kAll),
                   Code::algorithm_not_allowed);
    expect_refused(verify(jws_saying(R"({"alg":"ES256"})", hmac_with(secret)), pub, kAll),
                   Code::signature_invalid);
  }
}

TEST(Confusion, NoneIsNoSignature) {
  const auto key = PrivateKey::generate(KeyType::p256)->public_key();
  for (const char* none : {"none", "None", "NONE", "nOnE", ""}) {
    const auto header = std::string("{\"alg\":\"") + none + "\"}";
    expect_refused(verify(jws_saying(header, [](ByteView) { return Bytes{}; }), key, kAll),
                   Code::algorithm_not_allowed);
  }
  expect_refused(verify(jws_saying(R"({"alg":"ES256"})", [](ByteView) { return Bytes{}; }), key, kAll),
                 Code::signature_invalid);
  expect_refused(verify(sign1_saying(-7, [](ByteView) { return Bytes{}; }), key, kAll),
                 Code::signature_invalid);
  expect_refused(verify(sign1_saying(0, [](ByteView) { return Bytes{}; }), key, kAll),
                 Code::algorithm_not_allowed);
}

TEST(Confusion, AnAlgorithmOfAnotherKeyTypeIsRefused) {
  const auto ec = *PrivateKey::generate(KeyType::p256), ec384 = *PrivateKey::generate(KeyType::p384),
             rsa = *PrivateKey::generate(KeyType::rsa);
  using A = SignatureAlgorithm;
  // A P-256 key under RS256 and PS256, an RSA key under ES256, P-384 under ES256 and the reverse: each is
  // refused for the key's type even where every algorithm is allowed.
  expect_refused(
      verify(jws_saying(R"({"alg":"RS256"})", signer(rsa, A::rsa_pkcs1_sha256)), ec.public_key(), kAll),
      Code::algorithm_not_allowed);
  expect_refused(verify(sign1_saying(-37, signer(rsa, A::rsa_pss_sha256)), ec.public_key(), kAll),
                 Code::algorithm_not_allowed);
  expect_refused(
      verify(jws_saying(R"({"alg":"ES256"})", signer(ec, A::ecdsa_p256_sha256)), rsa.public_key(), kAll),
      Code::algorithm_not_allowed);
  expect_refused(verify(sign1_saying(-7, signer(rsa, A::rsa_pss_sha256)), rsa.public_key(), kAll),
                 Code::algorithm_not_allowed);
  expect_refused(verify(sign1_saying(-7, signer(ec384, A::ecdsa_p384_sha384)), ec384.public_key(), kAll),
                 Code::algorithm_not_allowed);
  expect_refused(
      verify(jws_saying(R"({"alg":"ES384"})", signer(ec, A::ecdsa_p256_sha256)), ec.public_key(), kAll),
      Code::algorithm_not_allowed);
  // The same key and signature, the honest algorithm: allowed only where the caller says so.
  const auto honest = jws_saying(R"({"alg":"RS256"})", signer(rsa, A::rsa_pkcs1_sha256));
  EXPECT_TRUE(verify(honest, rsa.public_key(), kAll));
  expect_refused(verify(honest, rsa.public_key(), kEcdsa), Code::algorithm_not_allowed);
  // COSE knows PKCS #1 v1.5 as -257; seatls does not.
  expect_refused(verify(sign1_saying(-257, signer(rsa, A::rsa_pkcs1_sha256)), rsa.public_key(), kAll),
                 Code::algorithm_not_allowed);
}

TEST(Confusion, NothingIsAllowedByDefault) {
  const auto key = *PrivateKey::generate(KeyType::p256);
  const auto token = *sign_sign1(view("x"), key);
  EXPECT_TRUE(verify(token, key.public_key()));
  expect_refused(verify(token, key.public_key(), {}), Code::algorithm_not_allowed);
}

TEST(Confusion, DerSignaturesAndEdgeValuesAreRefused) {
  const auto key = *PrivateKey::generate(KeyType::p256);
  const auto pub = key.public_key();
  expect_refused(
      verify(sign1_saying(-7, signer(key, SignatureAlgorithm::ecdsa_p256_sha256, crypto::EcdsaForm::der)),
             pub),
      Code::signature_invalid);
  const Bytes order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  const auto good = *key.sign(SignatureAlgorithm::ecdsa_p256_sha256, view("x"), crypto::EcdsaForm::fixed);
  const Bytes r(good.begin(), good.begin() + 32), s(good.begin() + 32, good.end()), zero(32, 0);
  const std::pair<Bytes, Bytes> pairs[] = {{zero, zero}, {r, zero},  {zero, s},
                                           {order, s},   {r, order}, {Bytes(32, 0xff), Bytes(32, 0xff)}};
  for (const auto& [first, second] : pairs)
    expect_refused(verify(sign1_saying(-7,
                                       [&](ByteView) {
                                         Bytes out = first;
                                         out.insert(out.end(), second.begin(), second.end());
                                         return out;
                                       }),
                          pub),
                   Code::signature_invalid);
  for (const std::size_t n : {1u, 63u, 65u, 96u, 1000u})
    expect_refused(verify(sign1_saying(-7, [&](ByteView) { return Bytes(n, 1); }), pub),
                   Code::signature_invalid);
}

TEST(Confusion, AKidOrAKeyInTheHeaderPicksNothing) {
  const auto key = *PrivateKey::generate(KeyType::p256), mallory = *PrivateKey::generate(KeyType::p256);
  const auto es256 = SignatureAlgorithm::ecdsa_p256_sha256;
  // Mallory signs and names the honest key.
  expect_refused(verify(sign1_saying(-7, signer(mallory, es256), "honest"), key.public_key()),
                 Code::signature_invalid);
  expect_refused(
      verify(jws_saying(R"({"alg":"ES256","kid":"honest"})", signer(mallory, es256)), key.public_key()),
      Code::signature_invalid);
  // Mallory brings the key along.
  json::Object header{{"alg", json::Value("ES256")}, {"jwk", *to_jwk(mallory.public_key())}};
  const auto text = *json::write(json::Value(header));
  expect_refused(verify(jws_saying(text, signer(mallory, es256)), key.public_key()), Code::signature_invalid);
  EXPECT_TRUE(verify(jws_saying(text, signer(key, es256)), key.public_key())) << "and it is not even read";
}

}  // namespace
}  // namespace seatls::rats
