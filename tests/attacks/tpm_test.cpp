// The catalogue's rows A01, A05, A09, F04 and F08 with a TPM's evidence: each machine has a TPM (swtpm)
// with its attestation key and its TLS key, and the TLS key signs inside of it.
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <future>

#include "attacks/kit.h"
#include "attest/tpm2/keys.h"
#include "attest/tpm2/templates.h"
#include "attest/tpm2/tpm.h"
#include "attest/tpm2/worker.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "crypto/signature_openssl.h"
#include "fake/swtpm.h"

namespace seatls::attacks {
namespace {

namespace cbor = codec::cbor;
namespace tpm2 = attest::tpm2;
using fake::TlsPair;
using fake::TlsSetup;

constexpr int kInternalError = 80, kAccessDenied = 49;
constexpr unsigned kKernelPcr = 4;

const AttestationScheme& scheme() {
  static const AttestationScheme value{*SchemeTable::defaults().find("tpm2")};
  return value;
}

// TpmMachine has booted "kernel", and has a certificate for the test's names.
struct TpmMachine {
  explicit TpmMachine(const std::filesystem::path& folder)
      : simulator(tpm2::Simulator::start({folder, false}).value()), access{simulator->tcti(), "", ""} {
    EXPECT_TRUE(simulator->measure(kKernelPcr, "kernel").ok());
    using tpm2::KeyUse;
    const auto ak = tpm2::create_key(access, KeyUse::attestation, crypto::KeyType::p256).value();
    const auto tik = tpm2::create_key(access, KeyUse::tik, crypto::KeyType::p256).value();
    ak_name = tpm2::show_key(access, ak)->name;
    ak_file = tpm2::write_key_file(ak);
    signer = make_tpm_signer(access, tpm2::write_key_file(tik)).value();
    const auto key = crypto::PublicKey::from_spki(signer->public_key().der()).value();
    certificate.emplace(fake::certify(key));
    Tpm2AttesterOptions options;
    options.access = access;
    options.attestation_key = ak_file;
    options.tik = tpm2::write_key_file(tik);
    options.pcrs = {{Hash::sha256, {0, kKernelPcr}}};
    attester = make_tpm2_attester(std::move(options)).value();
  }

  // shown_in puts certificate and key into a context. The key stays in the TPM.
  void shown_in(SSL_CTX* ctx) const {
    const unsigned char* der = certificate->der().data();
    X509* x = d2i_X509(nullptr, &der, static_cast<long>(certificate->der().size()));
    EVP_PKEY* key = openssl::external_key(signer).value();
    EXPECT_EQ(SSL_CTX_use_certificate(ctx, x), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(ctx, key), 1);
    EVP_PKEY_free(key);
    X509_free(x);
  }

  // about has the TPM state what it says of its own TLS key, for any value in the binder's place.
  [[nodiscard]] Cmw about(const Binder& binder) const {
    std::promise<Result<Cmw>> made;
    attester->attest(
        {scheme(), danger::binder_from_bytes(bytes(binder.bytes()), binder.hash(), signer->public_key())},
        [&](Result<Cmw> r) { made.set_value(std::move(r)); });
    return made.get_future().get().value();
  }

