#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include "x509_builder.h"

namespace seatls::crypto {
namespace {

using std::chrono::hours;
using testing::add_extension;
using testing::changed;
using ::testing::HasSubstr;
using testing::make_crl;
using testing::now;
using testing::replace_extension;

// Chain tests check root → intermediate → leaf, all of them good, and break one thing at a time.
class Chain : public ::testing::Test {
 protected:
  PrivateKey root_key = *PrivateKey::generate(KeyType::p384);
  PrivateKey middle_key = *PrivateKey::generate(KeyType::p256);
  PrivateKey leaf_key = *PrivateKey::generate(KeyType::p256);
  Certificate root = *make_self_signed(
      {.common_name = "root", .is_ca = true, .lifetime = hours(24 * 365), .not_before = now() - hours(48)},
      root_key);
  Certificate middle = *make_certificate(
      {.common_name = "middle", .is_ca = true, .lifetime = hours(24 * 365), .not_before = now() - hours(48)},
      middle_key.public_key(), {root, root_key});
  Certificate leaf =
      *make_certificate({.common_name = "leaf", .lifetime = hours(24 * 10), .not_before = now() - hours(24)},
                        leaf_key.public_key(), {middle, middle_key});
  ChainCheck check{.anchors = {root}, .intermediates = {middle}, .at = now()};

