#include "service/enrolment.h"

#include <fstream>
#include <future>

#include "attest/tpm2/endorsement.h"
#include "attest/tpm2/keys.h"
#include "attest/tpm2/public_area.h"
#include "base/clock.h"
#include "crypto/hash.h"
#include "fake/swtpm.h"
#include "seatls/verifiers.h"

namespace seatls::service {
namespace {

using namespace attest::tpm2;
using crypto::KeyType;

std::string file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<crypto::Certificate> certificates(const std::filesystem::path& path) {
  return crypto::parse_pem_certificates(file(path)).value();
}

struct Ca {
  Ca() : key(crypto::PrivateKey::generate(KeyType::p256).value()), certificate(make(key)) {}
  static crypto::Certificate make(const crypto::PrivateKey& key) {
    crypto::CertificateSpec spec;
    spec.common_name = "issuer of attestation keys";
    spec.is_ca = true;
    return crypto::make_self_signed(spec, key).value();
  }
  crypto::Issuer issuer() const { return {certificate, key}; }
  crypto::PrivateKey key;
  crypto::Certificate certificate;
};

crypto::CertificateSpec named(const Enrolment& e) {
  crypto::CertificateSpec spec;
  spec.common_name = "ak " + e.key_name().substr(0, 16);
  return spec;
}

class Enrolling : public fake::SwtpmWithCertificatesTest {
 protected:
  TpmAccess access() const { return {tcti(), "", ""}; }
  KeyFile make_ak(KeyType type = KeyType::p256) {
    return create_key(access(), KeyUse::attestation, type).value();
  }
  Bytes public_area(const KeyReference& key) { return show_key(access(), key).value().encoded; }
  EnrolmentPolicy policy() {
    EnrolmentPolicy out;
    out.makers = certificates(tpm().ca_root());
    out.at = base::system_clock()();
    return out;
  }
  EnrolmentRequest request(const EndorsementKey& ek, const KeyReference& ak) {
    return {ek.public_area,
            {ek.certificate, bytes(certificates(tpm().ca_issuer()).front().der())},
            public_area(ak)};
  }
};

TEST_F(Enrolling, EndsWithACertificateThatVerifiersAccept) {
  const Ca ca;
  // swtpm is made with an RSA 2048 and a P-384 endorsement key.
  for (const EkKind kind : {EkKind::rsa2048, EkKind::p384}) {
    const auto ek = endorsement_key(access(), kind);
    ASSERT_TRUE(ek.ok()) << ek.error().message();
    ASSERT_FALSE(ek->certificate.empty()) << name(kind);
    const KeyFile ak = make_ak();
    auto enrolment = Enrolment::begin(request(*ek, ak), policy());
    ASSERT_TRUE(enrolment.ok()) << enrolment.error().message();
    const auto answer = activate_credential(access(), kind, ak, enrolment->challenge());
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    const auto spec = named(*enrolment);
    const auto certificate = std::move(*enrolment).finish(*answer, spec, ca.issuer());
    ASSERT_TRUE(certificate.ok()) << certificate.error().message();
    EXPECT_TRUE(certificate->has_extended_key_usage("2.23.133.8.3"));
    EXPECT_FALSE(certificate->has_extended_key_usage("1.3.6.1.5.5.7.3.1"));  // TLS server
    EXPECT_TRUE(certificate->public_key()->same_key(show_key(access(), ak)->key));

    // Evidence with it satisfies a policy that knows the issuer alone.
    Tpm2AttesterOptions options;
    options.access = access();
    options.attestation_key = write_key_file(ak);
    const KeyFile tik = create_key(access(), KeyUse::tik, KeyType::p256).value();
    options.tik = write_key_file(tik);
    options.pcrs = {{Hash::sha256, {7}}};
    options.attestation_key_chain = {bytes(certificate->der())};
    const auto attester = make_tpm2_attester(options);
    ASSERT_TRUE(attester.ok()) << attester.error().message();
    const Binder binder =
        danger::binder_from_bytes(Bytes(32, 9), Hash::sha256, show_key(access(), tik)->key.spki());
    std::promise<Result<Cmw>> evidence;
    (*attester)->attest({(*attester)->schemes().front(), binder},
                        [&](Result<Cmw> r) { evidence.set_value(std::move(r)); });
    const auto made = evidence.get_future().get();
    ASSERT_TRUE(made.ok()) << made.error().message();
    Policy p;
    p.id = "enrolled";
    p.schemes = {"tpm2"};
    p.tpm2.ak_ca = {bytes(ca.certificate.der())};
    p.tpm2.pcrs[Hash::sha256][7] = expect::Any{};
    auto verifier = make_local_verifier(p);
    ASSERT_TRUE(verifier.ok()) << verifier.error().message();
    (*verifier)->appraise({(*attester)->schemes().front(), *made, binder,
                           crypto::digest(Hash::sha256, encode_cmw(*made).value())},
                          [](const Result<AttestationResult>& r) {
                            ASSERT_TRUE(r.ok());
                            EXPECT_EQ(r->tier(), Tier::affirming) << explain(*r);
                          });
  }
}

TEST_F(Enrolling, TakesTheFirstEndorsementKeyWithACertificate) {
  const auto ek = certified_endorsement_key(access());
  ASSERT_TRUE(ek.ok()) << ek.error().message();
  EXPECT_EQ(ek->kind, EkKind::rsa2048);
  const auto certificate = crypto::Certificate::from_der(ek->certificate);
  ASSERT_TRUE(certificate.ok()) << certificate.error().message();
  // Made anew from the template, it is the key that the maker certified.
  bool ok = false;
  tool("tpm2_evictcontrol -C o -c 0x81010001", &ok);
  if (!ok) GTEST_SKIP() << "the stored key cannot be removed (tpm2-tools)";
  const auto again = endorsement_key(access(), EkKind::rsa2048);
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again->public_area, ek->public_area);
}

// A template that is not the TCG's to the bit makes another key than the certified one.
TEST_F(Enrolling, MakesTheMakersP384KeyFromTheTemplate) {
  const auto stored = endorsement_key(access(), EkKind::p384);
  ASSERT_TRUE(stored.ok());
  bool ok = false;
  tool("tpm2_evictcontrol -C o -c 0x81010016", &ok);
  if (!ok) GTEST_SKIP() << "the stored key cannot be removed (tpm2-tools)";
  const auto made = endorsement_key(access(), EkKind::p384);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->public_area, stored->public_area);
}

