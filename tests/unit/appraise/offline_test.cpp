// Credentials from files: what is detected, what is demanded of the caller, and how a result is told and
// written down.
#include <gmock/gmock.h>

#include "crypto/signature.h"
#include "rats/ear.h"
#include "unit/appraise/vector_file.h"

namespace seatls::appraise {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

struct Fixture {
  testing::VectorFile v;
  Policy policy;
  OfflineCredential credential;
};

Fixture fixture(const std::string& topic, const std::string& name) {
  auto v = testing::read_vector(testing::vectors_folder(topic) + "/" + name + ".txt");
  auto policy = *check_policy_text(v.policy, testing::vectors_folder(topic), "p").policy;
  OfflineCredential c;
  c.bytes = v.hex(topic == "result" ? "result" : "evidence");
  if (topic != "result") c.binder = v.hex("binder");
  c.tik = Spki(v.hex("tik"));
  c.at = *base::from_rfc3339(v.get("at"));
  return {std::move(v), std::move(policy), std::move(c)};
}

TEST(Offline, RawCredentialsAreRecognised) {
  const std::tuple<const char*, const char*, const char*> rows[] = {{"tpm", "ok-p256", "tpm2"},
                                                                    {"tpm", "ok-indefinite", "tpm2"},
                                                                    {"software", "ok-es256", "software"},
                                                                    {"result", "ok-jwt", "result"},
                                                                    {"result", "ok-cwt", "result"}};
  for (const auto& [topic, name, scheme] : rows) {
    const auto f = fixture(topic, name);
    const auto result = appraise_offline(f.policy, f.credential);
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ((*result)->scheme, scheme);
    EXPECT_EQ(result->first_fatal(), nullptr) << explain(*result);
    EXPECT_THAT((*result)->dangers, Contains("offline: tied to no connection"));
  }
}

TEST(Offline, CmwsInEveryFormSayWhatTheyHold) {
  for (const auto& [topic, type] :
       {std::pair<const char*, EvidenceType>{"tpm", MediaType{"application/vnd.seatls.tpm2+cbor"}},
        {"software", ContentFormat{263}},
        {"result", MediaType{"application/eat+jwt"}}})
    for (const CmwForm form : {CmwForm::cbor, CmwForm::json, CmwForm::cbor_tag}) {
      const bool number = std::holds_alternative<ContentFormat>(type);
      if (number == (form == CmwForm::json)) continue;  // JSON holds media types, the others what they are
      auto f = fixture(topic, std::string(topic) == "tpm"      ? "ok-p256"
                              : std::string(topic) == "result" ? "ok-jwt"
                                                               : "ok-es256");
      const auto encoded = encode_cmw(Cmw(CmwRecord{type, f.credential.bytes, 0}, form));
      if (!encoded) continue;  // a tag stands for a content format only
      f.credential.bytes = *encoded;
      const auto result = appraise_offline(f.policy, f.credential);
      ASSERT_TRUE(result) << result.error().message();
      EXPECT_EQ(result->first_fatal(), nullptr) << explain(*result);
    }
}

TEST(Offline, TheTypeMayBeTold) {
  for (const auto& [topic, name, type] : {std::tuple{"tpm", "ok-p256", "tpm2"},
                                          {"tpm", "ok-p256", "application/vnd.seatls.tpm2+cbor"},
                                          {"software", "ok-es256", "software"},
                                          {"result", "ok-jwt", "result"},
                                          {"result", "ok-cwt", "result"},
                                          {"result", "ok-cwt", "application/eat+cwt"}}) {
    auto f = fixture(topic, name);
    f.credential.type = type;
    const auto result = appraise_offline(f.policy, f.credential);
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(result->first_fatal(), nullptr) << explain(*result);
  }
  auto f = fixture("tpm", "ok-p256");
  f.credential.type = "tpm3";
  EXPECT_EQ(appraise_offline(f.policy, f.credential).error().code, Code::misuse);
}

TEST(Offline, WhatIsNotRecognisedIsAnError) {
  auto f = fixture("tpm", "ok-p256");
  f.credential.bytes = bytes("hello");
  const auto result = appraise_offline(f.policy, f.credential);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().detail, HasSubstr("state its type"));
  f.credential.bytes = Bytes((1 << 20) + 1);
  EXPECT_EQ(appraise_offline(f.policy, f.credential).error().code, Code::limit_exceeded);
}

TEST(Offline, EvidenceNeedsABinder) {
  auto f = fixture("tpm", "ok-p256");
  f.credential.binder.reset();
  EXPECT_EQ(appraise_offline(f.policy, f.credential).error().code, Code::misuse);
  for (const std::size_t size : {0U, 65U}) {
    f.credential.binder = Bytes(size);
    EXPECT_EQ(appraise_offline(f.policy, f.credential).error().code, Code::misuse);
  }
  f.credential.binder = Bytes(32);
  EXPECT_EQ(appraise_offline(f.policy, f.credential)->first_fatal()->code, Code::binder_mismatch);
}

TEST(Offline, WithoutAKeyTheResultSaysSo) {
  for (const auto& [topic, name] :
       {std::pair{"tpm", "ok-p256"}, {"software", "ok-es256"}, {"result", "ok-jwt"}}) {
    auto f = fixture(topic, name);
    f.credential.tik.reset();
    const auto result = appraise_offline(f.policy, f.credential);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->first_fatal(), nullptr) << explain(*result);
    EXPECT_THAT((*result)->dangers, Contains(HasSubstr("no key was given")));
  }
}

