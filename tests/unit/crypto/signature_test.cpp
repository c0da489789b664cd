#include "crypto/signature.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "base/encoding.h"
#include "crypto/signature_openssl.h"

namespace seatls::crypto {
namespace {

using enum SignatureAlgorithm;

constexpr SignatureAlgorithm kAlgorithms[] = {
    ecdsa_p256_sha256, ecdsa_p384_sha384, ecdsa_p521_sha512, ed25519,          rsa_pss_sha256,
    rsa_pss_sha384,    rsa_pss_sha512,    rsa_pkcs1_sha256,  rsa_pkcs1_sha384, rsa_pkcs1_sha512};
constexpr KeyType kTypes[] = {KeyType::p256, KeyType::p384, KeyType::p521, KeyType::ed25519, KeyType::rsa};
constexpr EcdsaForm kForms[] = {EcdsaForm::der, EcdsaForm::fixed};

Bytes hex(std::string_view digits) { return *base::from_hex(digits); }

// key makes one key per type for the whole program: RSA keys take long to make.
const PrivateKey& key(KeyType type) {
  static const std::vector<PrivateKey> keys = [] {
    std::vector<PrivateKey> out;
    for (auto t : kTypes) out.push_back(*PrivateKey::generate(t));
    return out;
  }();
  return keys[static_cast<std::size_t>(type)];
}

Code code_of(const Result<void>& r) { return r ? Code::internal : r.error().code; }

class Signature : public testing::Test {
 protected:
  // libssl reads the same error queue: nothing may be left on it, success or failure.
  void TearDown() override { EXPECT_EQ(ERR_peek_error(), 0UL); }
};

TEST_F(Signature, EveryAlgorithmSignsAndVerifiesInBothForms) {
  for (auto algorithm : kAlgorithms) {
    for (auto form : kForms) {
      const auto& k = key(key_type(algorithm));
      const auto signature = k.sign(algorithm, view("message"), form);
      ASSERT_TRUE(signature) << name(algorithm) << signature.error().message();
      const auto check = [&](std::string_view m, ByteView s, EcdsaForm f) {
        return k.public_key().verify(algorithm, view(m), s, f);
      };
      EXPECT_TRUE(check("message", *signature, form)) << name(algorithm);
      EXPECT_EQ(code_of(check("messagf", *signature, form)), Code::signature_invalid);
      EXPECT_EQ(code_of(check("message", {}, form)), Code::signature_invalid);
      for (std::size_t i = 0; i < signature->size(); i += 7) {
        Bytes broken = *signature;
        broken[i] ^= 1;
        EXPECT_EQ(code_of(check("message", broken, form)), Code::signature_invalid) << name(algorithm) << i;
      }
      Bytes longer = *signature;
      longer.push_back(0);
      EXPECT_EQ(code_of(check("message", longer, form)), Code::signature_invalid) << name(algorithm);
      EXPECT_EQ(code_of(check("message", ByteView(*signature).first(signature->size() - 1), form)),
                Code::signature_invalid);
    }
  }
}

TEST_F(Signature, FixedFormHasTheCurvesWidth) {
  EXPECT_EQ(key(KeyType::p256).sign(ecdsa_p256_sha256, {}, EcdsaForm::fixed)->size(), 64u);
  EXPECT_EQ(key(KeyType::p384).sign(ecdsa_p384_sha384, {}, EcdsaForm::fixed)->size(), 96u);
  EXPECT_EQ(key(KeyType::p521).sign(ecdsa_p521_sha512, {}, EcdsaForm::fixed)->size(), 132u);
}

TEST_F(Signature, OneEcdsaFormIsNeverTakenForTheOther) {
  for (auto algorithm : {ecdsa_p256_sha256, ecdsa_p384_sha384, ecdsa_p521_sha512}) {
    const auto& k = key(key_type(algorithm));
    const auto der = *k.sign(algorithm, view("m"), EcdsaForm::der);
    const auto fixed = *k.sign(algorithm, view("m"), EcdsaForm::fixed);
    EXPECT_EQ(code_of(k.public_key().verify(algorithm, view("m"), der, EcdsaForm::fixed)),
              Code::signature_invalid);
    EXPECT_EQ(code_of(k.public_key().verify(algorithm, view("m"), fixed, EcdsaForm::der)),
              Code::signature_invalid);
  }
}

TEST_F(Signature, ZeroIsNoEcdsaSignature) {
  for (auto algorithm : {ecdsa_p256_sha256, ecdsa_p384_sha384, ecdsa_p521_sha512}) {
    const std::size_t n = key(key_type(algorithm)).sign(algorithm, {}, EcdsaForm::fixed)->size();
    EXPECT_EQ(
        code_of(
            key(key_type(algorithm)).public_key().verify(algorithm, view("m"), Bytes(n), EcdsaForm::fixed)),
        Code::signature_invalid);
  }
}

TEST_F(Signature, AnAlgorithmOfAnotherKeyTypeIsRefused) {
  for (auto algorithm : kAlgorithms) {
    for (auto type : kTypes) {
      if (type == key_type(algorithm)) continue;
      const auto refused = key(type).sign(algorithm, view("m"), EcdsaForm::der);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, Code::algorithm_not_allowed);
      for (auto form : kForms)
        EXPECT_EQ(code_of(key(type).public_key().verify(algorithm, view("m"), Bytes(64), form)),
                  Code::algorithm_not_allowed)
            << name(algorithm) << " with " << name(type);
    }
  }
}

TEST_F(Signature, AnotherAlgorithmOfTheSameKeyTypeDoesNotVerify) {
  const auto& k = key(KeyType::rsa);
  for (auto made : kAlgorithms) {
    if (key_type(made) != KeyType::rsa) continue;
    const auto signature = *k.sign(made, view("m"), EcdsaForm::der);
    for (auto checked : kAlgorithms) {
      if (key_type(checked) != KeyType::rsa || checked == made) continue;
      EXPECT_EQ(code_of(k.public_key().verify(checked, view("m"), signature, EcdsaForm::der)),
                Code::signature_invalid)
          << name(made) << " taken for " << name(checked);
    }
  }
}

TEST_F(Signature, AnotherKeyDoesNotVerify) {
  for (auto algorithm : {ecdsa_p256_sha256, ed25519}) {
    const auto other = *PrivateKey::generate(key_type(algorithm));
    const auto signature = *other.sign(algorithm, view("m"), EcdsaForm::der);
    EXPECT_EQ(
        code_of(
            key(key_type(algorithm)).public_key().verify(algorithm, view("m"), signature, EcdsaForm::der)),
        Code::signature_invalid);
  }
}

// RFC 8032, 7.1, TEST 2 and TEST 3.
TEST_F(Signature, Ed25519VectorsOfRfc8032) {
  struct Case {
    const char *public_key, *message, *signature;
  };
  const Case cases[] = {{"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458"
                         "f3613d0f11d8c387b2eaeb4302aee"
                         "b00d291612bb0c00"},
                        {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae6"
                         "7f760984dc6594a7c15e9716ed28d"
                         "c027beceea1ec40a"}};
  for (const auto& c : cases) {
    const auto k = PublicKey::from_ed25519(hex(c.public_key));
    ASSERT_TRUE(k);
    EXPECT_TRUE(k->verify(ed25519, hex(c.message), hex(c.signature), EcdsaForm::fixed));
    EXPECT_EQ(*k->ed25519_raw(), hex(c.public_key));
  }
}

// RFC 6979, A.2.5 and A.2.6: message "sample".
TEST_F(Signature, EcdsaVectorsOfRfc6979) {
  const auto p256 = PublicKey::from_ec_point(
      KeyType::p256, {hex("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"),
                      hex("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299")});
  ASSERT_TRUE(p256);
  EXPECT_TRUE(p256->verify(ecdsa_p256_sha256, view("sample"),
                           hex("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
                               "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"),
                           EcdsaForm::fixed));
  const auto p384 =
      PublicKey::from_ec_point(KeyType::p384, {hex("EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286"
                                                   "B300C64DEF8F0EA9055866064A254515480BC13"),
                                               hex("8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3"
                                                   "F1C9DB1288B231C3AE0D4FE7344FD2533264720")});
  ASSERT_TRUE(p384);
  EXPECT_TRUE(p384->verify(
      ecdsa_p384_sha384, view("sample"),
      hex("94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46"
          "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8"),
      EcdsaForm::fixed));
}

}  // namespace
}  // namespace seatls::crypto