// A P-256 endorsement key has no certificate in swtpm: its credential alone is tried.
TEST_F(Enrolling, CredentialsOpenForTheirKeyAlone) {
  const KeyFile ak = make_ak();
  const KeyFile other = make_ak();
  for (const EkKind kind : {EkKind::rsa2048, EkKind::p256, EkKind::p384}) {
    const auto ek = endorsement_key(access(), kind);
    ASSERT_TRUE(ek.ok()) << ek.error().message();
    const auto area = parse_public_area(ek->public_area).value();
    const auto ak_name = show_key(access(), ak)->name;
    const Secret secret(crypto::random_bytes(32));
    const auto credential = crypto::make_tpm_credential(area.key, area.name_hash, ak_name, secret);
    ASSERT_TRUE(credential.ok()) << credential.error().message();

    const auto opened = activate_credential(access(), kind, ak, *credential);
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    EXPECT_TRUE(constant_time_equal(opened->reveal(), secret.reveal()));
    const auto refused = [&](const KeyFile& key, const crypto::TpmCredential& c) {
      const auto r = activate_credential(access(), kind, key, c);
      return !r.ok() && r.error().code == Code::tpm;
    };
    EXPECT_TRUE(refused(other, *credential)) << "another key of the same TPM";
    auto changed = *credential;
    changed.id_object.back() ^= 1;
    EXPECT_TRUE(refused(ak, changed)) << "the protected secret";
    changed = *credential;
    changed.id_object[6] ^= 1;
    EXPECT_TRUE(refused(ak, changed)) << "the integrity value";
    changed = *credential;
    changed.encrypted_secret.back() ^= 1;
    EXPECT_TRUE(refused(ak, changed)) << "the encrypted seed";
    for (const EkKind elsewhere : {EkKind::rsa2048, EkKind::p256, EkKind::p384}) {
      if (elsewhere == kind) continue;
      EXPECT_FALSE(activate_credential(access(), elsewhere, ak, *credential).ok())
          << "another endorsement key";
    }
    changed = *credential;
    changed.id_object.push_back(0);
    const auto longer = activate_credential(access(), kind, ak, changed);
    EXPECT_EQ(longer.error().code, Code::trailing_data);
  }
}

// tpm2-tools as the other implementation of the TPM's half.
TEST_F(Enrolling, CredentialsOpenWithTpm2Tools) {
  if (!have_tool("tpm2_activatecredential")) GTEST_SKIP() << "tpm2-tools is not installed";
  bool ok = false;
  tool(
      "tpm2_createek -Q -c ek.ctx -G rsa -u ek.pub && tpm2_createak -Q -C ek.ctx -c ak.ctx -G ecc -g sha256 "
      "-s ecdsa -u ak.pub -n ak.name && tpm2_flushcontext -t",
      &ok);
  ASSERT_TRUE(ok);
  const Bytes ek_file = bytes(file(folder() / "ek.pub"));  // TPM2B_PUBLIC
  const auto ek = parse_public_area(ByteView(ek_file).subspan(2)).value();
  const Bytes ak_name = bytes(file(folder() / "ak.name"));
  const Secret secret(bytes("12345678901234567890123456789012"));
  const auto credential = crypto::make_tpm_credential(ek.key, ek.name_hash, ak_name, secret).value();
  // The tool's file: magic, version, then both structures.
  Bytes blob = {0xBA, 0xDC, 0xC0, 0xDE, 0, 0, 0, 1};
  blob.insert(blob.end(), credential.id_object.begin(), credential.id_object.end());
  blob.insert(blob.end(), credential.encrypted_secret.begin(), credential.encrypted_secret.end());
  std::ofstream(folder() / "credential", std::ios::binary)
      .write(reinterpret_cast<const char*>(blob.data()), static_cast<std::streamsize>(blob.size()));
  tool(
      "tpm2_startauthsession -Q --policy-session -S s.ctx && tpm2_policysecret -Q -S s.ctx -c e && "
      "tpm2_activatecredential -Q -c ak.ctx -C ek.ctx -i credential -o secret -P session:s.ctx",
      &ok);
  ASSERT_TRUE(ok);
  EXPECT_EQ(file(folder() / "secret"), text(secret.reveal()));
}

