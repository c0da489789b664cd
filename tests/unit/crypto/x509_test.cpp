#include "crypto/x509.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>

#include "x509_builder.h"

namespace seatls::crypto {
namespace {

using testing::changed;
using ::testing::HasSubstr;

class X509Test : public ::testing::Test {
 protected:
  PrivateKey key = *PrivateKey::generate(KeyType::p256);
  Certificate certificate = *make_self_signed({.common_name = "a", .dns_names = {"a.example"}}, key);
  void TearDown() override { EXPECT_EQ(ERR_peek_error(), 0UL); }
};

// with_spki returns the certificate with other bytes in the SPKI's place. Its signature is void then,
// which from_der does not look at.
Bytes with_spki(const Certificate& original, ByteView spki) {
  Bytes der = bytes(original.der());
  const auto at = std::ranges::search(der, original.spki().der());
  const auto grown = static_cast<int>(spki.size()) - static_cast<int>(original.spki().der().size());
  const auto place = der.erase(at.begin(), at.end());
  der.insert(place, spki.begin(), spki.end());
  for (const std::size_t header : {0u, 4u}) {  // both are 30 82 hi lo
    const int length = (der[header + 2] << 8 | der[header + 3]) + grown;
    der[header + 2] = static_cast<std::uint8_t>(length >> 8);
    der[header + 3] = static_cast<std::uint8_t>(length);
  }
  return der;
}

Bytes long_form_length(const Spki& spki) {
  Bytes out = bytes(spki.der());
  EXPECT_EQ(out[1], out.size() - 2);  // short form
  out.insert(out.begin() + 1, 0x81);
  return out;
}

Bytes compressed_point(const PublicKey& p256) {
  const auto point = *p256.point();
  Bytes out = bytes(p256.spki().der().first(23));  // SEQUENCE, AlgorithmIdentifier
  out[1] = 0x39;
  out.insert(out.end(), {0x03, 0x22, 0x00, static_cast<std::uint8_t>(2 | (point.y.back() & 1))});
  out.insert(out.end(), point.x.begin(), point.x.end());
  return out;
}

Bytes without_null_parameter(const Spki& rsa) {
  // 30 82 hi lo | 30 0d 06 09 … 05 00 | 03 …
  Bytes out = bytes(rsa.der());
  EXPECT_EQ(out[17], 0x05);
  out.erase(out.begin() + 17, out.begin() + 19);
  out[5] = 0x0b;
  out[3] = static_cast<std::uint8_t>(out[3] - 2);
  return out;
}

TEST_F(X509Test, SpkiIsTheReceivedBytes) {
  EXPECT_EQ(certificate.spki(), key.public_key().spki());
  const auto rsa_key = *PrivateKey::generate(KeyType::rsa);
  const auto rsa = *make_self_signed({.common_name = "r"}, rsa_key);
  struct Case {
    const char* what;
    const Certificate& original;
    Bytes spki;
    PublicKey same_as;
  };
  const Case cases[] = {
      {"long-form length", certificate, long_form_length(certificate.spki()), key.public_key()},
      {"compressed point", certificate, compressed_point(key.public_key()), key.public_key()},
      {"no NULL parameter", rsa, without_null_parameter(rsa.spki()), rsa_key.public_key()}};
  for (const auto& c : cases) {
    const Bytes der = with_spki(c.original, c.spki);
    const auto parsed = Certificate::from_der(der);
    ASSERT_TRUE(parsed) << c.what << parsed.error().message();
    EXPECT_EQ(parsed->spki(), Spki(c.spki)) << c.what;
    EXPECT_EQ(spki_of_certificate(der).value(), Spki(c.spki)) << c.what;
    EXPECT_NE(parsed->spki(), c.same_as.spki()) << c.what << ": the case is no longer an odd encoding";
    const auto public_key = parsed->public_key();
    ASSERT_TRUE(public_key) << c.what << public_key.error().message();
    EXPECT_TRUE(public_key->same_key(c.same_as)) << c.what;
  }
}

TEST_F(X509Test, SpkiOfAVersion1CertificateIsFound) {
  const auto v1 = changed(certificate, key, [](X509* c) {
    while (X509_get_ext_count(c) > 0) X509_EXTENSION_free(X509_delete_ext(c, 0));
    X509_set_version(c, X509_VERSION_1);
  });
  EXPECT_EQ(v1.spki(), certificate.spki());
}

TEST_F(X509Test, IndefiniteLengthsAreRefused) {
  Bytes der = bytes(certificate.der());
  der.insert(der.end(), {0, 0});
  der[1] = 0x80;
  der.erase(der.begin() + 2, der.begin() + 4);
  EXPECT_EQ(spki_of_certificate(der).error().code, Code::malformed);
  EXPECT_FALSE(Certificate::from_der(der));
}

TEST_F(X509Test, EveryPrefixIsRefused) {
  const auto der = certificate.der();
  for (std::size_t n = 0; n < der.size(); ++n) {
    EXPECT_FALSE(spki_of_certificate(der.first(n))) << n;
    EXPECT_FALSE(Certificate::from_der(der.first(n))) << n;
  }
}

TEST_F(X509Test, TrailingBytesAreRefused) {
  Bytes der = bytes(certificate.der());
  der.push_back(0);
  EXPECT_EQ(Certificate::from_der(der).error().code, Code::trailing_data);
  EXPECT_EQ(spki_of_certificate(der).error().code, Code::trailing_data);
}

TEST_F(X509Test, AChangedByteNeverMovesTheSpkiUnseen) {
  const Bytes good = bytes(certificate.der());
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      Bytes der = good;
      der[i] = static_cast<std::uint8_t>(der[i] ^ flip);
      const auto parsed = Certificate::from_der(der);
      if (!parsed) continue;
      // What libcrypto takes for the key must lie in the bytes that were cut out.
      const unsigned char* at = der.data();
      X509* x509 = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
      ASSERT_NE(x509, nullptr);
      const ASN1_BIT_STRING* bits = X509_get0_pubkey_bitstr(x509);
      ASSERT_GT(ASN1_STRING_length(bits), 1);
      // Without its last byte: libcrypto clears the bits of it that are said to be unused.
      const ByteView content(ASN1_STRING_get0_data(bits),
                             static_cast<std::size_t>(ASN1_STRING_length(bits) - 1));
      EXPECT_FALSE(std::ranges::search(parsed->spki().der(), content).empty()) << i;
      X509_free(x509);
    }
  }
}

