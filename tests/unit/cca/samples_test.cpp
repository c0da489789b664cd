// Tokens of Arm CCA, as the samples' manifest lists them: every field that it states, its verdict, and its
// recipes for negatives.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "appraise/registry.h"
#include "appraise/schemes/cca/parse.h"
#include "base/encoding.h"
#include "codec/json.h"
#include "rats/key_format.h"
#include "support/samples.h"

namespace seatls::appraise::cca {
namespace {

using nlohmann::json;

struct Case {
  std::string name;
  Bytes token;
  std::vector<Spki> keys;
  json expected;  // of the token
  bool valid = false;
};

std::optional<Spki> key_in(const Bytes& file) {
  if (const auto pem = crypto::PublicKey::from_pem(text(file))) return pem->spki();
  const auto parsed = codec::json::parse(text(file));
  if (!parsed) return std::nullopt;
  const auto key = rats::from_jwk(*parsed);
  return key ? std::optional(key->spki()) : std::nullopt;
}

std::vector<Case> cases() {
  std::vector<Case> list;
  const auto manifest = json::parse(seatls::testing::sample_text("MANIFEST.json"));
  for (const auto& group : manifest["samples"]) {
    const auto id = group["id"].get<std::string>();
    if (!id.starts_with("cca/") || !group["expected"].contains("token")) continue;
    Case c;
    c.name = id;
    c.expected = group["expected"]["token"];
    c.valid = group["expected"].value("valid", false);
    for (const auto& row : group["files"]) {
      const Bytes file = seatls::testing::sample(row["file"].get<std::string>());
      if (row["role"] == "evidence" && c.token.empty()) c.token = file;
      if (row["role"] == "key")
        if (auto key = key_in(file)) c.keys.push_back(std::move(*key));
    }
    list.push_back(std::move(c));
  }
  return list;
}

Bytes hex(const json& value) { return *base::from_hex(value.get<std::string>()); }

Policy policy_for(const Case& c) {
  Policy p;
  p.id = "samples";
  p.schemes = {"cca"};
  p.cca.cpak = c.keys;
  p.cca.initial_measurement = expect::Exactly<Bytes>{hex(c.expected["rim"])};
  p.cca.personalization = expect::Exactly<Bytes>{hex(c.expected["rpv"])};
  for (unsigned i = 0; i < 4; ++i)
    p.cca.extensible_measurements[i] = expect::Exactly<Bytes>{hex(c.expected["rem"][i])};
  p.cca.components = expect::Any{};
  p.cca.config = expect::Any{};
  return p;
}

struct Verdict {
  std::optional<Assessment> assessment;
  std::vector<Reason> reasons;
  [[nodiscard]] std::string codes() const {
    std::string out;
    for (const auto& r : reasons)
      out += std::string(seatls::name(r.code)) + " (" + r.path + ": " + r.detail + ") ";
    return out;
  }
  [[nodiscard]] bool has(Code code) const {
    return std::ranges::any_of(reasons, [&](const Reason& r) { return r.fatal && r.code == code; });
  }
};

Verdict judge(const Bytes& token, const Policy& policy, const Bytes& challenge) {
  const Context context{policy, challenge, nullptr, "", Time{}};
  Findings findings;
  const Cmw cmw(CmwRecord{*SchemeTable::defaults().find("cca"), token, 0});
  auto assessment = find_scheme("cca")->judge(cmw, context, findings);
  if (findings.refused()) assessment.reset();
  return {std::move(assessment), findings.reasons()};
}

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
    EXPECT_EQ(verdict.assessment.has_value(), c.valid) << verdict.codes();
    EXPECT_EQ(verdict.has(Code::evidence_inconsistent), !c.expected["binder_ok"].get<bool>())
        << verdict.codes();
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
    ASSERT_EQ(verdict.reasons.size(), 1U) << verdict.codes();
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
