#include "seatls/result.h"

#include <gtest/gtest.h>

namespace seatls {
namespace {

// draft-ietf-rats-ar4si, 2.3.2: the ranges, written down as a table of their own.
TEST(Result, TierOfEveryTrustClaimValue) {
  struct Range {
    int first, last;
    Tier tier;
  };
  constexpr Range kRanges[] = {{-128, -97, Tier::contraindicated}, {-96, -33, Tier::warning},
                               {-32, -2, Tier::affirming},         {-1, 1, Tier::none},
                               {2, 31, Tier::affirming},           {32, 95, Tier::warning},
                               {96, 127, Tier::contraindicated}};
  int seen = 0;
  for (const auto& range : kRanges)
    for (int v = range.first; v <= range.last; ++v, ++seen)
      EXPECT_EQ(tier_of(static_cast<std::int8_t>(v)), range.tier) << v;
  EXPECT_EQ(seen, 256);
}

TEST(Result, WorseOfEveryPair) {
  constexpr Tier kBestFirst[] = {Tier::affirming, Tier::none, Tier::warning, Tier::contraindicated};
  for (int a = 0; a < 4; ++a)
    for (int b = 0; b < 4; ++b) EXPECT_EQ(worse(kBestFirst[a], kBestFirst[b]), kBestFirst[std::max(a, b)]);
}

TEST(Result, TierNamesLeadBack) {
  for (const Tier tier : {Tier::none, Tier::affirming, Tier::warning, Tier::contraindicated})
    EXPECT_EQ(tier_from_name(name(tier)), tier);
  EXPECT_FALSE(tier_from_name("Affirming"));
  EXPECT_FALSE(tier_from_name(""));
}

TEST(Result, AVectorWithoutClaimsAssertsNothing) { EXPECT_EQ(TrustVector{}.worst(), Tier::none); }

TEST(Result, AnAbsentClaimDoesNotLowerAVector) {
  TrustVector vector;
  vector[TrustClaim::hardware] = 2;
  EXPECT_EQ(vector.worst(), Tier::affirming);
  vector[TrustClaim::executables] = 1;  // asserted as unknown: not the same as absent
  EXPECT_EQ(vector.worst(), Tier::none);
  vector[TrustClaim::file_system] = 32;
  EXPECT_EQ(vector.worst(), Tier::warning);
  vector[TrustClaim::sourced_data] = 99;
  EXPECT_EQ(vector.worst(), Tier::contraindicated);
}

TEST(Result, EveryClaimHasItsPlaceAndName) {
  TrustVector vector;
  for (std::size_t i = 0; i < trust_claim_count; ++i) {
    const auto claim = static_cast<TrustClaim>(i);
    vector[claim] = static_cast<std::int8_t>(i + 2);
    EXPECT_EQ(vector.value[i], static_cast<std::int8_t>(i + 2));
    EXPECT_FALSE(name(claim).empty());
  }
  EXPECT_EQ(name(TrustClaim::instance_identity), "instance-identity");
  EXPECT_EQ(name(TrustClaim::sourced_data), "sourced-data");
}

TEST(Result, FirstFatalSkipsRemarks) {
  ResultParts parts;
  parts.tier = Tier::contraindicated;
  parts.reasons = {{Code::tcb_rejected, "old firmware", "", false},
                   {Code::binder_mismatch, "another nonce", "", true},
                   {Code::tik_mismatch, "", "", true}};
  const auto refused = danger::result_from_parts(parts);
  ASSERT_NE(refused.first_fatal(), nullptr);
  EXPECT_EQ(refused.first_fatal()->code, Code::binder_mismatch);
  EXPECT_EQ(refused.tier(), Tier::contraindicated);
  parts.reasons.resize(1);
  EXPECT_EQ(danger::result_from_parts(parts).first_fatal(), nullptr);
}

}  // namespace
}  // namespace seatls
