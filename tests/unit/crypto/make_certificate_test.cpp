#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "x509_builder.h"

namespace seatls::crypto {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;
using testing::now;

PrivateKey p256() { return *PrivateKey::generate(KeyType::p256); }

TEST(MakeCertificate, ASelfSignedOneOfEveryKeyTypeVerifies) {
  for (auto type : {KeyType::p256, KeyType::p384, KeyType::p521, KeyType::ed25519, KeyType::rsa}) {
    const auto key = *PrivateKey::generate(type);
    const auto certificate = make_self_signed({.common_name = "endpoint", .dns_names = {"a.example"}}, key);
    ASSERT_TRUE(certificate) << name(type) << certificate.error().message();
    EXPECT_EQ(certificate->spki(), key.public_key().spki());
    EXPECT_EQ(certificate->subject(), "CN=endpoint");
    EXPECT_LT(certificate->not_before(), now());
    EXPECT_GT(certificate->not_after(), now() + hours(24 * 29));
    EXPECT_TRUE(verify_chain(*certificate, {.anchors = {*certificate}, .at = now()}));
  }
}

TEST(MakeCertificate, TheSpecNamesOtherUsages) {
  const auto ca_key = p256();
  const auto ca = *make_self_signed({.common_name = "CA", .is_ca = true}, ca_key);
  const auto ak = make_certificate({.common_name = "AK", .extended_key_usages = {"2.23.133.8.3"}},
                                   p256().public_key(), {ca, ca_key});
  ASSERT_TRUE(ak) << ak.error().message();
  EXPECT_TRUE(ak->has_extended_key_usage("2.23.133.8.3"));
  EXPECT_FALSE(ak->has_extended_key_usage("1.3.6.1.5.5.7.3.1"));
  EXPECT_FALSE(make_certificate({.common_name = "AK", .extended_key_usages = {"no oid"}}, p256().public_key(),
                                {ca, ca_key}));
}

TEST(MakeCertificate, ACaCertifiesALeaf) {
  const auto ca_key = p256();
  const auto ca = *make_self_signed({.common_name = "CA", .is_ca = true}, ca_key);
  const auto leaf_key = *PrivateKey::generate(KeyType::ed25519);
  const auto leaf = make_certificate({.common_name = "leaf", .ip_addresses = {"127.0.0.1", "::1"}},
                                     leaf_key.public_key(), {ca, ca_key});
  ASSERT_TRUE(leaf) << leaf.error().message();
  EXPECT_TRUE(verify_chain(*leaf, {.anchors = {ca}, .at = now()}));
  EXPECT_TRUE(leaf->has_extended_key_usage("1.3.6.1.5.5.7.3.1"));
  EXPECT_TRUE(leaf->has_extended_key_usage("1.3.6.1.5.5.7.3.2"));
  EXPECT_FALSE(leaf->has_extended_key_usage("1.3.6.1.5.5.7.3.3"));
  EXPECT_FALSE(ca.has_extended_key_usage("1.3.6.1.5.5.7.3.1"));
}

// with_x509 calls `look` with what libcrypto parses out of a certificate.
template <class F>
auto with_x509(const Certificate& certificate, F look) {
  const unsigned char* at = certificate.der().data();
  X509* x509 = d2i_X509(nullptr, &at, static_cast<long>(certificate.der().size()));
  auto out = look(x509);
  X509_free(x509);
  return out;
}

TEST(MakeCertificate, NamesAreThoseThatTlsPeersCompare) {
  const auto c = *make_self_signed({.common_name = "x",
                                    .dns_names = {"a.example", "*.b.example"},
                                    .ip_addresses = {"192.0.2.7", "2001:db8::1"}},
                                   p256());
  const auto host = [&](const char* name) {
    return with_x509(c, [&](X509* x) { return X509_check_host(x, name, 0, 0, nullptr); });
  };
  const auto ip = [&](const char* name) {
    return with_x509(c, [&](X509* x) { return X509_check_ip_asc(x, name, 0); });
  };
  EXPECT_EQ(host("a.example"), 1);
  EXPECT_EQ(host("www.b.example"), 1);
  EXPECT_EQ(host("x"), 0);
  EXPECT_EQ(ip("192.0.2.7"), 1);
  EXPECT_EQ(ip("2001:db8::1"), 1);
  EXPECT_EQ(ip("192.0.2.8"), 0);
}

TEST(MakeCertificate, ExtensionsAreThoseOfTheirKind) {
  const auto usage = [](X509* x) { return X509_get_key_usage(x); };
  const auto ca_check = [](X509* x) { return X509_check_ca(x); };
  const auto key = p256();
  const auto ca = *make_self_signed({.common_name = "CA", .is_ca = true}, key);
  const auto leaf = *make_self_signed({.common_name = "leaf"}, key);
  EXPECT_EQ(with_x509(ca, ca_check), 1);
  EXPECT_EQ(with_x509(leaf, ca_check), 0);
  EXPECT_EQ(with_x509(ca, usage),
            static_cast<std::uint32_t>(KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN | KU_CRL_SIGN));
  EXPECT_EQ(with_x509(leaf, usage), static_cast<std::uint32_t>(KU_DIGITAL_SIGNATURE));
  for (int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT})
    EXPECT_EQ(with_x509(leaf, [&](X509* x) { return X509_check_purpose(x, purpose, 0); }), 1);
}

