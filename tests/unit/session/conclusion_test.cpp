#include "session/conclusion.h"

#include <gtest/gtest.h>

#include "fixture.h"

namespace seatls::session {
namespace {

Config endpoint(Role role, std::optional<Requirement> attestation = {},
                IdentityRule identity = IdentityRule::pki_and_attested) {
  Config config;
  config.role = role;
  if (attestation) {
    config.require.emplace();
    config.require->attestation = *attestation;
    config.require->identity = identity;
  }
  return config;
}

SealedVerdict good_verdict() { return Authorizer::seal(Require{}, some_binding(), good_result()).value(); }

Handshake attested(HandshakeFinished proof = pki()) {
  return {.proof = std::move(proof), .peer_certificate = true, .verdict = good_verdict(), .self = {}};
}
Handshake unattested(HandshakeFinished proof = pki(), bool certificate = true) {
  return {.proof = std::move(proof), .peer_certificate = certificate, .verdict = {}, .self = {}};
}

TEST(Conclude, ReportsAnAttestedPeer) {
  Config config = endpoint(Role::client, Requirement::required);
  config.dangers = {"danger.a"};
  auto parts = parts_for_binding();
  parts.dangers = {"danger.b", "danger.a"};
  Handshake handshake = attested();
  handshake.verdict = Authorizer::seal(Require{}, some_binding(), danger::result_from_parts(parts)).value();
  handshake.self =
      SelfAttestation{passport, danger::binder_from_bytes(Bytes(32, 2), Hash::sha256, some_key())};
  const auto report = conclude(config, std::move(handshake));
  ASSERT_TRUE(report.ok()) << report.error().message();
  ASSERT_TRUE(report->peer);
  EXPECT_EQ(report->role, Role::client);
  EXPECT_EQ(report->requirement, Requirement::required);
  EXPECT_EQ(report->peer_scheme, tpm2);
  EXPECT_EQ(report->peer_binder, binder_bytes());
  EXPECT_EQ(report->peer_name, "peer.example");
  EXPECT_TRUE(report->pki_verified);
  EXPECT_TRUE(report->self_attested);
  EXPECT_EQ(report->self_scheme, passport);
  EXPECT_EQ(report->self_binder, Bytes(32, 2));
  EXPECT_EQ(report->dangers, (std::vector<std::string>{"danger.a", "danger.b"}));
}

//= early-attestation#required-fails-closed
TEST(Conclude, RequiredNeedsAVerdict) {
  for (Role role : {Role::client, Role::server}) {
    const auto report = conclude(endpoint(role, Requirement::required), unattested());
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, Code::attestation_required);
  }
}

//= early-attestation#optional-never-looks-attested
// Decision 9: what is not attested never looks attested.
TEST(Conclude, AnUnattestedPeerIsReportedAsSuch) {
  for (auto attestation : {Requirement::optional, Requirement::off}) {
    const auto report = conclude(endpoint(Role::client, attestation), unattested());
    ASSERT_TRUE(report.ok());
    EXPECT_FALSE(report->peer);
    EXPECT_FALSE(report->peer_scheme);
    EXPECT_TRUE(report->peer_binder.empty());
    EXPECT_FALSE(report->self_attested);
    EXPECT_EQ(report->requirement, attestation);
  }
}

TEST(Conclude, AServerWithoutDemandSaysSo) {
  const auto report = conclude(endpoint(Role::server), unattested(no_pki(), false));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->requirement, Requirement::off);
  EXPECT_FALSE(report->peer);
}

TEST(Conclude, ACertificateThatNothingVouchesForIsRefusedUnderEveryRule) {
  for (Role role : {Role::client, Role::server})
    for (auto identity : {IdentityRule::pki_and_attested, IdentityRule::attested_key, IdentityRule::pki}) {
      const Config config = endpoint(role, Requirement::optional, identity);
      const auto report = conclude(config, unattested(no_pki()));
      ASSERT_FALSE(report.ok());
      EXPECT_EQ(report.error().code, Code::identity_rejected);
      EXPECT_TRUE(conclude(config, unattested(pki())).ok());
    }
}

TEST(Conclude, AClientWithoutCertificateMayBeAnonymousUnlessPkiIsTheRule) {
  for (auto identity : {IdentityRule::pki_and_attested, IdentityRule::attested_key})
    EXPECT_TRUE(
        conclude(endpoint(Role::server, Requirement::optional, identity), unattested(no_pki(), false)).ok());
  EXPECT_EQ(
      conclude(endpoint(Role::server, Requirement::optional, IdentityRule::pki), unattested(no_pki(), false))
          .error()
          .code,
      Code::identity_rejected);
  // A server has no way to be anonymous.
  EXPECT_EQ(conclude(endpoint(Role::client, Requirement::optional), unattested(no_pki(), false)).error().code,
            Code::identity_rejected);
}

TEST(Conclude, OnboardingAcceptsASelfSignedCertificateOnEvidence) {
  const auto report =
      conclude(endpoint(Role::client, Requirement::required, IdentityRule::attested_key), attested(no_pki()));
  ASSERT_TRUE(report.ok());
  ASSERT_TRUE(report->peer);
  EXPECT_FALSE(report->pki_verified);
  EXPECT_EQ(conclude(endpoint(Role::client, Requirement::required), attested(no_pki())).error().code,
            Code::identity_rejected);
}

//= early-attestation#no-resumption
// C04, C08
TEST(Conclude, ShortcutsAreRefusedWhereAttestationIsRequired) {
  for (Role role : {Role::client, Role::server}) {
    Handshake resumed = unattested();
    resumed.resumed = true;
    EXPECT_EQ(conclude(endpoint(role, Requirement::required), std::move(resumed)).error().code,
              Code::resumption_refused);
    Handshake early = attested();
    early.early_data = true;
    EXPECT_EQ(conclude(endpoint(role, Requirement::required), std::move(early)).error().code,
              Code::early_data_refused);
  }
}

TEST(Conclude, AnOptionalResumedSessionIsNotAttested) {
  Handshake resumed = unattested(pki(), false);
  resumed.resumed = true;
  const auto report = conclude(endpoint(Role::client, Requirement::optional), std::move(resumed));
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->resumed);
  EXPECT_FALSE(report->peer);
}

TEST(Conclude, AVerdictBesideAResumptionIsAFault) {
  Handshake both = attested();
  both.resumed = true;
  EXPECT_EQ(conclude(endpoint(Role::client, Requirement::optional), std::move(both)).error().code,
            Code::internal);
  EXPECT_EQ(conclude(endpoint(Role::server), attested()).error().code, Code::internal);
}

}  // namespace
}  // namespace seatls::session
