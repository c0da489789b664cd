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
  policy.key = KeyProvenance::proven;
  policy.danger.allow_unproven_tik = false;
  fake::TlsPair pair(client(verifier_for(policy)), server(s.identity, s.attester));
  expect_refused(pair, Role::client, Code::key_unproven, kAccessDenied);
  policy.danger.allow_unproven_tik = true;
  fake::TlsPair allowed(client(verifier_for(policy)), server(s.identity, s.attester));
  expect_attested(allowed);
}
TEST_F(AttackF, F09PaddedNonce) {
  against(Code::binder_mismatch, [](auto& c) { c.nonces[0].resize(64, 0); });
}
TEST_F(AttackF, F09TruncatedNonce) {
  against(Code::binder_mismatch, [](auto& c) { c.nonces[0].pop_back(); });
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

// The same record says the same in each form of a CMW: all are accepted, and all are refused alike when
// they are broken. (JSON has no content formats, so here the scheme is a media type.)
TEST_F(AttackF, F11TheFormsOfACmwAgree) {
  const EvidenceType type = MediaType{"application/eat+cwt"};
  const auto relying = [&] {
    LocalVerifierOptions options;
    options.evidence_cache = std::make_shared<EvidenceCache>();
    options.table.set("software", type);
    return client(make_local_verifier(policy_for({&s}), std::move(options)).value());
  };
  for (const auto form : {CmwForm::json, CmwForm::cbor}) {
    const auto showing = [&](const std::function<void(CmwRecord&)>& change) {
      return server(s.identity,
                    std::make_shared<Teller>(AttestationScheme{type}, [&, change](const EvidenceRequest& r) {
                      auto record = *cwt(s.claims(r.binder), s.attestation_key).record();
                      record.type = type;
                      change(record);
                      return Cmw(record, form);
                    }));
    };
    fake::TlsPair twin(relying(), showing([](CmwRecord&) {}));
    expect_attested(twin);
    fake::TlsPair broken(relying(), showing([](CmwRecord& r) { r.value.pop_back(); }));
    expect_refused(broken, Role::client, Code::evidence_malformed, kAccessDenied);
  }
}

TEST_F(AttackF, F11ATagAndARecordAgree) {
  for (const auto form : {CmwForm::cbor, CmwForm::cbor_tag}) {
    const auto showing = [&](bool whole) {
      return server(s.identity, std::make_shared<Teller>([&, whole](const EvidenceRequest& r) {
                      auto record = *cwt(s.claims(r.binder), s.attestation_key).record();
                      if (form == CmwForm::cbor_tag) record.indicator = 0;
                      if (!whole) record.value.pop_back();
                      return Cmw(record, form);
                    }));
    };
    fake::TlsPair twin(client(verifier_for(policy_for({&s}))), showing(true));
    expect_attested(twin);
    fake::TlsPair broken(client(verifier_for(policy_for({&s}))), showing(false));
    expect_refused(broken, Role::client, Code::evidence_malformed, kAccessDenied);
  }
}

// The verifier mixes two connections up, or answers about evidence that nobody showed.
TEST_F(AttackF, F05AVerdictAboutOtherEvidence) {
  class Swapping final : public Verifier {
   public:
    Swapping(std::shared_ptr<Verifier> real, std::function<void(ResultParts&)> swap)
        : real_(std::move(real)), swap_(std::move(swap)) {}
    [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return real_->schemes(); }
    void appraise(AppraisalRequest request, Done done) override {
      real_->appraise(std::move(request), [this, done](Result<AttestationResult> result) {
        ResultParts parts = **result;
        swap_(parts);
        done(danger::result_from_parts(std::move(parts)));
      });
    }

   private:
    std::shared_ptr<Verifier> real_;
    std::function<void(ResultParts&)> swap_;
  };
  std::optional<ResultParts> first;
  const auto run = [&](const std::function<void(ResultParts&)>& swap) {
    return fake::TlsPair(client(std::make_shared<Swapping>(verifier_for(policy_for({&s})), swap)),
                         server(s.identity, s.attester));
  };
  auto twin = run([&](ResultParts& parts) { first = parts; });
  expect_attested(twin);
  auto swapped = run([&](ResultParts& parts) { parts = *first; });
  expect_refused(swapped, Role::client, Code::binder_mismatch, kAccessDenied);
  auto other_binder = run([&](ResultParts& parts) { parts.binder = first->binder; });
  expect_refused(other_binder, Role::client, Code::binder_mismatch, kAccessDenied);
  auto other_evidence = run([&](ResultParts& parts) { parts.evidence_digest = first->evidence_digest; });
  expect_refused(other_evidence, Role::client, Code::binder_mismatch, kAccessDenied);
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
  // A client shows its key only after the server's Finished, and compares it then.
  expect_refused(pair, Role::client, Code::reflected, kAccessDenied, fake::MessageType::finished);
}

}  // namespace
}  // namespace seatls::attacks