TEST_F(X509Test, PemBothWays) {
  const auto pem = to_pem(certificate);
  EXPECT_THAT(pem, HasSubstr("-----BEGIN CERTIFICATE-----\n"));
  const auto other = *make_self_signed({.common_name = "b"}, key);
  const auto private_pem = *key.to_pem();
  const auto parsed =
      parse_pem_certificates(text(private_pem.reveal()) + pem + "# a remark\n" + to_pem(other));
  ASSERT_TRUE(parsed) << parsed.error().message();
  ASSERT_EQ(parsed->size(), 2u);
  EXPECT_EQ(bytes((*parsed)[0].der()), bytes(certificate.der()));
  EXPECT_EQ((*parsed)[1].subject(), "CN=b");
}

TEST_F(X509Test, PemThatHoldsNoCertificate) {
  const auto private_pem = *key.to_pem();
  const auto pem = to_pem(certificate);
  for (const std::string& bad :
       {std::string(), std::string("nothing"), text(private_pem.reveal()), pem.substr(0, pem.size() / 2),
        std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        pem + "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"}) {
    const auto parsed = parse_pem_certificates(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, Code::malformed);
  }
}

TEST_F(X509Test, ExtendedKeyUsage) {
  EXPECT_TRUE(certificate.has_extended_key_usage("1.3.6.1.5.5.7.3.1"));
  EXPECT_FALSE(certificate.has_extended_key_usage("2.23.133.8.3"));
  EXPECT_FALSE(certificate.has_extended_key_usage("no oid"));
  const auto ak = changed(certificate, key,
                          [](X509* c) { testing::replace_extension(c, NID_ext_key_usage, "2.23.133.8.3"); });
  EXPECT_TRUE(ak.has_extended_key_usage("2.23.133.8.3"));
  EXPECT_FALSE(ak.has_extended_key_usage("1.3.6.1.5.5.7.3.1"));
}

TEST_F(X509Test, NamesSerialAndExtensions) {
  const Bytes value = {0x04, 0x01, 0x07};
  const auto ca_key = *PrivateKey::generate(KeyType::p384);
  const auto ca = *make_self_signed({.common_name = "the CA", .is_ca = true}, ca_key);
  const auto leaf =
      *make_certificate({.common_name = "the leaf", .extensions = {{"1.2.840.113741.1.13.1", false, value}}},
                        key.public_key(), {ca, ca_key});
  EXPECT_EQ(leaf.subject_common_name(), "the leaf");
  EXPECT_EQ(leaf.issuer_common_name(), "the CA");
  EXPECT_EQ(leaf.serial().size(), 16U);
  EXPECT_EQ(leaf.extension("1.2.840.113741.1.13.1").value(), value);
  EXPECT_EQ(leaf.extension("1.2.840.113741.1.13").value(), std::nullopt);
  EXPECT_EQ(leaf.extension("not an oid").value(), std::nullopt);
  const auto twice = changed(
      leaf, ca_key, [](X509* c) { testing::add_extension(c, "1.2.840.113741.1.13.1", false, "\x05"); });
  EXPECT_EQ(twice.extension("1.2.840.113741.1.13.1").error().code, Code::malformed);
  const auto two_names = changed(leaf, ca_key, [](X509* c) {
    X509_NAME* name = X509_NAME_dup(X509_get_subject_name(c));
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("other"), -1,
                               -1, 0);
    X509_set_subject_name(c, name);
    X509_NAME_free(name);
  });
  EXPECT_EQ(two_names.subject_common_name(), "");
}

}  // namespace
}  // namespace seatls::crypto
