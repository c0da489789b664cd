// Who attests, crossed with what is required: the outcomes that configuration promises.
#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "fixture.h"

namespace seatls::fake {
namespace {

TEST(Modes, ServerOnly) {
  const Pair p = server_attests();
  const Outcome o = run(p);
  expect_good(o);
  ASSERT_TRUE(o.client->peer);
  EXPECT_EQ(o.client->peer->tik(), identity("server").spki());
  EXPECT_EQ(o.client->peer_scheme, evidence_scheme());
  EXPECT_EQ(o.client->requirement, Requirement::required);
  EXPECT_FALSE(o.client->self_attested);
  EXPECT_FALSE(o.server->peer);
  EXPECT_TRUE(o.server->self_attested);
  EXPECT_EQ(o.server->self_scheme, evidence_scheme());
  EXPECT_EQ(o.server->self_binder, o.client->peer_binder) << "both derived the same binder";
  EXPECT_EQ(o.server->requirement, Requirement::off);
}

TEST(Modes, ClientOnly) {
  const Outcome o = run(client_attests());
  expect_good(o);
  ASSERT_TRUE(o.server->peer);
  EXPECT_EQ(o.server->peer->tik(), identity("client").spki());
  EXPECT_EQ(o.server->peer_binder, o.client->self_binder);
  EXPECT_TRUE(o.client->self_attested);
  EXPECT_FALSE(o.client->peer);
  EXPECT_FALSE(o.server->self_attested);
}

TEST(Modes, Mutual) {
  const Outcome o = run(mutual());
  expect_good(o);
  ASSERT_TRUE(o.client->peer && o.server->peer);
  EXPECT_EQ(o.client->peer->result()->instance, std::vector<std::string>{"ueid:machine-1"});
  EXPECT_EQ(o.server->peer->result()->instance, std::vector<std::string>{"ueid:machine-2"});
  EXPECT_EQ(o.client->peer_binder, o.server->self_binder);
  EXPECT_EQ(o.server->peer_binder, o.client->self_binder);
  EXPECT_NE(o.client->peer_binder, o.client->self_binder) << "one binder per direction";
}

TEST(Modes, BindersHaveTheLengthOfTheSuitesHash) {
  for (Hash suite : {Hash::sha256, Hash::sha384})
    for (bool retry : {false, true}) {
      const Outcome o = run(mutual(), {.suite = suite, .retry = retry, .mitm = {}});
      expect_good(o, std::string(name(suite)) + (retry ? " after HelloRetryRequest" : ""));
      EXPECT_EQ(o.client->peer_binder.size(), size(suite));
      EXPECT_EQ(o.client->peer_binder, o.server->self_binder);
      EXPECT_EQ(o.server->peer_binder, o.client->self_binder);
    }
}

// Server and client each required, optional or off, against a peer that can attest and one that cannot.
TEST(Modes, RequirementAgainstAbility) {
  for (Role demanding : {Role::client, Role::server})
    for (auto requirement : {Requirement::required, Requirement::optional, Requirement::off})
      for (bool able : {true, false}) {
        Pair p;
        Party& asker = demanding == Role::client ? p.client : p.server;
        Party& asked = demanding == Role::client ? p.server : p.client;
        if (able) asked.attest();
        asker.require(asked, requirement);
        const Outcome o = run(p);
        SCOPED_TRACE((demanding == Role::client ? "client demands " : "server demands ") +
                     std::to_string(static_cast<int>(requirement)) + (able ? ", able" : ", unable"));
        if (requirement == Requirement::required && !able) {
          ASSERT_TRUE(o.refused_by);
          EXPECT_EQ(*o.refused_by, demanding);
          EXPECT_EQ(o.error.code, Code::attestation_required);
          EXPECT_EQ(o.alert, demanding == Role::server ? 116 : 40);
          continue;
        }
        expect_good(o);
        const auto& report = demanding == Role::client ? *o.client : *o.server;
        EXPECT_EQ(report.peer.has_value(), able && requirement != Requirement::off);
        EXPECT_EQ(report.requirement, requirement);
      }
}

//= early-attestation#optional-never-looks-attested
// Decision 9: an optional client that got nothing says so.
TEST(Modes, OptionalWithoutAttestationNeverLooksAttested) {
  Pair p;
  p.client.require(p.server, Requirement::optional);
  const Outcome o = run(p);
  expect_good(o);
  EXPECT_FALSE(o.client->peer);
  EXPECT_FALSE(o.client->peer_scheme);
  EXPECT_TRUE(o.client->peer_binder.empty());
  EXPECT_EQ(o.client->requirement, Requirement::optional);
}

TEST(Modes, OptionalStillRefusesBadEvidence) {
  Pair p = server_attests(Requirement::optional);
  p.server.tee->debug = true;
  expect_refused(run(p), {Role::client, Code::debug_enabled, 49, "Certificate"});
}

TEST(Modes, PlainTlsBesideTheProtocol) {
  Pair p;
  const Outcome o = run(p, {.request_certificate = true, .mitm = {}});
  expect_good(o);
  EXPECT_TRUE(o.server->pki_verified);
  EXPECT_EQ(o.server->peer_name, "client");
  p.client.endpoint.identity.reset();
  expect_good(run(p, {.request_certificate = true, .mitm = {}}), "an empty certificate");
  expect_good(run(p));
}

TEST(Modes, AttestedServerAndPlainClientCertificate) {
  Pair p = server_attests();
  const Outcome o = run(p, {.request_certificate = true, .mitm = {}});
  expect_good(o);
  EXPECT_TRUE(o.client->peer);
  EXPECT_FALSE(o.server->peer);
  EXPECT_EQ(o.server->peer_name, "client");
  p.client.endpoint.identity.reset();
  expect_good(run(p, {.request_certificate = true, .mitm = {}}), "an empty certificate");
}

TEST(Modes, PassportInBothDirections) {
  Pair p = mutual();
  for (Party* party : {&p.client, &p.server}) {
    party->attester->list = {passport_scheme()};
    party->verifier->list = {passport_scheme(), evidence_scheme()};
  }
  const Outcome o = run(p);
  expect_good(o);
  EXPECT_EQ(o.client->peer_scheme, passport_scheme());
  EXPECT_EQ(o.client->peer->result()->freshness, Freshness::lifetime);
}

// A slow attester or verifier suspends the handshake, at each of the four places.
TEST(Modes, EveryCredentialMayTakeItsTime) {
  Pair p = mutual();
  p.server.attester->later = p.client.attester->later = true;
  p.server.verifier->later = p.client.verifier->later = true;
  Handshake h(p.client.endpoint, p.server.endpoint);
  h.run();
  EXPECT_TRUE(h.waiting());
  EXPECT_EQ(h.server().state_name(), "ExpectOwnCredential");
  p.server.attester->release();
  h.run();
  EXPECT_TRUE(h.waiting());
  EXPECT_EQ(h.client().state_name(), "ExpectVerdict");
  EXPECT_TRUE(p.client.attester->asked.empty()) << "no evidence for a server that is not judged yet";
  p.client.verifier->release();
  h.run();
  EXPECT_TRUE(h.waiting());
  EXPECT_EQ(h.client().state_name(), "ExpectOwnCredential");
  p.client.attester->release();
  h.run();
  EXPECT_TRUE(h.waiting());
  EXPECT_EQ(h.server().state_name(), "ExpectVerdict");
  EXPECT_FALSE(h.outcome().server) << "the client is done, the server's gate is still shut";
  EXPECT_FALSE(h.outcome().application_data());
  p.server.verifier->release();
  h.run();
  EXPECT_FALSE(h.waiting());
  expect_good(h.outcome());
}

// ---- identity: what names the peer -------------------------------------------------------------

//= early-attestation#identity-and-attestation
TEST(Identity, CompoundNeedsBoth) {
  for (Role role : {Role::client, Role::server}) {
    Pair p = mutual();
    Party& party = role == Role::client ? p.client : p.server;
    party.endpoint.pki = false;
    expect_refused(run(p), {role, Code::identity_rejected, 42, "Finished"});
    party.endpoint.pki = true;
    expect_good(run(p));
  }
}

//= early-attestation#attested-key-needs-binding
// Decision 11: an anonymous client whose ephemeral, self-signed certificate only the evidence binds.
TEST(Identity, AnonymousAttestedClient) {
  Pair p = client_attests();
  p.server.endpoint.pki = false;
  p.server.config().require->identity = IdentityRule::attested_key;
  const Outcome o = run(p);
  expect_good(o);
  ASSERT_TRUE(o.server->peer);
  EXPECT_FALSE(o.server->peer->pki_verified());
  EXPECT_TRUE(o.server->peer_name.empty());
  EXPECT_EQ(o.server->peer->tik(), identity("client").spki());

  p.server.verifier->proves = KeyProvenance::none;
  expect_refused(run(p), {Role::server, Code::key_unproven, 49, "Finished"});
}

// Attestation-only onboarding: a server that no authority knows yet.
TEST(Identity, OnboardingAServerByItsEvidence) {
  Pair p = server_attests();
  p.client.endpoint.pki = false;
  p.client.config().require->identity = IdentityRule::attested_key;
  const Outcome o = run(p);
  expect_good(o);
  EXPECT_FALSE(o.client->pki_verified);
  EXPECT_TRUE(o.client->peer);
}

TEST(Identity, AnUnattestedSelfSignedServerIsRefusedUnderEveryRule) {
  for (auto rule : {IdentityRule::attested_key, IdentityRule::pki, IdentityRule::pki_and_attested}) {
    Pair p;
    p.client.require(p.server, Requirement::optional);
    p.client.config().require->identity = rule;
    p.client.endpoint.pki = false;
    expect_refused(run(p), {Role::client, Code::identity_rejected, 42, "Finished"});
    p.client.endpoint.pki = true;
    expect_good(run(p));
  }
}

TEST(Identity, AnOptionalServerServesAClientWithoutCertificate) {
  Pair p;
  p.client.endpoint.identity.reset();
  p.server.require(p.client, Requirement::optional);
  const Outcome o = run(p);
  expect_good(o);
  EXPECT_FALSE(o.server->peer);
  p.server.config().require->identity = IdentityRule::pki;
  expect_refused(run(p), {Role::server, Code::identity_rejected, 42, "Finished"});
}

}  // namespace
}  // namespace seatls::fake
