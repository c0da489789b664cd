// Class A of the attack catalogue: evidence that belongs to another connection, key or machine.
#include <gtest/gtest.h>

#include "attacks/kit.h"
#include "crypto/hash.h"

namespace seatls::attacks {
namespace {

constexpr int kAccessDenied = 49;

fake::TlsPair honest(const Machine& m) {
  return {client(verifier_for(policy_for({&m}))), server(m.identity, m.attester)};
}

// leaked returns a server that M runs with the stolen TLS key of `victim`, showing what `tell` makes.
fake::TlsSetup leaked(const Machine& victim, Teller::Tell tell) {
  return server(victim.identity, std::make_shared<Teller>(std::move(tell)));
}

TEST(AttackA, HonestTwin) {
  const Machine s;
  auto pair = honest(s);
  expect_attested(pair);
}

// M holds S's key, opens its own connection to S, and relays the evidence that it gets there.
TEST(AttackA, A01RelayIsRefused) {
  const Machine s;
  const Cmw relayed = record_evidence(s);
  fake::TlsPair pair(client(verifier_for(policy_for({&s}))), leaked(s, [&](const auto&) { return relayed; }));
  expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
}

// The same run against a relying party that checks signature and key alone: the attack works there,
// so the row above refuses for the binder's sake and not for another's.
TEST(AttackA, A01RelaySucceedsAgainstEvidenceBoundToTheKeyOnly) {
  const Machine s;
  const Cmw relayed = record_evidence(s);
  fake::TlsPair pair(client(std::make_shared<Naive>(s.attestation_key.public_key())),
                     leaked(s, [&](const auto&) { return relayed; }));
  expect_attested(pair);
}

// A nonce of the client, in ClientHello or beside it, is copied by a relay into its own connection.
TEST(AttackA, A02ANonceOfTheClientIsNoBinder) {
  const Machine s;
  const Bytes nonce = crypto::random_bytes(32);
  fake::TlsPair pair(client(verifier_for(policy_for({&s}))), leaked(s, [&](const EvidenceRequest& r) {
                       auto claims = s.claims(r.binder);
                       claims.nonces = {nonce};
                       return cwt(claims, s.attestation_key);
                     }));
  expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
}

// Nonce and key together are still no connection: CVE-2026-33697.
TEST(AttackA, A02NonceAndKeyAreNoBinder) {
  const Machine s;
  fake::TlsPair pair(client(verifier_for(policy_for({&s}))), leaked(s, [&](const EvidenceRequest& r) {
                       auto claims = s.claims(r.binder);
                       claims.nonces = {crypto::digest(Hash::sha256, r.binder.tik().der())};
                       return cwt(claims, s.attestation_key);
                     }));
  expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
}

// An early exporter, or any value over ClientHello alone, is the same on both legs of a relay.
TEST(AttackA, A03AValueOverClientHelloAloneIsNoBinder) {
  const Machine s;
  Bytes client_hello;
  auto victim = client(verifier_for(policy_for({&s})));
  auto relay = leaked(s, [&](const EvidenceRequest& r) {
    auto claims = s.claims(r.binder);
    claims.nonces = {crypto::digest(Hash::sha256, client_hello)};
    return cwt(claims, s.attestation_key);
  });
  static Bytes* heard = nullptr;
  heard = &client_hello;
  relay.options.message_callback = [](int sent, int, int type, const void* data, std::size_t n, SSL*, void*) {
    const auto* p = static_cast<const std::uint8_t*>(data);
    if (sent == 0 && type == SSL3_RT_HANDSHAKE && p[0] == 1) heard->assign(p, p + n);
  };
  fake::TlsPair pair(victim, relay);
  pair.run_until_settled();
  ASSERT_FALSE(client_hello.empty());
  ASSERT_TRUE(pair.client->error());
  EXPECT_EQ(pair.client->error()->code, Code::binder_mismatch);
  EXPECT_EQ(pair.leak(), "");
}

TEST(AttackA, A04RecordedEvidenceOfTheSameServerIsRefused) {
  const Machine s;
  const Cmw old = record_evidence(s);
  fake::TlsPair pair(client(verifier_for(policy_for({&s}))), leaked(s, [&](const auto&) { return old; }));
  expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
}

// M has a certificate of its own for the name, and asks T to sign for it.
TEST(AttackA, A05AnAttesterRefusesAKeyThatItDoesNotHold) {
  const Machine t;
  fake::TlsPair pair(client(verifier_for(policy_for({&t}))), server(fake::certified(), t.attester));
  pair.run_until_settled();
  ASSERT_TRUE(pair.server->error());
  EXPECT_EQ(pair.server->error()->code, Code::foreign_key);
  EXPECT_FALSE(pair.established());
  EXPECT_EQ(pair.leak(), "");
}

// An environment that quotes whatever it is asked to: the evidence names T's key, the certificate M's.
TEST(AttackA, A05BorrowedEvidenceNamesAnotherKey) {
  const Machine t;
  fake::TlsPair pair(client(verifier_for(policy_for({&t}))),
                     server(fake::certified(), std::make_shared<Teller>([&](const EvidenceRequest& r) {
                              return cwt(t.claims(r.binder), t.attestation_key);
                            })));
  expect_refused(pair, Role::client, Code::tik_mismatch, kAccessDenied);
}

// M holds S's key and a genuine machine of its own, which signs binders for keys it did not make. Only a
// pin on the machine, or proof that the key was made in it, tells the two apart.
TEST(AttackA, A06AQuotingServiceOfAnotherMachineIsCaughtByThePin) {
  const Machine s({.ueid = Bytes(17, 1)}), own_tee({.ueid = Bytes(17, 2)});
  auto policy = policy_for({&s, &own_tee});
  policy.machine = {"ueid:0101010101010101010101010101010101"};
  const auto tell = [&](const EvidenceRequest& r) {
    auto claims = own_tee.claims(r.binder);
    claims.cnf->key = s.identity.key.public_key();
    return cwt(claims, own_tee.attestation_key);
  };
  fake::TlsPair pair(client(verifier_for(policy)), leaked(s, tell));
  expect_refused(pair, Role::client, Code::instance_mismatch, kAccessDenied);

  fake::TlsPair twin(client(verifier_for(policy)), server(s.identity, s.attester));
  expect_attested(twin);
}

TEST(AttackA, A06AQuotingServiceIsCaughtByKeyProvenance) {
  const Machine s;
  auto policy = policy_for({&s});
  policy.key = KeyProvenance::proven;
  policy.danger.allow_unproven_tik = false;
  fake::TlsPair pair(client(verifier_for(policy)), leaked(s, [&](const EvidenceRequest& r) {
                       return cwt(s.claims(r.binder), s.attestation_key);
                     }));
  expect_refused(pair, Role::client, Code::key_unproven, kAccessDenied);
}

// One TLS key on two machines, both genuine: the certificate cannot tell them apart.
TEST(AttackA, A07TheSameKeyOnTwoMachines) {
  const Machine here({.ueid = Bytes(17, 1)}), there({.ueid = Bytes(17, 2)});
  auto policy = policy_for({&here, &there});
  policy.machine = {"ueid:0101010101010101010101010101010101"};
  fake::TlsPair pair(client(verifier_for(policy)), leaked(here, [&](const EvidenceRequest& r) {
                       auto claims = there.claims(r.binder);
                       claims.cnf->key = here.identity.key.public_key();
                       return cwt(claims, there.attestation_key);
                     }));
  expect_refused(pair, Role::client, Code::instance_mismatch, kAccessDenied);
}

// An attestation key that leaked from any machine of the vendor: not one that this relying party enrolled.
TEST(AttackA, A09AnAttestationKeyOfAnotherMachine) {
  const Machine s, other;
  fake::TlsPair pair(client(verifier_for(policy_for({&s}))), leaked(s, [&](const EvidenceRequest& r) {
                       return cwt(s.claims(r.binder), other.attestation_key);
                     }));
  expect_refused(pair, Role::client, Code::signature_invalid, kAccessDenied);
}

// The mirror of A01: a client's evidence, relayed to another server.
TEST(AttackA, A01MirroredAClientsEvidenceIsRelayed) {
  const Machine s, c;
  auto relying = server(s.identity, s.attester);
  relying.config->require = demand(verifier_for(policy_for({&c})));

  const Cmw relayed = [&] {  // c attests itself to a server that M runs
    auto recorder = std::make_shared<Recorder>(verifier_for(policy_for({&c})));
    auto mine = server(s.identity, s.attester);
    mine.config->require = demand(recorder);
    auto calls = client(verifier_for(policy_for({&s})));
    calls.identity = c.identity;
    calls.config->attester = c.attester;
    fake::TlsPair pair(calls, mine);
    pair.run_until_settled();
    EXPECT_TRUE(pair.established());
    return recorder->seen.at(0);
  }();

  auto attacker = client(verifier_for(policy_for({&s})));
  attacker.identity = c.identity;  // leaked
  attacker.config->attester = std::make_shared<Teller>([&](const auto&) { return relayed; });
  fake::TlsPair pair(attacker, relying);
  expect_refused(pair, Role::server, Code::binder_mismatch, kAccessDenied);

  auto twin = client(verifier_for(policy_for({&s})));
  twin.identity = c.identity;
  twin.config->attester = c.attester;
  fake::TlsPair honest_pair(twin, relying);
  expect_attested(honest_pair);
}

}  // namespace
}  // namespace seatls::attacks