TEST(MakeCertificate, ValidityIsTheSpecified) {
  const auto begin = now() - hours(5);
  const auto c = *make_self_signed({.common_name = "x", .lifetime = hours(3), .not_before = begin}, p256());
  EXPECT_EQ(c.not_before(), begin);
  EXPECT_EQ(c.not_after(), begin + hours(3));
  const auto late = std::chrono::sys_days(std::chrono::year(2060) / 1 / 2);  // GeneralizedTime
  EXPECT_EQ(make_self_signed({.common_name = "x", .not_before = late}, p256())->not_before(), Time(late));
}

TEST(MakeCertificate, SerialNumbersDiffer) {
  const auto key = p256();
  EXPECT_NE(bytes(make_self_signed({.common_name = "x"}, key)->der()),
            bytes(make_self_signed({.common_name = "x"}, key)->der()));
}

TEST(MakeCertificate, SpecificationsThatCannotBeMet) {
  const auto key = p256();
  const CertificateSpec bad[] = {{.common_name = std::string(65, 'x')},
                                 {.common_name = "\xff\xfe"},
                                 {.common_name = "x", .dns_names = {""}},
                                 {.common_name = "x", .dns_names = {"a.example,DNS:evil.example"}},
                                 {.common_name = "x", .dns_names = {"gr\xc3\xbc\xc3\x9f.example"}},
                                 {.common_name = "x", .ip_addresses = {"192.0.2"}},
                                 {.common_name = "x", .ip_addresses = {"a.example"}}};
  for (const auto& spec : bad) {
    const auto made = make_self_signed(spec, key);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Code::configuration);
  }
}

TEST(MakeCertificate, AnIssuersKeyMustBeTheCertifiedOne) {
  const auto ca_key = p256();
  const auto ca = *make_self_signed({.common_name = "CA", .is_ca = true}, ca_key);
  const auto other = p256();
  EXPECT_EQ(make_certificate({.common_name = "x"}, other.public_key(), {ca, other}).error().code,
            Code::signature_invalid);
  const auto another_type = *PrivateKey::generate(KeyType::ed25519);
  EXPECT_EQ(make_certificate({.common_name = "x"}, other.public_key(), {ca, another_type}).error().code,
            Code::algorithm_not_allowed);
}

// ---- A signer that holds the key elsewhere -------------------------------------------------------

