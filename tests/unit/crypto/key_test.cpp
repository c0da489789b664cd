#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/encoding.h"
#include "crypto/signature_openssl.h"

namespace seatls::crypto {
namespace {

using ::testing::HasSubstr;

constexpr KeyType kTypes[] = {KeyType::p256, KeyType::p384, KeyType::p521, KeyType::ed25519, KeyType::rsa};

Bytes hex(std::string_view digits) { return *base::from_hex(digits); }

class Key : public ::testing::Test {
 protected:
  // libssl reads the same error queue.
  void TearDown() override { EXPECT_EQ(ERR_peek_error(), 0UL); }
};

// spki_of encodes a key that libcrypto made, and frees it.
Bytes spki_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key, &der);
  Bytes out(der, der + length);
  OPENSSL_free(der);
  EVP_PKEY_free(key);
  return out;
}

void expect_refused(const Result<PublicKey>& r, Code code, const char* why) {
  ASSERT_FALSE(r) << why;
  EXPECT_EQ(r.error().code, code) << why;
  EXPECT_THAT(r.error().detail, HasSubstr(why));
}

TEST_F(Key, EveryTypeSurvivesItsEncodings) {
  for (auto type : kTypes) {
    const auto key = *PrivateKey::generate(type);
    EXPECT_EQ(key.public_key().type(), type);
    const auto again = PublicKey::from_spki(key.public_key().spki().der());
    ASSERT_TRUE(again) << name(type);
    EXPECT_TRUE(again->same_key(key.public_key()));
    EXPECT_FALSE(again->same_key(PrivateKey::generate(type)->public_key()));
    const auto pem = key.to_pem();
    ASSERT_TRUE(pem);
    EXPECT_THAT(text(pem->reveal()), HasSubstr("-----BEGIN PRIVATE KEY-----"));
    const auto back = PrivateKey::from_pem(text(pem->reveal()));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_TRUE(back->public_key().same_key(key.public_key()));
    EXPECT_EQ(back->default_algorithm(), key.default_algorithm());
    EXPECT_EQ(key_type(key.default_algorithm()), type);
  }
}

TEST_F(Key, BitsAndParametersOfEachType) {
  const std::pair<KeyType, unsigned> sizes[] = {
      {KeyType::p256, 256}, {KeyType::p384, 384}, {KeyType::p521, 521}};
  for (auto [type, bits] : sizes) {
    const auto key = PrivateKey::generate(type)->public_key();
    EXPECT_EQ(key.bits(), bits);
    const auto point = *key.point();
    EXPECT_EQ(point.x.size(), (bits + 7) / 8);
    EXPECT_TRUE(PublicKey::from_ec_point(type, point)->same_key(key));
    EXPECT_FALSE(key.ed25519_raw());
    EXPECT_FALSE(key.rsa_modulus());
    EXPECT_FALSE(key.rsa_exponent());
  }
  const auto rsa = PrivateKey::generate(KeyType::rsa)->public_key();
  EXPECT_EQ(rsa.bits(), 2048u);
  EXPECT_EQ(rsa.rsa_modulus()->size(), 256u);
  EXPECT_EQ(*rsa.rsa_exponent(), 65537u);
  EXPECT_TRUE(PublicKey::from_rsa(*rsa.rsa_modulus(), *rsa.rsa_exponent())->same_key(rsa));
  EXPECT_FALSE(rsa.point());
  const auto ed = PrivateKey::generate(KeyType::ed25519)->public_key();
  EXPECT_TRUE(PublicKey::from_ed25519(*ed.ed25519_raw())->same_key(ed));
  EXPECT_FALSE(ed.point());
  EXPECT_FALSE(ed.rsa_modulus());
}

// Coordinates that begin with a zero byte keep their width: about one key in 128 has such a one.
TEST_F(Key, CoordinatesAreNeverShortened) {
  for (int i = 0, found = 0; i < 5000 && found == 0; ++i) {
    const auto key = PrivateKey::generate(KeyType::p256)->public_key();
    const auto point = *key.point();
    ASSERT_EQ(point.x.size() + point.y.size(), 64u);
    if (point.x[0] != 0 && point.y[0] != 0) continue;
    ++found;
    EXPECT_TRUE(PublicKey::from_ec_point(KeyType::p256, point)->same_key(key));
  }
}

TEST_F(Key, PointsThatAreNone) {
  auto point = *PrivateKey::generate(KeyType::p256)->public_key().point();
  point.y.back() ^= 1;
  EXPECT_FALSE(PublicKey::from_ec_point(KeyType::p256, point));
  EXPECT_FALSE(PublicKey::from_ec_point(KeyType::p256, {Bytes(32), Bytes(32)}));
  EXPECT_FALSE(PublicKey::from_ec_point(KeyType::p384, point));
  point.y.pop_back();
  expect_refused(PublicKey::from_ec_point(KeyType::p256, point), Code::malformed, "32 and 31 bytes");
  expect_refused(PublicKey::from_ec_point(KeyType::rsa, point), Code::misuse, "RSA");
  expect_refused(PublicKey::from_ed25519(Bytes(31)), Code::malformed, "31 bytes");
}

