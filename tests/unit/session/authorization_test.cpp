#include "session/authorization.h"

#include <gtest/gtest.h>

#include "fixture.h"

namespace seatls::session {
namespace {

Result<SealedVerdict> seal(ResultParts parts, Require require = {}, AttestationScheme scheme = tpm2) {
  return Authorizer::seal(require, some_binding(std::move(scheme)),
                          danger::result_from_parts(std::move(parts)));
}

Result<AttestedPeer> authorize(ResultParts parts, Require require, const HandshakeFinished& proof) {
  SEATLS_TRY(SealedVerdict verdict, seal(std::move(parts), require));
  return Authorizer::authorize(require, std::move(verdict), proof);
}

TEST(Seal, KeepsAGoodAnswer) {
  const auto verdict = seal(parts_for_binding());
  ASSERT_TRUE(verdict.ok()) << verdict.error().message();
  EXPECT_EQ(verdict->binding().scheme, tpm2);
}

TEST(Seal, AcceptsOnlyTheTiersThatAreListed) {
  struct Row {
    Tier tier;
    std::vector<Tier> accept;
    bool good;
  };
  const Row rows[] = {
      {Tier::affirming, {Tier::affirming}, true},
      {Tier::warning, {Tier::affirming}, false},
      {Tier::warning, {Tier::affirming, Tier::warning}, true},
      {Tier::affirming, {}, false},
      // Never, whatever the configuration says.
      {Tier::none, {Tier::none}, false},
      {Tier::contraindicated, {Tier::contraindicated}, false},
  };
  for (const Row& row : rows) {
    Require require;
    require.accept = row.accept;
    auto parts = parts_for_binding();
    parts.tier = row.tier;
    const auto verdict = seal(parts, require);
    EXPECT_EQ(verdict.ok(), row.good) << name(row.tier);
    if (!row.good) {
      EXPECT_EQ(verdict.error().code, Code::tier_not_accepted);
    }
  }
}

TEST(Seal, OneFatalReasonDecidesWhateverTheTier) {
  auto parts = parts_for_binding();
  parts.reasons = {{Code::key_unproven, "worth telling", "", false},
                   {Code::reference_mismatch, "pcr 7 differs", "eat > pcr", true},
                   {Code::debug_enabled, "", "", true}};
  const auto verdict = seal(parts);
  ASSERT_FALSE(verdict.ok());
  EXPECT_EQ(verdict.error().code, Code::reference_mismatch);
  EXPECT_EQ(verdict.error().path, "eat > pcr");
  parts.reasons.resize(1);
  EXPECT_TRUE(seal(parts).ok());
}

// F05: a verifier, or the way to it, answers with what it found out about another credential.
TEST(Seal, RefusesAnAnswerAboutAnotherCredential) {
  auto parts = parts_for_binding();
  parts.evidence_digest.back() ^= 1;
  EXPECT_EQ(seal(parts).error().code, Code::binder_mismatch);
  parts.evidence_digest.clear();
  EXPECT_EQ(seal(parts).error().code, Code::binder_mismatch);
}

//= early-attestation#binder-compared
TEST(Seal, RefusesAnAnswerAboutAnotherBinder) {
  auto parts = parts_for_binding();
  parts.binder.front() ^= 1;
  EXPECT_EQ(seal(parts).error().code, Code::binder_mismatch);
  parts.binder.clear();
  EXPECT_EQ(seal(parts).error().code, Code::binder_mismatch);
}

TEST(Seal, EvidenceIsNeverFreshByItsLifetime) {
  auto parts = parts_for_binding();
  parts.freshness = Freshness::lifetime;
  EXPECT_EQ(seal(parts).error().code, Code::binder_mismatch);
  parts.binder.clear();
  EXPECT_TRUE(seal(parts, {}, passport).ok()) << "a passport has no binder, only a lifetime";
}

//= early-attestation#rejected-credential
TEST(Seal, NoJudgementIsARefusal) {
  struct Row {
    Code answered, refused;
  };
  const Row rows[] = {
      {Code::verifier_unavailable, Code::verifier_unavailable},
      {Code::timed_out, Code::timed_out},
      {Code::signature_invalid, Code::signature_invalid},
      {Code::crypto, Code::crypto},
      // These would send an alert that tells the peer how far its evidence got.
      {Code::truncated, Code::evidence_malformed},
      {Code::unexpected_message, Code::verifier_unavailable},
      {Code::attestation_required, Code::verifier_unavailable},
      {Code::misuse, Code::verifier_unavailable},
  };
  for (const Row& row : rows) {
    const auto verdict = Authorizer::seal({}, some_binding(), Error{row.answered, "why", "where"});
    ASSERT_FALSE(verdict.ok());
    EXPECT_EQ(verdict.error().code, row.refused) << name(row.answered);
    EXPECT_NE(verdict.error().detail.find("why"), std::string::npos);
    EXPECT_EQ(verdict.error().path, "where");
  }
}

TEST(Authorize, NamesThePeerByPkiAndEvidence) {
  const auto peer = authorize(parts_for_binding(), {}, pki());
  ASSERT_TRUE(peer.ok());
  EXPECT_EQ(peer->tik(), some_key());
  EXPECT_EQ(peer->name(), "peer.example");
  EXPECT_TRUE(peer->pki_verified());
  EXPECT_EQ(peer->result().tier(), Tier::affirming);
}

//= early-attestation#identity-and-attestation
// B02: evidence never stands in for the certificate silently.
TEST(Authorize, EvidenceDoesNotReplacePki) {
  EXPECT_EQ(authorize(parts_for_binding(), {}, no_pki()).error().code, Code::identity_rejected);
}

//= early-attestation#attested-key-needs-binding
// B02, Decision 11: with attested-key it does, and then it must prove the key.
TEST(Authorize, AnAttestedKeyMustBeProvenOrMeasured) {
  Require require;
  require.identity = IdentityRule::attested_key;
  auto parts = parts_for_binding();
  for (const KeyProvenance key : {KeyProvenance::proven, KeyProvenance::measured}) {
    parts.key = key;
    const auto peer = authorize(parts, require, no_pki());
    ASSERT_TRUE(peer.ok());
    EXPECT_FALSE(peer->pki_verified());
  }
  parts.key = KeyProvenance::none;
  EXPECT_EQ(authorize(parts, require, no_pki()).error().code, Code::key_unproven);
  EXPECT_TRUE(authorize(parts, require, pki()).ok());
}

TEST(Authorize, PkiAloneIsNoRuleForAnAttestedPeerWithoutPki) {
  Require require;
  require.attestation = Requirement::optional;
  require.identity = IdentityRule::pki;
  EXPECT_EQ(authorize(parts_for_binding(), require, no_pki()).error().code, Code::identity_rejected);
  EXPECT_TRUE(authorize(parts_for_binding(), require, pki()).ok());
}

}  // namespace
}  // namespace seatls::session
