// Tokens of Arm CCA, as the samples' manifest lists them: every field that it states, its verdict, and its
// recipes for negatives.
#include <gtest/gtest.h>

#include <algorithm>

#include "appraise/schemes/cca/parse.h"
#include "unit/arm/samples.h"

namespace seatls::appraise::cca {
namespace {

using seatls::testing::hex;
using seatls::testing::cca::cases;
using seatls::testing::cca::judge;
using seatls::testing::cca::policy_for;

TEST(CcaSamples, FieldsAreThoseThatTheManifestStates) {
  SEATLS_NEEDS_SAMPLES();
  int read = 0;
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    const auto parsed = parse(Cmw(CmwRecord{MediaType{"x/y"}, c.token, 0}));
    ASSERT_TRUE(parsed) << parsed.error().message();
    const auto& e = c.expected;
    const auto& [p, r] = **parsed;
    EXPECT_EQ(p.profile, e["platform_profile"].get<std::string>());
    EXPECT_EQ(r.profile, e["realm_profile"].is_null() ? "" : e["realm_profile"].get<std::string>());
    EXPECT_EQ(p.challenge, hex(e["platform_nonce"]));
    EXPECT_EQ(p.instance_id, hex(e["instance_id"]));
    EXPECT_EQ(p.implementation_id, hex(e["implementation_id"]));
    EXPECT_EQ(p.lifecycle, e["lifecycle"].get<unsigned>());
    EXPECT_EQ(r.challenge, hex(e["realm_challenge"]));
    EXPECT_EQ(r.initial_measurement, hex(e["rim"]));
    EXPECT_EQ(r.personalization, hex(e["rpv"]));
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(r.extensible_measurements[i], hex(e["rem"][i]));
    ++read;
  }
  EXPECT_GE(read, 4);
}

TEST(CcaSamples, VerdictsAreThoseThatTheManifestStates) {
  SEATLS_NEEDS_SAMPLES();
  int accepted = 0;
  for (const auto& c : cases()) {
    if (c.keys.empty()) continue;
    SCOPED_TRACE(c.name);
    const auto verdict = judge(c.token, policy_for(c), hex(c.expected["realm_challenge"]));
    EXPECT_EQ(verdict.assessment.has_value(), c.valid) << verdict.told();
    EXPECT_EQ(verdict.has(Code::evidence_inconsistent), !c.expected["binder_ok"].get<bool>())
        << verdict.told();
    if (verdict.assessment) ++accepted;
  }
  EXPECT_GE(accepted, 3);
}

// The hash of the realm's key is not the platform's challenge, though both signatures verify.
TEST(CcaSamples, ARealmOfAnotherPlatformIsRefused) {
  SEATLS_NEEDS_SAMPLES();
  std::vector<Spki> keys;
  for (const auto& c : cases())
    if (c.name == "cca/token-01-tf-rmm") keys = c.keys;
  for (auto& c : cases()) {
    if (c.name != "cca/bug-33") continue;
    c.keys = keys;
    const auto verdict = judge(c.token, policy_for(c), hex(c.expected["realm_challenge"]));
    ASSERT_FALSE(verdict.assessment);
    ASSERT_EQ(verdict.reasons.size(), 1U) << verdict.told();
    EXPECT_EQ(verdict.reasons[0].code, Code::evidence_inconsistent);
  }
}

TEST(CcaSamples, ChangedTokensAreRefused) {
  SEATLS_NEEDS_SAMPLES();
  for (const auto& c : cases()) {
    if (!c.valid) continue;
    SCOPED_TRACE(c.name);
    const Bytes challenge = hex(c.expected["realm_challenge"]);
    const auto first = [&](const Bytes& token, const Bytes& binder) {
      const auto verdict = judge(token, policy_for(c), binder);
      EXPECT_FALSE(verdict.assessment);
      return verdict.reasons.empty() ? Code::internal : verdict.reasons[0].code;
    };
    Bytes other = challenge;
    other[63] ^= 1;
    EXPECT_EQ(first(c.token, other), Code::binder_mismatch);
    const auto flipped = [&](const Bytes& what) {
      Bytes token = c.token;
      const auto at = std::ranges::search(token, what).begin();
      EXPECT_NE(at, token.end());
      *at ^= 0x10;
      return token;
    };
    EXPECT_EQ(first(flipped(hex(c.expected["implementation_id"])), challenge), Code::signature_invalid);
    EXPECT_EQ(first(flipped(hex(c.expected["rpv"])), challenge), Code::signature_invalid);
    Bytes token = c.token;
    token.back() ^= 1;
    EXPECT_EQ(first(token, challenge), Code::signature_invalid);
    for (std::size_t n = 0; n < c.token.size(); ++n)
      ASSERT_FALSE(parse(Cmw(CmwRecord{
          MediaType{"x/y"}, {c.token.begin(), c.token.begin() + static_cast<std::ptrdiff_t>(n)}, 0})));
    for (std::size_t i = 0; i < c.token.size(); ++i) {
      token = c.token;
      token[i] ^= 0x08;
      ASSERT_FALSE(judge(token, policy_for(c), challenge).assessment) << "byte " << i;
    }
  }
}

}  // namespace
}  // namespace seatls::appraise::cca