  std::unique_ptr<tpm2::Simulator> simulator;
  TpmAccess access;
  Bytes ak_name;
  std::string ak_file;
  std::shared_ptr<Signer> signer;
  std::optional<crypto::Certificate> certificate;
  std::shared_ptr<Attester> attester;
};

Policy tpm_policy(const TpmMachine& m) {
  Policy policy;
  policy.id = "attacks";
  policy.schemes = {"tpm2"};
  policy.tpm2.ak = {{KeyPin::Kind::tpm_name, m.ak_name}};
  Bytes kernel(32, 0);
  const Bytes measured = crypto::digest(Hash::sha256, view("kernel"));
  kernel.insert(kernel.end(), measured.begin(), measured.end());
  policy.tpm2.pcrs[Hash::sha256][0] = expect::Exactly<Bytes>{Bytes(32, 0)};
  policy.tpm2.pcrs[Hash::sha256][kKernelPcr] = expect::Exactly<Bytes>{crypto::digest(Hash::sha256, kernel)};
  return policy;
}

TlsSetup relying_with(std::shared_ptr<Verifier> verifier) {
  auto setup = client(std::move(verifier));
  setup.config->require->accept = {Tier::affirming};
  return setup;
}
TlsSetup relying(const Policy& policy) { return relying_with(verifier_for(policy)); }

// shows is a server with the machine's TLS key; `attester` is whoever speaks for it.
TlsSetup shows(const TpmMachine& m, std::shared_ptr<Attester> attester) {
  TlsSetup setup;
  setup.config.emplace();
  setup.config->role = Role::server;
  setup.config->attester = std::move(attester);
  setup.before = [&m](SSL_CTX* ctx) { m.shown_in(ctx); };
  return setup;
}
std::shared_ptr<Attester> teller(Teller::Tell tell) {
  return std::make_shared<Teller>(scheme(), std::move(tell));
}

class AttackTpm : public fake::SwtpmTest {
 protected:
  void SetUp() override {
    if (auto why = tpm2::Simulator::missing(false); !why.empty()) GTEST_SKIP() << why;
    s = std::make_unique<TpmMachine>(folder() / "s");
  }
  std::unique_ptr<TpmMachine> s;
};

TEST_F(AttackTpm, HonestTwin) {
  TlsPair pair(relying(tpm_policy(*s)), shows(*s, s->attester));
  expect_attested(pair);
  const auto report = pair.client->report();
  ASSERT_TRUE(report && report->peer);
  EXPECT_EQ(report->peer->result().tier(), Tier::affirming);
  EXPECT_EQ(report->peer->result()->key, KeyProvenance::proven);
  EXPECT_TRUE(report->peer->pki_verified());
}

// Certificates of the endorsement key name the machine for good; the attestation key's chain who owns it.
TEST_F(AttackTpm, G02EvidenceNamesNoMachineByDefault) {
  auto recorder = std::make_shared<Recorder>(verifier_for(tpm_policy(*s)));
  TlsPair pair(relying_with(recorder), shows(*s, s->attester));
  expect_attested(pair);
  const auto evidence = codec::cbor::parse(recorder->seen.at(0).record()->value).value();
  EXPECT_NE(evidence.find(std::int64_t{7}), nullptr)
      << "the attestation key is there: that is what a policy pins";
  for (const std::int64_t key : {8, 9, 10}) EXPECT_EQ(evidence.find(key), nullptr) << key;
}

TEST_F(AttackTpm, HonestTwinMutual) {
  const TpmMachine c(folder() / "c");
  auto calls = relying(tpm_policy(*s));
  calls.config->attester = c.attester;
  calls.before = [&](SSL_CTX* ctx) { c.shown_in(ctx); };
  auto answers = shows(*s, s->attester);
  answers.config->require = demand(verifier_for(tpm_policy(c)));
  answers.config->require->accept = {Tier::affirming};
  TlsPair pair(calls, answers);
  expect_attested(pair);
  ASSERT_TRUE(pair.server->report()->peer && pair.client->report()->peer);
  EXPECT_EQ(pair.server->report()->peer->tik(), c.signer->public_key());
  EXPECT_EQ(pair.client->report()->peer->tik(), s->signer->public_key());

  // Mirrored F04: the client boots something else.
  ASSERT_TRUE(c.simulator->measure(kKernelPcr, "rootkit").ok());
  TlsPair rogue(calls, answers);
  expect_refused(rogue, Role::server, Code::reference_mismatch, kAccessDenied);
}

// M may use S's TLS key, and shows what S's TPM said on another connection.
TEST_F(AttackTpm, A01RelayOfTpmEvidence) {
  auto recorder = std::make_shared<Recorder>(verifier_for(tpm_policy(*s)));
  TlsPair own(client(recorder), shows(*s, s->attester));
  expect_attested(own);
  const Cmw relayed = recorder->seen.at(0);
  TlsPair pair(relying(tpm_policy(*s)), shows(*s, teller([&](const auto&) { return relayed; })));
  expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
}

TEST_F(AttackTpm, A05TheTpmsAttesterRefusesAKeyThatItDoesNotHold) {
  TlsPair pair(relying(tpm_policy(*s)), server(fake::certified(), s->attester));
  expect_refused(pair, Role::server, Code::foreign_key, kInternalError, fake::MessageType::client_hello);
}

// M's own key and certificate; the TPM signs M's binder, and certifies the only key that it has.
TEST_F(AttackTpm, A05BorrowedEvidenceCertifiesAnotherKey) {
  TlsPair pair(
      relying(tpm_policy(*s)),
      server(fake::certified(), teller([&](const EvidenceRequest& r) { return s->about(r.binder); })));
  expect_refused(pair, Role::client, Code::tik_mismatch, kAccessDenied);
}

// A genuine machine with the right software and a certificate for the name, that nobody enrolled here.
TEST_F(AttackTpm, A09TheAttestationKeyOfAnotherMachine) {
  const TpmMachine other(folder() / "other");
  TlsPair pair(relying(tpm_policy(*s)), shows(other, other.attester));
  expect_refused(pair, Role::client, Code::untrusted_attestation_key, kAccessDenied);
  TlsPair twin(relying(tpm_policy(other)), shows(other, other.attester));
  expect_attested(twin);
}

TEST_F(AttackTpm, F04ARogueImageInTheRightMachine) {
  TlsPair before(relying(tpm_policy(*s)), shows(*s, s->attester));
  expect_attested(before);
  ASSERT_TRUE(s->simulator->measure(kKernelPcr, "rootkit").ok());
  TlsPair pair(relying(tpm_policy(*s)), shows(*s, s->attester));
  expect_refused(pair, Role::client, Code::reference_mismatch, kAccessDenied);
}

// certify_external loads a key of software into the TPM, and has the attestation key certify it: a TPM
// certifies whatever is loaded, and tells its attributes.
struct Certification {
  Bytes certify, signature, public_area;
};
Result<Certification> certify_external(tpm2::Tpm& tpm, const TpmMachine& m, const crypto::PrivateKey& key,
                                       ByteView qualifying) {
  const auto number = [&](const char* name, std::uint8_t* out) {
    BIGNUM* n = nullptr;
    EVP_PKEY_get_bn_param(crypto::native(key), name, &n);
    BN_bn2binpad(n, out, 32);
    BN_clear_free(n);
  };
  SEATLS_TRY(TPM2B_PUBLIC area, tpm2::tik_template(crypto::KeyType::p256));
  area.publicArea.objectAttributes = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA;
  area.publicArea.unique.ecc.x.size = area.publicArea.unique.ecc.y.size = 32;
  number(OSSL_PKEY_PARAM_EC_PUB_X, area.publicArea.unique.ecc.x.buffer);
  number(OSSL_PKEY_PARAM_EC_PUB_Y, area.publicArea.unique.ecc.y.buffer);
  TPM2B_SENSITIVE secret{};
  secret.sensitiveArea.sensitiveType = TPM2_ALG_ECC;
  secret.sensitiveArea.sensitive.ecc.size = 32;
  number(OSSL_PKEY_PARAM_PRIV_KEY, secret.sensitiveArea.sensitive.ecc.buffer);

  ESYS_TR loaded = ESYS_TR_NONE;
  SEATLS_CHECK(tpm.check(Esys_LoadExternal(tpm.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &secret,
                                           &area, ESYS_TR_RH_NULL, &loaded),
                         "TPM2_LoadExternal"));
  const tpm2::Object object = tpm.transient(loaded);
  SEATLS_TRY(tpm2::KeyReference reference, tpm2::parse_key_reference(m.ak_file));
  tpm2::Key ak(std::move(reference), m.access);
  SEATLS_TRY(const tpm2::Object ak_object, ak.load(tpm));
  TPM2B_DATA data{};
  data.size = static_cast<UINT16>(qualifying.size());
  std::ranges::copy(qualifying, data.buffer);
  const TPMT_SIG_SCHEME scheme_of_key{TPM2_ALG_NULL, {}};
  tpm2::Owned<TPM2B_ATTEST> attest;
  tpm2::Owned<TPMT_SIGNATURE> signature;
  SEATLS_CHECK(
      tpm.check(Esys_Certify(tpm.esys(), object.tr(), ak_object.tr(), ESYS_TR_PASSWORD, ESYS_TR_PASSWORD,
                             ESYS_TR_NONE, &data, &scheme_of_key, attest.out(), signature.out()),
                "TPM2_Certify"));
  Certification out;
  out.certify = bytes(tpm2::content(*attest));
  SEATLS_TRY(out.signature, tpm2::marshal(*signature, Tss2_MU_TPMT_SIGNATURE_Marshal));
  SEATLS_TRY(out.public_area, tpm2::marshal(area.publicArea, Tss2_MU_TPMT_PUBLIC_Marshal));
  return out;
}

// The TLS key lies in M's memory. The TPM of an honest machine certifies it all the same, since M loads it
// there; what it says of the key gives it away.
TEST_F(AttackTpm, F08AKeyThatCanLeaveTheTpm) {
  const auto own = fake::certified();
  const auto evidence = [&](const EvidenceRequest& r) -> Result<Cmw> {
    auto record = *s->about(r.binder).record();
    SEATLS_TRY(const Certification c,
               tpm2::Worker::shared(s->access.tcti)->call<Certification>([&](tpm2::Tpm& tpm) {
                 return certify_external(tpm, *s, own.key, r.binder.bytes());
               }));
    SEATLS_TRY(const auto map, cbor::parse(record.value));
    cbor::Map changed;
    for (std::int64_t key = 1; key <= 7; ++key) {
      const Bytes* other = key == 4   ? &c.certify
                           : key == 5 ? &c.signature
                           : key == 6 ? &c.public_area
                                      : nullptr;
      changed.emplace_back(cbor::integer(key), other != nullptr ? cbor::bytes(*other) : *map.find(key));
    }
    SEATLS_TRY(record.value, cbor::encode(cbor::map(std::move(changed))));
    return Cmw(std::move(record));
  };
  auto policy = tpm_policy(*s);
  TlsPair pair(relying(policy), server(own, teller(evidence)));
  expect_refused(pair, Role::client, Code::key_unproven, kAccessDenied);

  // Nothing else is wrong with it: a policy that lets such keys pass, by name, takes it.
  policy.danger.allow_unproven_tik = true;
  TlsPair allowed(client(verifier_for(policy)), server(own, teller(evidence)));
  expect_attested(allowed);
}

}  // namespace
}  // namespace seatls::attacks
