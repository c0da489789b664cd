#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "crypto/hash.h"
#include "crypto/x509.h"
#include "rats/eat.h"
#include "rats/measured_component.h"
#include "rats/sign1.h"
#include "seatls/attesters.h"

namespace seatls {
namespace {

using crypto::KeyType;
using crypto::PrivateKey;
using ::testing::HasSubstr;

constexpr crypto::SignatureAlgorithm kAllowed[] = {crypto::SignatureAlgorithm::ecdsa_p256_sha256,
                                                   crypto::SignatureAlgorithm::ecdsa_p384_sha384};
const Time kNow{std::chrono::seconds(1'800'000'000)};

class SoftwareEat : public ::testing::Test {
 protected:
  PrivateKey tik = *PrivateKey::generate(KeyType::p256);
  PrivateKey attestation_key = *PrivateKey::generate(KeyType::p384);

  SoftwareAttesterOptions options() {
    SoftwareAttesterOptions out;
    out.tiks.push_back(*tik.to_pem());
    out.attestation_key = *attestation_key.to_pem();
    out.clock = [] { return kNow; };
    return out;
  }
};

Binder binder_of(const Spki& spki, std::size_t length = 32) {
  return danger::binder_from_bytes(Bytes(length, 0x5a), length == 32 ? Hash::sha256 : Hash::sha384, spki);
}

Result<Cmw> attest(Attester& attester, Binder binder) {
  std::optional<Result<Cmw>> out;
  int calls = 0;
  attester.attest({attester.schemes().front(), std::move(binder)}, [&](Result<Cmw> made) {
    ++calls;
    out = std::move(made);
  });
  EXPECT_EQ(calls, 1);
  return *out;
}

codec::cose::Sign1 token_of(const Result<Cmw>& cmw) {
  EXPECT_TRUE(cmw) << cmw.error().message();
  return *codec::cose::parse_sign1(cmw->record()->value);
}

void expect_refused(SoftwareAttesterOptions options, Code code, const char* what) {
  const auto made = make_software_attester(std::move(options));
  ASSERT_FALSE(made) << what;
  EXPECT_EQ(made.error().code, code);
  EXPECT_THAT(made.error().message(), HasSubstr(what));
}

//= early-attestation#credential-type-equals-choice
TEST_F(SoftwareEat, IsOneCborRecordOfTheChosenType) {
  const auto attester = *make_software_attester(options());
  ASSERT_EQ(attester->schemes(), std::vector{AttestationScheme{EvidenceType(ContentFormat{263})}});
  EXPECT_EQ(attester->longest_binder(), 48u);
  const auto cmw = attest(*attester, binder_of(tik.public_key().spki()));
  ASSERT_TRUE(cmw) << cmw.error().message();
  ASSERT_NE(cmw->record(), nullptr);
  EXPECT_EQ(cmw->record()->type, EvidenceType(ContentFormat{263}));
  EXPECT_EQ(cmw->record()->indicator, cmw_indicator::evidence);
  EXPECT_EQ(cmw->form(), CmwForm::cbor);
}

TEST_F(SoftwareEat, ATypeOfTheConfigurationIsUsedAsItIs) {
  auto o = options();
  o.type = MediaType{"application/eat+cwt; eat_profile=\"tag:seatls,2026:software\""};
  const EvidenceType type = o.type;
  const auto attester = *make_software_attester(std::move(o));
  EXPECT_EQ(attester->schemes().front(), AttestationScheme{type});
  EXPECT_EQ(attest(*attester, binder_of(tik.public_key().spki()))->record()->type, type);
}

//= early-attestation#evidence-holds-binder
//= early-attestation#evidence-names-tik
//= early-attestation#binder-never-shortened
TEST_F(SoftwareEat, SaysWhatIsTrueOfASoftwareKey) {
  const auto attester = *make_software_attester(options());
  for (const std::size_t length : {32u, 48u}) {
    const auto message = token_of(attest(*attester, binder_of(tik.public_key().spki(), length)));
    const auto verified = rats::verify_sign1(message, attestation_key.public_key(), kAllowed);
    ASSERT_TRUE(verified) << verified.error().message();
    const auto claims = rats::read_eat(verified->payload());
    ASSERT_TRUE(claims) << claims.error().message();
    EXPECT_EQ(bytes(*claims->single_nonce()), Bytes(length, 0x5a));
    EXPECT_EQ(claims->profile, "tag:seatls,2026:software");
    EXPECT_EQ(claims->iat, 1'800'000'000);
    EXPECT_TRUE(*claims->cnf->names(tik.public_key()));
    EXPECT_FALSE(*claims->cnf->names(attestation_key.public_key()));
    EXPECT_TRUE(claims->cnf->key);
    EXPECT_EQ(claims->dbgstat, rats::DebugStatus::enabled);
    ASSERT_TRUE(claims->key_attributes);
    EXPECT_EQ(claims->key_attributes->extractable, true);
    EXPECT_EQ(claims->key_attributes->never_extractable, false);
    EXPECT_EQ(claims->key_attributes->sensitive, false);
    EXPECT_EQ(claims->key_attributes->local, false);
    EXPECT_FALSE(claims->ueid);
    EXPECT_FALSE(claims->swname);
    EXPECT_TRUE(claims->measurements.empty());
  }
}

TEST_F(SoftwareEat, BringsTheKeyThatAPolicyPins) {
  const auto attester = *make_software_attester(options());
  const auto message = token_of(attest(*attester, binder_of(tik.public_key().spki())));
  EXPECT_EQ(message.algorithm, codec::cose::alg::es384);
  const auto chain = *message.x5chain();
  ASSERT_EQ(chain.size(), 1u);
  EXPECT_EQ(*crypto::spki_of_certificate(chain[0]), attestation_key.public_key().spki());
  EXPECT_EQ(message.kid(), crypto::digest(Hash::sha256, attestation_key.public_key().spki().der()));
}

TEST_F(SoftwareEat, BringsAConfiguredChain) {
  const auto ca_key = *PrivateKey::generate(KeyType::p256);
  const auto ca = *crypto::make_self_signed({.common_name = "CA", .is_ca = true}, ca_key);
  const auto leaf =
      *crypto::make_certificate({.common_name = "ak"}, attestation_key.public_key(), {ca, ca_key});
  auto o = options();
  o.attestation_key_chain = {bytes(leaf.der()), bytes(ca.der())};
  const auto message =
      token_of(attest(**make_software_attester(std::move(o)), binder_of(tik.public_key().spki())));
  EXPECT_EQ(*message.x5chain(), (std::vector<Bytes>{bytes(leaf.der()), bytes(ca.der())}));
}

TEST_F(SoftwareEat, WithoutAnAttestationKeyTheTikSigns) {
  auto o = options();
  o.attestation_key = Secret({});
  const auto attester = *make_software_attester(std::move(o));
  const auto message = token_of(attest(*attester, binder_of(tik.public_key().spki())));
  EXPECT_TRUE(message.x5chain()->empty());
  EXPECT_FALSE(message.kid());
  const auto claims = *rats::read_eat(message.payload);
  EXPECT_TRUE(rats::verify_sign1(message, *claims.cnf->key, kAllowed));
  EXPECT_TRUE(claims.cnf->key->same_key(tik.public_key()));
}

TEST_F(SoftwareEat, SaysWhatIsConfigured) {
  auto o = options();
  o.ueid = Bytes(17, 1);
  o.swname = "echo";
  o.swversion = "1.2";
  o.debug_disabled = true;
  o.measurements = {{"binary", "1.2", Hash::sha256, Bytes(32, 7)},
                    {"config", "", Hash::sha384, Bytes(48, 8)}};
  const auto message =
      token_of(attest(**make_software_attester(std::move(o)), binder_of(tik.public_key().spki())));
  const auto claims = *rats::read_eat(message.payload);
  EXPECT_EQ(claims.ueid, Bytes(17, 1));
  EXPECT_EQ(claims.swname, "echo");
  EXPECT_EQ(claims.swversion, "1.2");
  EXPECT_EQ(claims.dbgstat, rats::DebugStatus::disabled);
  ASSERT_EQ(claims.measurements.size(), 2u);
  EXPECT_EQ(claims.measurements[0].first, 295);
  EXPECT_EQ(*rats::read_measured_component(claims.measurements[0].second),
            (rats::MeasuredComponent{"binary", "1.2", Hash::sha256, Bytes(32, 7)}));
  EXPECT_EQ(*rats::read_measured_component(claims.measurements[1].second),
            (rats::MeasuredComponent{"config", std::nullopt, Hash::sha384, Bytes(48, 8)}));
}

// A05: a TLS endpoint elsewhere asks this attester for evidence over its own key.
TEST_F(SoftwareEat, RefusesABinderOfAForeignKey) {
  const auto attester = *make_software_attester(options());
  const auto other = *PrivateKey::generate(KeyType::p256);
  for (const Spki& foreign :
       {other.public_key().spki(), attestation_key.public_key().spki(), Spki({}), Spki({1, 2})}) {
    const auto refused = attest(*attester, binder_of(foreign));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::foreign_key);
  }
  EXPECT_TRUE(attest(*attester, binder_of(tik.public_key().spki())));
}

TEST_F(SoftwareEat, KnowsItsKeyInAnotherEncoding) {
  Bytes odd = bytes(tik.public_key().spki().der());
  odd.insert(odd.begin() + 1, 0x81);  // long-form length
  const auto cmw = attest(**make_software_attester(options()), binder_of(Spki(odd)));
  ASSERT_TRUE(cmw) << cmw.error().message();
}

TEST_F(SoftwareEat, HoldsSeveralKeysOfAnyType) {
  auto o = options();
  const auto rsa = *PrivateKey::generate(KeyType::rsa), ed25519 = *PrivateKey::generate(KeyType::ed25519);
  o.tiks.push_back(*rsa.to_pem());
  o.tiks.push_back(*ed25519.to_pem());
  const auto attester = *make_software_attester(std::move(o));
  for (const PrivateKey* key : {&std::as_const(tik), &rsa, &ed25519}) {
    const auto claims =
        *rats::read_eat(token_of(attest(*attester, binder_of(key->public_key().spki()))).payload);
    EXPECT_TRUE(*claims.cnf->names(key->public_key()));
  }
}

TEST_F(SoftwareEat, RefusesASchemeThatIsNotItsOwn) {
  const auto attester = *make_software_attester(options());
  std::optional<Result<Cmw>> out;
  attester->attest({AttestationScheme{EvidenceType(ContentFormat{264})}, binder_of(tik.public_key().spki())},
                   [&](Result<Cmw> made) { out = std::move(made); });
  ASSERT_FALSE(*out);
  EXPECT_EQ(out->error().code, Code::misuse);
}

TEST_F(SoftwareEat, ConfigurationsThatCannotWork) {
  auto o = options();
  o.tiks.clear();
  expect_refused(std::move(o), Code::configuration, "no key");

  o = options();
  o.tiks.emplace_back(bytes("no key"));
  expect_refused(std::move(o), Code::malformed, "private key");

  o = options();
  o.attestation_key = *PrivateKey::generate(KeyType::ed25519)->to_pem();
  expect_refused(std::move(o), Code::configuration, "Ed25519");

  o = options();
  o.attestation_key = Secret({});
  o.tiks.push_back(*PrivateKey::generate(KeyType::rsa)->to_pem());
  expect_refused(std::move(o), Code::configuration, "RSA");

  const auto other = *crypto::make_self_signed({.common_name = "x"}, tik);
  o = options();
  o.attestation_key_chain = {bytes(other.der())};
  expect_refused(std::move(o), Code::configuration, "another key");

  o = options();
  o.attestation_key = Secret({});
  o.attestation_key_chain = {bytes(other.der())};
  expect_refused(std::move(o), Code::configuration, "without their key");

  for (const std::size_t length : {6u, 34u}) {
    o = options();
    o.ueid = Bytes(length);
    expect_refused(std::move(o), Code::configuration, "7 to 33");
  }

  o = options();
  o.measurements = {{"binary", "", Hash::sha256, Bytes(31)}};
  expect_refused(std::move(o), Code::configuration, "31 bytes");

  o = options();
  o.swname = "\xff";
  EXPECT_FALSE(make_software_attester(std::move(o)));
}

}  // namespace
}  // namespace seatls
