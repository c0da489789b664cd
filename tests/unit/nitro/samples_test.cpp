// Documents of real enclaves, as the samples' manifest lists them: every field that it states, its verdict,
// and its recipes for negatives.
#include <gtest/gtest.h>

#include <algorithm>

#include "appraise/schemes/nitro/parse.h"
#include "unit/nitro/samples.h"

namespace seatls::appraise::nitro {
namespace {

using seatls::testing::hex;
using seatls::testing::nitro::cases;
using seatls::testing::nitro::judge;
using seatls::testing::nitro::policy_for;
using seatls::testing::nitro::time_of;

TEST(NitroSamples, FieldsAreThoseThatTheManifestStates) {
  SEATLS_NEEDS_SAMPLES();
  int read = 0;
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    const auto d = parse(Cmw(CmwRecord{MediaType{"x/y"}, c.document, 0}));
    ASSERT_TRUE(d) << d.error().message();
    const auto& e = c.expected;
    EXPECT_EQ((*d)->module_id, e["module_id"].get<std::string>());
    EXPECT_EQ((*d)->timestamp.time_since_epoch().count(), e["timestamp_ms"].get<std::int64_t>() / 1000);
    EXPECT_EQ((*d)->message.algorithm, e["alg"].get<std::int64_t>());
    EXPECT_EQ((*d)->in_debug_mode(), e["debug"].get<bool>());
    EXPECT_EQ((*d)->user_data, hex(e["user_data"]));
    EXPECT_EQ((*d)->nonce, hex(e["nonce"]));
    EXPECT_EQ((*d)->public_key.size(), e["public_key_len"].get<std::size_t>());
    for (const auto& [index, value] : e["pcrs"].items())
      EXPECT_EQ((*d)->pcrs.at(static_cast<unsigned>(std::stoul(index))), hex(value)) << index;
    ++read;
  }
  EXPECT_GE(read, 5);
}

TEST(NitroSamples, VerdictsAreThoseThatTheManifestStates) {
  SEATLS_NEEDS_SAMPLES();
  int accepted = 0;
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    auto policy = policy_for(c.expected);
    const Bytes nonce = hex(c.expected["nonce"]);
    // Without a nonce nothing ties a document to a connection: all else about it must hold.
    const bool bound = !nonce.empty(), debug = c.expected["debug"].get<bool>();
    auto verdict = judge(c.document, policy, nonce, time_of(c));
    EXPECT_EQ(verdict.has(Code::signature_invalid), !c.expected["valid"].get<bool>()) << verdict.told();
    EXPECT_FALSE(verdict.has(Code::untrusted_attestation_key)) << verdict.told();
    EXPECT_EQ(verdict.has(Code::debug_enabled), debug) << verdict.told();
    EXPECT_EQ(verdict.has(Code::binder_mismatch), !bound) << verdict.told();
    if (!c.expected["valid"].get<bool>() || !bound) continue;
    policy.danger.allow_debug = debug;
    policy.danger.allow_unproven_tik = debug;
    verdict = judge(c.document, policy, nonce, time_of(c));
    ASSERT_TRUE(verdict.assessment) << verdict.told();
    EXPECT_EQ(verdict.assessment->key, debug ? KeyProvenance::none : KeyProvenance::measured);
    EXPECT_EQ(verdict.assessment->vector.worst(), Tier::affirming);
    ++accepted;
  }
  EXPECT_GE(accepted, 2);
}

TEST(NitroSamples, ChangedDocumentsAreRefused) {
  SEATLS_NEEDS_SAMPLES();
  for (const auto& c : cases()) {
    if (c.expected["nonce"] == "" || !c.expected["valid"].get<bool>()) continue;
    SCOPED_TRACE(c.name);
    auto policy = policy_for(c.expected);
    policy.danger.allow_debug = policy.danger.allow_unproven_tik = true;
    const auto first = [&](const Bytes& document, std::int64_t at) {
      const auto verdict = judge(document, policy, hex(c.expected["nonce"]), at);
      EXPECT_FALSE(verdict.assessment);
      return verdict.reasons.empty() ? Code::internal : verdict.reasons[0].code;
    };
    Bytes changed = c.document;
    changed.back() ^= 1;  // of the signature
    EXPECT_EQ(first(changed, time_of(c)), Code::signature_invalid);
    changed = c.document;
    const Bytes pcr = hex(c.expected["pcrs"]["4"]);
    const auto at = std::ranges::search(changed, pcr).begin();
    ASSERT_NE(at, changed.end());
    *at ^= 1;
    EXPECT_EQ(first(changed, time_of(c)), Code::signature_invalid);
    EXPECT_EQ(first(c.document, time_of(c) + 86'400), Code::result_expired);
    EXPECT_EQ(first(c.document, time_of(c) - 3'600), Code::result_not_yet_valid);
    for (std::size_t n = 0; n < c.document.size(); ++n)
      ASSERT_FALSE(parse(Cmw(CmwRecord{
          MediaType{"x/y"}, {c.document.begin(), c.document.begin() + static_cast<std::ptrdiff_t>(n)}, 0})))
          << n;
  }
}

}  // namespace
}  // namespace seatls::appraise::nitro
