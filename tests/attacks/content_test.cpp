// Classes B, C, D and F of the attack catalogue, as far as they concern identity and what evidence says.
// Each row changes one thing of an honest run; HonestTwin is that run.
#include <gtest/gtest.h>

#include "attacks/kit.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "rats/sign1.h"

namespace seatls::attacks {
namespace {

namespace cbor = codec::cbor;
constexpr int kAccessDenied = 49;

class AttackF : public testing::Test {
 protected:
  // against runs a server with S's key that shows claims changed by `change`.
  void against(Code code, const std::function<void(rats::EatClaims&)>& change) {
    fake::TlsPair pair(client(verifier_for(policy_for({&s}))),
                       server(s.identity, std::make_shared<Teller>([&](const EvidenceRequest& r) {
                                auto claims = s.claims(r.binder);
                                change(claims);
                                return cwt(claims, s.attestation_key);
                              })));
    expect_refused(pair, Role::client, code, kAccessDenied);
  }
  void against_token(Code code, const std::function<Bytes(const EvidenceRequest&)>& make) {
    fake::TlsPair pair(client(verifier_for(policy_for({&s}))),
                       server(s.identity, std::make_shared<Teller>([&](const EvidenceRequest& r) {
                                return Cmw(CmwRecord{ContentFormat{263}, make(r), cmw_indicator::evidence});
                              })));
    expect_refused(pair, Role::client, code, kAccessDenied);
  }
  Machine s;
};

TEST_F(AttackF, HonestTwin) {
  fake::TlsPair pair(client(verifier_for(policy_for({&s}))),
                     server(s.identity, std::make_shared<Teller>([&](const EvidenceRequest& r) {
                              return cwt(s.claims(r.binder), s.attestation_key);
                            })));
  expect_attested(pair);
}

TEST_F(AttackF, F01DebugMode) {
  against(Code::debug_enabled, [](auto& c) { c.dbgstat = rats::DebugStatus::enabled; });
}
TEST_F(AttackF, F04AnotherProgramWithTheRightKey) {
  against(Code::reference_mismatch, [](auto& c) { c.swname = "rogue"; });
}
TEST_F(AttackF, F08KeyOfUnknownOriginIsRefusedUnlessAllowed) {
  auto policy = policy_for({&s});
  policy.danger.allow_unproven_tik = false;
  fake::TlsPair pair(client(verifier_for(policy)), server(s.identity, s.attester));
  expect_refused(pair, Role::client, Code::key_unproven, kAccessDenied);
}
TEST_F(AttackF, F09PaddedNonce) {
  against(Code::binder_mismatch, [](auto& c) { c.nonces[0].resize(64, 0); });
}
TEST_F(AttackF, F09TruncatedNonce) {
  against(Code::binder_mismatch, [](auto& c) { c.nonces[0].resize(c.nonces[0].size() - 1); });
}
TEST_F(AttackF, F10TwoNonces) {
  against(Code::nonce_ambiguous, [](auto& c) { c.nonces.push_back(Bytes(32, 1)); });
}
TEST_F(AttackF, F10NoNonce) {
  against(Code::nonce_ambiguous, [](auto& c) { c.nonces.clear(); });
}
TEST_F(AttackF, F10TheSameClaimTwice) {
  against_token(Code::evidence_malformed, [&](const EvidenceRequest& r) {
    Bytes claims = rats::write_eat(s.claims(r.binder)).value();
    // One entry more: 1 ("iss"): "x" twice, behind a head that counts them.
    claims[0] = static_cast<std::uint8_t>(claims[0] + 2);
    for (int i = 0; i < 2; ++i) claims.insert(claims.end(), {0x01, 0x61, 0x78});
    return rats::sign_sign1(claims, s.attestation_key).value();
  });
}
TEST_F(AttackF, F10ACriticalHeaderThatNobodyKnows) {
  against_token(Code::unknown_critical, [&](const EvidenceRequest& r) {
    cbor::Map headers;
    headers.emplace_back(cbor::integer(2), cbor::array({cbor::text("surprise")}));
    headers.emplace_back(cbor::text("surprise"), cbor::integer(1));
    return rats::sign_sign1(rats::write_eat(s.claims(r.binder)).value(), s.attestation_key,
                            std::move(headers))
        .value();
  });
}
TEST_F(AttackF, F12AKeyThatDoesNotSpeakTheAlgorithm) {
  const auto p384 = crypto::PrivateKey::generate(crypto::KeyType::p384).value();
  against_token(Code::algorithm_not_allowed, [&](const EvidenceRequest& r) {
    return rats::sign_sign1(rats::write_eat(s.claims(r.binder)).value(), p384).value();
  });
}
TEST_F(AttackF, F12NoSignatureAtAll) {
  against_token(Code::algorithm_not_allowed, [&](const EvidenceRequest& r) {
    codec::cose::Sign1 message;
    message.protected_bytes = cbor::encode(cbor::map({{cbor::integer(1), cbor::integer(0)}})).value();
    message.unprotected_headers = cbor::map({});
    message.payload = rats::write_eat(s.claims(r.binder)).value();
    return codec::cose::encode_sign1(message).value();
  });
}
TEST_F(AttackF, F12HmacWithThePublicKey) {
  against_token(Code::algorithm_not_allowed, [&](const EvidenceRequest& r) {
    codec::cose::Sign1 message;
    message.protected_bytes = cbor::encode(cbor::map({{cbor::integer(1), cbor::integer(5)}})).value();
    message.unprotected_headers = cbor::map({});
    message.payload = rats::write_eat(s.claims(r.binder)).value();
    message.signature = crypto::hmac(Hash::sha256, s.attestation_key.public_key().spki().der(),
                                     message.to_be_signed().value());
    return codec::cose::encode_sign1(message).value();
  });
}

// F11: the same record as JSON and as CBOR says the same, so both are accepted or both refused.
TEST_F(AttackF, F11BothFormsOfACmwAgree) {
  for (const auto form : {CmwForm::cbor, CmwForm::cbor_tag}) {
    fake::TlsPair pair(client(verifier_for(policy_for({&s}))),
                       server(s.identity, std::make_shared<Teller>([&](const EvidenceRequest& r) {
                                const auto honest = cwt(s.claims(r.binder), s.attestation_key);
                                auto record = *honest.record();
                                record.indicator = form == CmwForm::cbor_tag ? 0 : record.indicator;
                                return Cmw(record, form);
                              })));
    expect_attested(pair);
  }
}

TEST_F(AttackF, D07AResultWhereEvidenceWasChosen) {
  fake::TlsPair pair(client(verifier_for(policy_for({&s}))),
                     server(s.identity, std::make_shared<Teller>([&](const EvidenceRequest& r) {
                              auto record = *cwt(s.claims(r.binder), s.attestation_key).record();
                              record.type = ContentFormat{264};
                              return Cmw(record);
                            })));
  pair.run_until_settled();
  EXPECT_FALSE(pair.established());
  EXPECT_EQ(pair.leak(), "");
}

// ---- identity ------------------------------------------------------------------------------------

TEST(AttackB, B01ADivertedConnectionEndsAtThePin) {
  const Machine asked({.ueid = Bytes(17, 1)}), elsewhere({.ueid = Bytes(17, 2)});
  auto policy = policy_for({&asked, &elsewhere});
  policy.machine = {"ueid:0101010101010101010101010101010101"};
  fake::TlsPair pair(client(verifier_for(policy)), server(elsewhere.identity, elsewhere.attester));
  expect_refused(pair, Role::client, Code::instance_mismatch, kAccessDenied);
}

TEST(AttackB, B01ADivertedConnectionEndsAtTheName) {
  const Machine elsewhere;
  auto caller = client(verifier_for(policy_for({&elsewhere})));
  caller.server_name = "another.test";
  fake::TlsPair pair(caller, server(elsewhere.identity, elsewhere.attester));
  pair.run_until_settled();
  ASSERT_TRUE(pair.client->error());
  EXPECT_EQ(pair.client->error()->code, Code::identity_rejected) << pair.client->error()->message();
  EXPECT_EQ(pair.leak(), "");
}

TEST(AttackB, B02AttestationDoesNotReplaceTheCertificate) {
  Machine s;
  const auto own = fake::self_signed();
  auto setup = server(own, std::make_shared<Teller>([&](const EvidenceRequest& r) {
                        return cwt(proven(s.claims(r.binder), own.key.public_key()), s.attestation_key);
                      }));
  fake::TlsPair pair(client(verifier_for(policy_for({&s}))), setup);
  pair.run_until_settled();
  ASSERT_TRUE(pair.client->error());
  EXPECT_EQ(pair.client->error()->code, Code::identity_rejected) << pair.client->error()->message();
  EXPECT_EQ(pair.leak(), "");

  // Only where the configuration says that the attested key is the identity does it do.
  auto onboarding = client(verifier_for(policy_for({&s})));
  onboarding.config->require->identity = IdentityRule::attested_key;
  fake::TlsPair twin(onboarding, setup);
  expect_attested(twin);
}

TEST(AttackB, B04TwoApplicationsInOneEnvironment) {
  const Machine a, b;  // evidence about A's key, on a connection of B's certificate
  fake::TlsPair pair(client(verifier_for(policy_for({&a, &b}))),
                     server(b.identity, std::make_shared<Teller>([&](const EvidenceRequest& r) {
                              return cwt(a.claims(r.binder), a.attestation_key);
                            })));
  expect_refused(pair, Role::client, Code::tik_mismatch, kAccessDenied);
}

TEST(AttackE, E04AMeshWhereBothSidesHoldTheSameKey) {
  const Machine m;
  auto s = server(m.identity, m.attester);
  s.config->require = demand(verifier_for(policy_for({&m})));
  auto c = client(verifier_for(policy_for({&m})));
  c.identity = m.identity;
  c.config->attester = m.attester;
  fake::TlsPair pair(c, s);
  expect_refused(pair, Role::client, Code::reflected, kAccessDenied);
}

}  // namespace
}  // namespace seatls::attacks
