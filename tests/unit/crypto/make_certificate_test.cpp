#include <gtest/gtest.h>

#include "crypto/x509.h"

namespace seatls::crypto {
namespace {

using std::chrono::hours;

Time now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

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

}  // namespace
}  // namespace seatls::crypto