TEST(MakeCertificate, ASignerElsewhereSelfSignsWithEveryAlgorithm) {
  using enum SignatureAlgorithm;
  const auto rsa = *PrivateKey::generate(KeyType::rsa);
  for (auto algorithm :
       {ecdsa_p256_sha256, ecdsa_p384_sha384, ecdsa_p521_sha512, ed25519, rsa_pss_sha256, rsa_pss_sha384,
        rsa_pss_sha512, rsa_pkcs1_sha256, rsa_pkcs1_sha384, rsa_pkcs1_sha512}) {
    const auto key = key_type(algorithm) == KeyType::rsa ? rsa : *PrivateKey::generate(key_type(algorithm));
    const auto sign = [&](ByteView message) { return key.sign(algorithm, message, EcdsaForm::der); };
    const auto c = make_self_signed({.common_name = "tpm"}, key.public_key(), algorithm, sign);
    ASSERT_TRUE(c) << name(algorithm) << c.error().message();
    // The signature is checked here: an anchor's own would not be by verify_chain.
    EXPECT_EQ(with_x509(*c, [](X509* x) { return X509_verify(x, X509_get0_pubkey(x)); }), 1)
        << name(algorithm);
    const auto csr = make_csr({.common_name = "tpm"}, key.public_key(), algorithm, sign);
    ASSERT_TRUE(csr) << name(algorithm);
  }
}

TEST(MakeCertificate, ASignerThatHoldsAnotherKeyIsFoundOut) {
  const auto key = p256(), other = p256();
  const ExternalSigner sign = [&](ByteView m) {
    return other.sign(SignatureAlgorithm::ecdsa_p256_sha256, m, EcdsaForm::der);
  };
  EXPECT_EQ(
      make_self_signed({.common_name = "x"}, key.public_key(), SignatureAlgorithm::ecdsa_p256_sha256, sign)
          .error()
          .code,
      Code::signature_invalid);
  EXPECT_EQ(make_csr({.common_name = "x"}, key.public_key(), SignatureAlgorithm::ecdsa_p256_sha256, sign)
                .error()
                .code,
            Code::signature_invalid);
  EXPECT_EQ(make_self_signed({.common_name = "x"}, key.public_key(), SignatureAlgorithm::ed25519, sign)
                .error()
                .code,
            Code::algorithm_not_allowed);
}

TEST(MakeCertificate, ASignersFailureIsTheReason) {
  const auto key = p256();
  const ExternalSigner sign = [](ByteView) -> Result<Bytes> { return Error{Code::tpm, "locked out", ""}; };
  EXPECT_EQ(make_csr({.common_name = "x"}, key.public_key(), SignatureAlgorithm::ecdsa_p256_sha256, sign)
                .error()
                .code,
            Code::tpm);
}

TEST(MakeCertificate, ARequestCarriesKeyNamesAndSignature) {
  const auto key = p256();
  const ExternalSigner sign = [&](ByteView m) {
    return key.sign(SignatureAlgorithm::ecdsa_p256_sha256, m, EcdsaForm::der);
  };
  const auto pem = make_csr({.common_name = "tpm", .dns_names = {"a.example"}}, key.public_key(),
                            SignatureAlgorithm::ecdsa_p256_sha256, sign);
  ASSERT_TRUE(pem) << pem.error().message();
  EXPECT_THAT(*pem, HasSubstr("-----BEGIN CERTIFICATE REQUEST-----\n"));
  BIO* in = BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size()));
  X509_REQ* request = PEM_read_bio_X509_REQ(in, nullptr, nullptr, nullptr);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), 1);
  EXPECT_EQ(EVP_PKEY_eq(X509_REQ_get0_pubkey(request), native(key)), 1);
  STACK_OF(X509_EXTENSION)* wanted = X509_REQ_get_extensions(request);
  EXPECT_GE(X509v3_get_ext_by_NID(wanted, NID_subject_alt_name, -1), 0);
  EXPECT_GE(X509v3_get_ext_by_NID(wanted, NID_key_usage, -1), 0);
  sk_X509_EXTENSION_pop_free(wanted, X509_EXTENSION_free);
  X509_REQ_free(request);
  BIO_free(in);
}

}  // namespace
}  // namespace seatls::crypto
