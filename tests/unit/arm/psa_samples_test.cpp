// PSA tokens of others, as the samples' manifest lists them: every field that it states, its verdict, and its
// recipes for negatives. And claims sets that others say are right or wrong.
#include <gtest/gtest.h>

#include <algorithm>

#include "appraise/schemes/psa/parse.h"
#include "rats/sign1.h"
#include "support/diagnostic.h"
#include "unit/arm/samples.h"

namespace seatls::appraise::psa {
namespace {

using seatls::testing::hex;
using seatls::testing::sample;
using seatls::testing::psa::cases;
using seatls::testing::psa::judge;
using seatls::testing::psa::parsed;
using seatls::testing::psa::policy_for;

TEST(PsaSamples, FieldsAreThoseThatTheManifestStates) {
  SEATLS_NEEDS_SAMPLES();
  int read = 0;
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    const auto token = parsed(c.token);
    ASSERT_TRUE(token) << token.error().message();
    const auto& t = **token;
    EXPECT_EQ(t.profile, c.expected["profile"].get<std::string>());
    EXPECT_EQ(t.nonce, hex(c.expected["nonce"]));
    EXPECT_EQ(t.instance_id, hex(c.expected["instance_id"]));
    EXPECT_EQ(t.implementation_id, hex(c.expected["implementation_id"]));
    EXPECT_EQ(t.lifecycle, c.expected["lifecycle"].get<unsigned>());
    EXPECT_FALSE(t.components.empty());
    ++read;
  }
  EXPECT_GE(read, 3);
}

TEST(PsaSamples, VerdictsAreThoseThatTheManifestStates) {
  SEATLS_NEEDS_SAMPLES();
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    const auto verdict = judge(c.token, policy_for(c), hex(c.expected["nonce"]));
    ASSERT_EQ(verdict.assessment.has_value(), c.expected["valid"].get<bool>()) << verdict.told();
    EXPECT_EQ(verdict.assessment->key, KeyProvenance::measured);
  }
}

TEST(PsaSamples, ChangedTokensAreRefused) {
  SEATLS_NEEDS_SAMPLES();
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    const auto policy = policy_for(c);
    const Bytes nonce = hex(c.expected["nonce"]);
    Bytes other = nonce;
    other.back() ^= 1;
    EXPECT_TRUE(judge(c.token, policy, other).has(Code::binder_mismatch));
    for (std::size_t n = 0; n < c.token.size(); ++n)
      ASSERT_FALSE(parsed({c.token.begin(), c.token.begin() + static_cast<std::ptrdiff_t>(n)}));
    for (std::size_t i = 0; i < c.token.size(); ++i) {
      Bytes changed = c.token;
      changed[i] ^= 0x08;
      ASSERT_FALSE(judge(changed, policy, nonce).assessment) << "byte " << i;
    }
    Bytes changed = c.token;
    changed.back() ^= 1;
    EXPECT_EQ(judge(changed, policy, nonce).fatal(), std::vector<std::string>{"signature_invalid"});
  }
}

TEST(PsaSamples, SymmetricTokensAreRefused) {
  SEATLS_NEEDS_SAMPLES();
  for (const char* file : {"psa/tf-m/psa-2_0_0_mac0.bin", "psa/tf-m/psa-iot-1_mac0.bin"}) {
    const auto token = parsed(sample(file));
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().code, Code::algorithm_not_allowed) << token.error().message();
  }
}

// Claims sets in diagnostic notation: which are wrong, their names say.
TEST(PsaSamples, ClaimsSetsAreTakenOrRefusedAsTheirAuthorsSay) {
  SEATLS_NEEDS_SAMPLES();
  const auto key = *crypto::PrivateKey::generate(crypto::KeyType::p256);
  int right = 0, wrong = 0;
  for (const auto& group : seatls::testing::manifest()["samples"])
    for (const auto& row : group["files"]) {
      const auto file = row["file"].get<std::string>();
      if (!file.starts_with("psa/") || !file.ends_with(".diag") || row["role"] == "expected") continue;
      SCOPED_TRACE(file);
      const Bytes claims = seatls::testing::from_diagnostic(seatls::testing::sample_text(file));
      const auto token = parsed(*rats::sign_sign1(claims, key));
      EXPECT_EQ(token.ok(), row["role"] == "evidence") << (token ? "" : token.error().message());
      ++(token.ok() ? right : wrong);
    }
  EXPECT_GE(right, 10);
  EXPECT_GE(wrong, 9);
}

}  // namespace
}  // namespace seatls::appraise::psa