TEST_F(Enrolling, RefusesWhatNobodyVouchesFor) {
  const auto ek = endorsement_key(access(), EkKind::rsa2048).value();
  const KeyFile ak = make_ak();
  const auto good = request(ek, ak);
  ASSERT_TRUE(Enrolment::begin(good, policy()).ok());
  const auto code = [&](const EnrolmentRequest& r, const EnrolmentPolicy& p) {
    const auto begun = Enrolment::begin(r, p);
    return begun ? Code::internal : begun.error().code;
  };

  auto p = policy();
  p.makers = {Ca().certificate};
  EXPECT_EQ(code(good, p), Code::untrusted_attestation_key);
  p.makers = {};
  EXPECT_EQ(code(good, p), Code::untrusted_attestation_key);

  auto bad = good;
  bad.endorsement_chain.clear();
  EXPECT_EQ(code(bad, policy()), Code::untrusted_attestation_key);
  // The platform's certificate chains to the same maker, and is none of an endorsement key.
  bad = good;
  std::swap(bad.endorsement_chain[0], bad.endorsement_chain[1]);
  EXPECT_EQ(code(bad, policy()), Code::untrusted_attestation_key);
  // The certificate of another endorsement key of this very maker.
  bad = good;
  bad.endorsement_chain[0] = endorsement_key(access(), EkKind::p384)->certificate;
  EXPECT_EQ(code(bad, policy()), Code::untrusted_attestation_key);
  // Keys of other kinds in either place.
  bad = good;
  bad.attestation_key = public_area(create_key(access(), KeyUse::tik, KeyType::p256).value());
  EXPECT_EQ(code(bad, policy()), Code::untrusted_attestation_key);
  bad = good;
  bad.endorsement_key = good.attestation_key;
  EXPECT_EQ(code(bad, policy()), Code::untrusted_attestation_key);
  bad = good;
  bad.attestation_key.pop_back();
  EXPECT_EQ(category(code(bad, policy())), Category::decode);
  bad = good;
  bad.endorsement_key.push_back(0);
  EXPECT_EQ(category(code(bad, policy())), Category::decode);
}

TEST_F(Enrolling, RefusesAWrongAnswerAndIsSpent) {
  const Ca ca;
  const auto ek = endorsement_key(access(), EkKind::rsa2048).value();
  const KeyFile ak = make_ak();
  auto enrolment = Enrolment::begin(request(ek, ak), policy());
  ASSERT_TRUE(enrolment.ok());
  const auto right = activate_credential(access(), EkKind::rsa2048, ak, enrolment->challenge());
  ASSERT_TRUE(right.ok());
  const auto spec = named(*enrolment);
  Bytes wrong = bytes(right->reveal());
  wrong[0] ^= 1;
  EXPECT_EQ(std::move(*enrolment).finish(Secret(wrong), spec, ca.issuer()).error().code, Code::key_unproven);
  // One guess, one enrolment.
  EXPECT_EQ(std::move(*enrolment).finish(*right, spec, ca.issuer()).error().code, Code::key_unproven);
  // An empty answer is none.
  EXPECT_EQ(std::move(*enrolment).finish(Secret(Bytes{}), spec, ca.issuer()).error().code,
            Code::key_unproven);
}

TEST_F(Enrolling, AnInactiveBankIsNotQuoted) {
  Tpm2AttesterOptions options;
  options.access = access();
  options.attestation_key = write_key_file(make_ak());
  options.tik = write_key_file(create_key(access(), KeyUse::tik, KeyType::p256).value());
  options.pcrs = {{Hash::sha1, {0}}};  // swtpm_setup activates sha256 and sha384
  const auto refused = make_tpm2_attester(options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::configuration);
  options.pcrs = {{Hash::sha256, {0}}, {Hash::sha1, {0}}};
  EXPECT_EQ(make_tpm2_attester(options).error().code, Code::configuration);
}

}  // namespace
}  // namespace seatls::service