  void expect_refused(const Certificate& end_entity, const char* reason,
                      Code code = Code::untrusted_attestation_key) {
    const auto result = verify_chain(end_entity, check);
    ASSERT_FALSE(result) << reason;
    EXPECT_EQ(result.error().code, code) << result.error().message();
    EXPECT_THAT(result.error().detail, HasSubstr(reason));
  }
  // libssl reads the same error queue.
  void TearDown() override { EXPECT_EQ(ERR_peek_error(), 0UL); }
};

TEST_F(Chain, TheGoodOneVerifies) {
  const auto result = verify_chain(leaf, check);
  EXPECT_TRUE(result) << result.error().message();
}

TEST_F(Chain, AnAnchorMayStandAnywhere) {
  check.anchors = {middle};
  check.intermediates.clear();
  EXPECT_TRUE(verify_chain(leaf, check));
  check.anchors = {leaf};
  EXPECT_TRUE(verify_chain(leaf, check));
}

TEST_F(Chain, NoAnchorTrustsNothing) {
  check.anchors.clear();
  expect_refused(leaf, "no anchor");
}

TEST_F(Chain, AnotherRootOfTheSameName) {
  const auto other_key = *PrivateKey::generate(KeyType::p384);
  check.anchors = {*make_self_signed({.common_name = "root", .is_ca = true}, other_key)};
  expect_refused(leaf, "unable to get local issuer certificate");
}

TEST_F(Chain, AMissingIntermediate) {
  check.intermediates.clear();
  expect_refused(leaf, "unable to get local issuer certificate");
}

TEST_F(Chain, ASelfSignedLeafThatNobodyNamed) {
  expect_refused(*make_self_signed({.common_name = "leaf"}, leaf_key), "self-signed certificate");
}

TEST_F(Chain, ABrokenSignature) {
  Bytes der = bytes(leaf.der());
  der.back() ^= 1;
  expect_refused(*Certificate::from_der(der), "certificate signature failure");
}

TEST_F(Chain, TimeIsJudgedAtTheGivenMoment) {
  check.at = leaf.not_after() + hours(1);
  expect_refused(leaf, "certificate has expired (certificate 0 of the chain, CN=leaf)");
  check.at = leaf.not_before() - hours(1);
  expect_refused(leaf, "certificate is not yet valid");
  check.at = Time{};  // never set
  expect_refused(leaf, "not yet valid");
}

TEST_F(Chain, AnExpiredIntermediate) {
  check.intermediates = {*make_certificate(
      {.common_name = "middle", .is_ca = true, .lifetime = hours(1), .not_before = now() - hours(3)},
      middle_key.public_key(), {root, root_key})};
  expect_refused(leaf, "certificate has expired (certificate 1 of the chain, CN=middle)");
}

TEST_F(Chain, AnIntermediateThatIsNoCa) {
  check.intermediates = {
      *make_certificate({.common_name = "middle"}, middle_key.public_key(), {root, root_key})};
  expect_refused(leaf, "invalid CA certificate");
}

TEST_F(Chain, AnIntermediateThatMayNotSignCertificates) {
  check.intermediates = {changed(
      middle, root_key, [](X509* c) { replace_extension(c, NID_key_usage, "critical,digitalSignature"); })};
  EXPECT_FALSE(verify_chain(leaf, check));
}

TEST_F(Chain, APathThatIsTooLong) {
  check.intermediates.push_back(*make_certificate({.common_name = "below", .is_ca = true},
                                                  leaf_key.public_key(), {middle, middle_key}));
  const auto end =
      *make_certificate({.common_name = "end"}, leaf_key.public_key(), {check.intermediates[1], leaf_key});
  EXPECT_TRUE(verify_chain(end, check));
  check.anchors = {changed(root, root_key, [](X509* c) {
    replace_extension(c, NID_basic_constraints, "critical,CA:TRUE,pathlen:1");
  })};
  EXPECT_TRUE(verify_chain(leaf, check));
  expect_refused(end, "path length constraint exceeded");
}

TEST_F(Chain, WeakSignatures) {
  const auto sha1 = changed(
      leaf, middle_key, [](X509*) {}, EVP_sha1());
  expect_refused(sha1, "CA signature digest algorithm too weak");
}

TEST_F(Chain, CriticalExtensionsMustBeUnderstood) {
  const auto odd = changed(leaf, middle_key, [](X509* c) { add_extension(c, "1.2.3.4.5", true, "\x05"); });
  expect_refused(odd, "unhandled critical extension");
  check.understood_critical_oids = {"1.2.3.4"};
  expect_refused(odd, "unhandled critical extension");
  check.understood_critical_oids = {"1.2.3.4.5"};
  EXPECT_TRUE(verify_chain(odd, check));
  // Understanding one excuses neither a second one, nor another fault of the same certificate.
  const auto two = changed(odd, middle_key, [](X509* c) { add_extension(c, "1.2.3.4.6", true, "\x05"); });
  expect_refused(two, "unhandled critical extension");
  check.at = leaf.not_after() + hours(1);
  expect_refused(odd, "certificate has expired");
}

TEST_F(Chain, AnUnknownExtensionThatIsNotCriticalIsPassedOver) {
  EXPECT_TRUE(verify_chain(
      changed(leaf, middle_key, [](X509* c) { add_extension(c, "1.2.3.4.5", false, "\x05"); }), check));
}

TEST_F(Chain, RevocationListsOfEveryIssuer) {
  check.crls = {make_crl(root, root_key), make_crl(middle, middle_key)};
  EXPECT_TRUE(verify_chain(leaf, check));
  check.crls.pop_back();
  expect_refused(leaf, "unable to get certificate CRL (certificate 0", Code::collateral_missing);
  check.crls = {make_crl(middle, middle_key)};
  expect_refused(leaf, "unable to get certificate CRL (certificate 1", Code::collateral_missing);
}

TEST_F(Chain, AnAnchorNeedsNobodyToVouchForIt) {
  check.anchors = {middle};
  check.crls = {make_crl(middle, middle_key)};
  EXPECT_TRUE(verify_chain(leaf, check));
  check.crls = {make_crl(root, root_key)};
  expect_refused(leaf, "unable to get certificate CRL (certificate 0", Code::collateral_missing);
}

TEST_F(Chain, ARevokedLeafAndARevokedIntermediate) {
  check.crls = {make_crl(root, root_key), make_crl(middle, middle_key, {.revoked = {leaf}})};
  expect_refused(leaf, "certificate revoked (certificate 0", Code::certificate_revoked);
  check.crls = {make_crl(root, root_key, {.revoked = {middle}}), make_crl(middle, middle_key)};
  expect_refused(leaf, "certificate revoked (certificate 1", Code::certificate_revoked);
}

TEST_F(Chain, ARevocationListThatHasEndedOrIsForged) {
  check.crls = {make_crl(root, root_key),
                make_crl(middle, middle_key, {.from = now() - hours(9), .until = now() - hours(1)})};
  expect_refused(leaf, "CRL has expired", Code::collateral_stale);
  check.crls.back() = make_crl(middle, middle_key, {.from = now() + hours(1), .until = now() + hours(9)});
  expect_refused(leaf, "CRL is not yet valid", Code::collateral_stale);
  check.crls.back() = make_crl(middle, leaf_key);
  expect_refused(leaf, "CRL signature failure", Code::collateral_invalid);
}

TEST_F(Chain, ARevocationListThatIsNone) {
  for (Bytes bad : {Bytes{}, Bytes{0x30, 0x00}, bytes(leaf.der())}) {
    check.crls = {bad};
    const auto result = verify_chain(leaf, check);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::malformed);
  }
  check.crls = {make_crl(root, root_key)};
  check.crls[0].push_back(0);
  EXPECT_EQ(verify_chain(leaf, check).error().code, Code::malformed);
}

TEST_F(Chain, ARevocationListOfOurOwnMaking) {
  const Period period{now() - hours(1), now() + hours(1)};
  const auto of_root = *make_revocation_list({root, root_key}, period, {});
  check.crls = {of_root, *make_revocation_list({middle, middle_key}, period, {Bytes{0x80, 1}, Bytes{7}})};
  const auto good = verify_chain(leaf, check);
  EXPECT_TRUE(good) << good.error().message();
  check.crls.back() = *make_revocation_list({middle, middle_key}, period, {Bytes{7}, leaf.serial()});
  expect_refused(leaf, "certificate revoked (certificate 0", Code::certificate_revoked);
  ASSERT_TRUE(crl_period(of_root));
  EXPECT_EQ(crl_period(of_root)->from, period.from);
  EXPECT_EQ(crl_period(of_root)->until, period.until);
  EXPECT_FALSE(crl_period(leaf.der()));
}

TEST_F(Chain, ARevocationListWithoutAnEnd) {
  X509_CRL* crl = X509_CRL_new();
  X509_CRL_set_version(crl, X509_CRL_VERSION_2);
  const unsigned char* at = root.der().data();
  X509* issuer = d2i_X509(nullptr, &at, static_cast<long>(root.der().size()));
  X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer));
  ASN1_TIME* from = ASN1_TIME_set(nullptr, (now() - hours(1)).time_since_epoch().count());
  X509_CRL_set1_lastUpdate(crl, from);
  X509_CRL_sign(crl, native(root_key), EVP_sha384());
  unsigned char* der = nullptr;
  const int length = i2d_X509_CRL(crl, &der);
  const Bytes endless(der, der + length);
  OPENSSL_free(der);
  ASN1_TIME_free(from);
  X509_free(issuer);
  X509_CRL_free(crl);

  EXPECT_FALSE(crl_period(endless));
  check.crls = {endless, make_crl(middle, middle_key)};
  const auto result = verify_chain(leaf, check);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::malformed);
  EXPECT_THAT(result.error().detail, HasSubstr("until when"));
}

}  // namespace
}  // namespace seatls::crypto
