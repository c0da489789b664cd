// Attestation Results in the handshake: rows C01 to C03 and F06 of the attack catalogue.
#include <gtest/gtest.h>

#include <chrono>

#include "attacks/kit.h"
#include "rats/ear.h"

namespace seatls::attacks {
namespace {

constexpr int kAccessDenied = 49;

class AttackC : public testing::Test {
 protected:
  [[nodiscard]] rats::EarClaims claims() const {
    rats::EarClaims c;
    c.profile = rats::ear_profile::ietf_03;
    c.iat = now;
    c.exp = now + 600;
    c.developer = "test verifier";
    c.build = "1";
    c.status = Tier::affirming;
    c.aud = {"relying.test"};
    rats::EarAppraisal a;
    a.submod = "tpm";
    a.status = Tier::affirming;
    a.vector.emplace();
    (*a.vector)[TrustClaim::hardware] = 2;
    a.cnf.emplace();
    a.cnf->key = s.identity.key.public_key();
    c.submods.push_back(std::move(a));
    return c;
  }

  // shows is S, presenting a result as it is.
  [[nodiscard]] fake::TlsSetup shows(const rats::EarClaims& c, const crypto::PrivateKey& key) const {
    const Bytes token = bytes(rats::sign_ear_jwt(c, key).value());
    return server(
        s.identity,
        std::make_shared<Teller>(AttestationScheme{VerifierIdentity{"verifier.test"}}, [token](const auto&) {
          return Cmw(CmwRecord{ContentFormat{264}, token, cmw_indicator::attestation_results});
        }));
  }
  [[nodiscard]] fake::TlsSetup relying_party() const {
    Policy policy;
    policy.id = "passport";
    policy.schemes = {"result"};
    policy.result.verifiers = {{"verifier.test", {verifier_key.public_key().spki()}}};
    policy.result.max_age = std::chrono::hours(1);
    policy.result.audience = "relying.test";
    auto setup = client(verifier_for(policy));
    setup.config->require->accept = {Tier::affirming};
    return setup;
  }
  void refused(Code code, const std::function<void(rats::EarClaims&)>& change) {
    auto c = claims();
    change(c);
    fake::TlsPair pair(relying_party(), shows(c, verifier_key));
    expect_refused(pair, Role::client, code, kAccessDenied);
  }

  Machine s;
  crypto::PrivateKey verifier_key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
};

TEST_F(AttackC, HonestTwinSaysThatItIsAPassport) {
  fake::TlsPair pair(relying_party(), shows(claims(), verifier_key));
  expect_attested(pair);
  const auto report = pair.client->report();
  ASSERT_TRUE(report && report->peer);
  EXPECT_EQ(report->peer->result()->model, ConveyanceModel::passport);
  EXPECT_EQ(report->peer->result()->freshness, Freshness::lifetime);
}

TEST_F(AttackC, C01AResultThatHasEnded) {
  refused(Code::result_expired, [&](auto& c) {
    c.iat = now - 1200;
    c.exp = now - 600;
  });
}
TEST_F(AttackC, C01AResultThatIsTooOldThoughItHasNotEnded) {
  refused(Code::result_expired, [&](auto& c) { c.iat = now - 7200; });
}
TEST_F(AttackC, C01AResultOfTheFuture) {
  refused(Code::result_not_yet_valid, [&](auto& c) {
    c.iat = now + 3600;
    c.exp = now + 7200;
  });
}
TEST_F(AttackC, C02AResultThatNamesNoKey) {
  refused(Code::result_unbound, [](auto& c) { c.submods[0].cnf.reset(); });
}
TEST_F(AttackC, C02AResultForAnotherRelyingParty) {
  refused(Code::result_audience, [](auto& c) { c.aud = {"somebody.else"}; });
}
TEST_F(AttackC, C03AResultAboutAnotherKey) {
  refused(Code::tik_mismatch, [](auto& c) {
    c.submods[0].cnf->key = crypto::PrivateKey::generate(crypto::KeyType::p256).value().public_key();
  });
}
TEST_F(AttackC, AVerdictThatIsNotAccepted) {
  refused(Code::tier_not_accepted, [](auto& c) {
    c.status = c.submods[0].status = Tier::warning;
    (*c.submods[0].vector)[TrustClaim::hardware] = 32;
  });
}
TEST_F(AttackC, F06ARogueVerifierSigns) {
  fake::TlsPair pair(relying_party(),
                     shows(claims(), crypto::PrivateKey::generate(crypto::KeyType::p256).value()));
  expect_refused(pair, Role::client, Code::signature_invalid, kAccessDenied);
}
TEST_F(AttackC, F12AnAlgorithmThatTheVerifiersKeyDoesNotSpeak) {
  fake::TlsPair pair(relying_party(),
                     shows(claims(), crypto::PrivateKey::generate(crypto::KeyType::p384).value()));
  expect_refused(pair, Role::client, Code::algorithm_not_allowed, kAccessDenied);
}

}  // namespace
}  // namespace seatls::attacks