TEST_F(Key, APointAtInfinityOrOffTheCurveInAnSpki) {
  const auto header = "301306072a8648ce3d020106082a8648ce3d030107";
  expect_refused(PublicKey::from_spki(hex(std::string("3019") + header + "03020000")), Code::malformed, "");
  Bytes off = bytes(PrivateKey::generate(KeyType::p256)->public_key().spki().der());
  off.back() ^= 1;
  expect_refused(PublicKey::from_spki(off), Code::malformed, "");
}

TEST_F(Key, ACurveThatIsSpelledOut) {
  EVP_PKEY* key = nullptr;
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
  EVP_PKEY_keygen_init(context);
  EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1);
  EVP_PKEY_CTX_set_ec_param_enc(context, OPENSSL_EC_EXPLICIT_CURVE);
  EVP_PKEY_keygen(context, &key);
  EVP_PKEY_CTX_free(context);
  const Bytes der = spki_of(key);
  ASSERT_GT(der.size(), 200u);
  expect_refused(PublicKey::from_spki(der), Code::malformed, "spells its curve out");
}

TEST_F(Key, TypesAndSizesThatAreNotKnown) {
  expect_refused(PublicKey::from_spki(spki_of(EVP_EC_gen("secp256k1"))), Code::malformed, "secp256k1");
  expect_refused(PublicKey::from_spki(spki_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"))),
                 Code::malformed, "X25519");
  expect_refused(PublicKey::from_spki(spki_of(EVP_RSA_gen(1024))), Code::malformed, "RSA key of 1024 bits");
  Bytes modulus(1025, 0xff);
  expect_refused(PublicKey::from_rsa(modulus, 65537), Code::malformed, "RSA key of 8200 bits");
  modulus.resize(256);
  expect_refused(PublicKey::from_rsa(modulus, 65536), Code::malformed, "exponent");
  expect_refused(PublicKey::from_rsa(modulus, 1), Code::malformed, "exponent");
  EXPECT_TRUE(PublicKey::from_rsa(modulus, 3));
}

TEST_F(Key, SpkisThatAreNone) {
  const auto key = *PrivateKey::generate(KeyType::p256);
  const auto spki = key.public_key().spki();
  for (std::size_t n = 0; n < spki.der().size(); ++n)
    EXPECT_FALSE(PublicKey::from_spki(spki.der().first(n))) << n;
  Bytes longer = bytes(spki.der());
  longer.push_back(0);
  expect_refused(PublicKey::from_spki(longer), Code::trailing_data, "1 bytes");
  EXPECT_FALSE(PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
  EXPECT_FALSE(PublicKey::from_pem(""));
}

TEST_F(Key, APrivateKeyThatIsEncryptedIsRefusedWithoutAQuestion) {
  const auto key = *PrivateKey::generate(KeyType::p256);
  BIO* out = BIO_new(BIO_s_mem());
  char passphrase[] = "secret";
  PEM_write_bio_PKCS8PrivateKey(out, native(key), EVP_aes_256_cbc(), passphrase, 6, nullptr, nullptr);
  char* data = nullptr;
  const long length = BIO_get_mem_data(out, &data);
  const std::string pem(data, static_cast<std::size_t>(length));
  BIO_free(out);
  const auto refused = PrivateKey::from_pem(pem);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("unencrypted"));
}

TEST_F(Key, AKeyThatIsRestrictedToPssDoesNothingElse) {
  EVP_PKEY* made = nullptr;
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr);
  EVP_PKEY_keygen_init(context);
  EVP_PKEY_keygen(context, &made);
  EVP_PKEY_CTX_free(context);
  const auto key = private_key_from_native(made);
  EVP_PKEY_free(made);
  ASSERT_TRUE(key) << key.error().message();
  const auto signature = key->sign(SignatureAlgorithm::rsa_pss_sha256, view("m"), EcdsaForm::der);
  ASSERT_TRUE(signature);
  EXPECT_TRUE(
      key->public_key().verify(SignatureAlgorithm::rsa_pss_sha256, view("m"), *signature, EcdsaForm::der));
  EXPECT_EQ(key->public_key()
                .verify(SignatureAlgorithm::rsa_pkcs1_sha256, view("m"), *signature, EcdsaForm::der)
                .error()
                .code,
            Code::algorithm_not_allowed);
  EXPECT_EQ(key->sign(SignatureAlgorithm::rsa_pkcs1_sha256, view("m"), EcdsaForm::der).error().code,
            Code::algorithm_not_allowed);
}

TEST_F(Key, APublicKeyDoesNotHoldThePrivatePart) {
  const auto key = *PrivateKey::generate(KeyType::p256);
  BIGNUM* secret = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(native(key.public_key()), OSSL_PKEY_PARAM_PRIV_KEY, &secret), 0);
  BN_clear_free(secret);
  ERR_clear_error();
  EXPECT_TRUE(public_key_from_native(native(key))->same_key(key.public_key()));
}

}  // namespace
}  // namespace seatls::crypto