// Files may be judged as often as one likes.
TEST(Offline, NothingIsRemembered) {
  const auto f = fixture("tpm", "ok-p256");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(appraise_offline(f.policy, f.credential)->first_fatal(), nullptr);
}

TEST(Offline, ResultsOfOneVerifierCanBeDemanded) {
  auto f = fixture("result", "ok-jwt");
  f.credential.verifier = "verifier.example";
  EXPECT_EQ(appraise_offline(f.policy, f.credential)->first_fatal(), nullptr);
  f.credential.verifier = "second.example";
  EXPECT_EQ(appraise_offline(f.policy, f.credential)->first_fatal()->code, Code::unknown_verifier);
}

TEST(Explain, TellsReasonsPlacesRemediesAndDangers) {
  const auto refused = fixture("tpm", "pcr-unknown");
  const auto text = explain(*appraise_offline(refused.policy, refused.credential));
  EXPECT_THAT(text,
              HasSubstr("Refused: reference_mismatch, scheme tpm2, policy vector, 2026-11-21T10:00:00Z"));
  EXPECT_THAT(text, HasSubstr("tpm2 > pcrs > sha256 7"));
  EXPECT_THAT(text, HasSubstr("tpm2.pcrs.sha256.7 accepts"));
  EXPECT_THAT(text, HasSubstr("Remedy: "));
  const auto good = fixture("result", "ok-jwt");
  const auto told = explain(*appraise_offline(good.policy, good.credential));
  EXPECT_THAT(told, HasSubstr("Verdict: affirming"));
  EXPECT_THAT(told, HasSubstr("valid until 2026-11-21T10:05:00Z"));
  EXPECT_THAT(told, HasSubstr("Dangers in force:\n  - offline: tied to no connection"));
  EXPECT_THAT(told, HasSubstr("ear.verifier = verifier.example"));
}

// A result of ours, signed, is a result that our own passport road accepts: for the same key, while it lives.
TEST(EarOutput, IsAcceptedAsAPassport) {
  const auto f = fixture("tpm", "ok-p256");
  const auto result = *appraise_offline(f.policy, f.credential);
  const auto key = *crypto::PrivateKey::generate(crypto::KeyType::p384);
  EarOptions options;
  options.tik = f.credential.tik;
  options.audience = "rp";
  options.lifetime = std::chrono::minutes(5);
  options.signing_key_pem = text(key.to_pem()->reveal());
  const auto token = to_ear(result, options);
  ASSERT_TRUE(token) << token.error().message();

  Policy p;
  p.id = "passport";
  p.schemes = {"result"};
  p.result.verifiers = {{"me", {key.public_key().spki()}}};
  p.result.max_age = std::chrono::hours(1);
  p.result.audience = "rp";
  OfflineCredential c;
  c.bytes = bytes(*token);
  c.tik = f.credential.tik;
  c.at = f.credential.at + std::chrono::minutes(5) - std::chrono::seconds(1);
  const auto judged = *appraise_offline(p, c);
  EXPECT_EQ(judged.first_fatal(), nullptr) << explain(judged);
  EXPECT_EQ(judged.tier(), Tier::affirming);
  EXPECT_EQ(judged->vector, result->vector);
  EXPECT_EQ(judged->valid_until, f.credential.at + std::chrono::minutes(5));
  c.at += std::chrono::minutes(2);
  EXPECT_EQ(appraise_offline(p, c)->first_fatal()->code, Code::result_expired);
  c.at = f.credential.at;
  c.tik = Spki(crypto::PrivateKey::generate(crypto::KeyType::p256)->public_key().spki());
  EXPECT_EQ(appraise_offline(p, c)->first_fatal()->code, Code::tik_mismatch);
}

TEST(EarOutput, HoldsVerdictBinderAndPolicy) {
  for (const auto& [name, tier] : {std::pair{"ok-p256", Tier::affirming},
                                   {"pcr-unknown", Tier::contraindicated},
                                   {"quote-changed", Tier::contraindicated},
                                   {"malformed-magic", Tier::contraindicated}}) {
    const auto f = fixture("tpm", name);
    OfflineCredential told = f.credential;
    told.type = "tpm2";
    const auto json = to_ear(*appraise_offline(f.policy, told), {});
    ASSERT_TRUE(json) << json.error().message();
    const auto claims = rats::parse_ear_claims(view(*json), rats::TokenForm::jwt);
    ASSERT_TRUE(claims) << claims.error().message();
    EXPECT_EQ(claims->worst_status(), tier) << name;
    EXPECT_EQ(claims->submods.front().submod, "tpm2");
    EXPECT_EQ(claims->submods.front().policy_ids, std::vector<std::string>{"vector"});
    EXPECT_TRUE(
        rats::is_single_nonce(claims->submods.front().nonces, rats::TokenForm::jwt, *f.credential.binder));
  }
}

TEST(EarOutput, KeysThatDoNotSignResultsAreRefused) {
  const auto f = fixture("tpm", "ok-p256");
  EarOptions options;
  for (const auto type : {crypto::KeyType::rsa, crypto::KeyType::p521}) {
    options.signing_key_pem = text(crypto::PrivateKey::generate(type)->to_pem()->reveal());
    const auto token = to_ear(*appraise_offline(f.policy, f.credential), options);
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().code, Code::configuration);
  }
}

}  // namespace
}  // namespace seatls::appraise
