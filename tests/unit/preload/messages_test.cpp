#include "preload/messages.h"

#include <gtest/gtest.h>

#include "preload/remote.h"

namespace seatls::preload {
namespace {

template <class T>
T through(const Question& question) {
  const Bytes bytes = encode(question).value();
  auto parsed = parse_question(bytes);
  EXPECT_TRUE(parsed.ok());
  return std::get<T>(std::move(parsed).value());
}

template <class T>
T through(Answer answer) {
  const Bytes bytes = encode(Result<Answer>(std::move(answer))).value();
  auto parsed = parse_answer(bytes);
  EXPECT_TRUE(parsed.ok()) << (parsed ? "" : parsed.error().message());
  return std::get<T>(std::move(parsed).value());
}

Binder binder() { return danger::binder_from_bytes(Bytes(48, 7), Hash::sha384, Spki({1, 2, 3})); }
const AttestationScheme format{EvidenceType(ContentFormat{263})};
const AttestationScheme media{EvidenceType(MediaType{"application/x"})};
const AttestationScheme verifier{VerifierIdentity{"v.example"}};
Cmw credential() { return Cmw(CmwRecord{ContentFormat{263}, {9, 8, 7}, 0}); }

TEST(PreloadMessages, QuestionsCarryWhatIsAsked) {
  EXPECT_EQ(through<AskSchemes>(AskSchemes{Role::server}).role, Role::server);
  for (const auto& scheme : {format, media, verifier}) {
    const auto q = through<AskAttest>(AskAttest{Role::client, {scheme, binder()}});
    EXPECT_EQ(q.request.scheme, scheme);
    EXPECT_TRUE(std::ranges::equal(q.request.binder.bytes(), binder().bytes()));
    EXPECT_EQ(q.request.binder.hash(), Hash::sha384);
    EXPECT_EQ(q.request.binder.tik(), binder().tik());
  }
  const auto a =
      through<AskAppraise>(AskAppraise{Role::server, {format, credential(), binder(), Bytes(32, 5)}});
  EXPECT_EQ(a.request.credential, credential());
  EXPECT_EQ(a.request.credential_digest, Bytes(32, 5));
}

TEST(PreloadMessages, EventsCarryWhatIsTold) {
  Event e;
  e.role = Role::server;
  e.address = "[::1]:5";
  e.refused = Error{Code::binder_mismatch, "of another", "Certificate"};
  e.claims = {{"swname", "x"}};
  e.dangers = {"d"};
  const Event got = through<Tell>(Tell{e}).event;
  EXPECT_EQ(got.address, e.address);
  EXPECT_EQ(got.refused->code, Code::binder_mismatch);
  EXPECT_EQ(got.refused->path, "Certificate");
  EXPECT_EQ(got.claims, e.claims);
  EXPECT_EQ(got.dangers, e.dangers);
}

TEST(PreloadMessages, SettingsCarryWhatIsDemanded) {
  RoleSettings s;
  s.extension_type = 0xff5e;
  s.credential_timeout = std::chrono::seconds(7);
  s.attests = true;
  s.longest_binder = 32;
  s.require.emplace();
  s.require->attestation = Requirement::optional;
  s.require->identity = IdentityRule::attested_key;
  s.require->accept = {Tier::affirming, Tier::warning};
  s.appraises = {format, media};
  s.name = "host";
  s.suites = {"TLS_AES_128_GCM_SHA256"};
  const Settings got = through<Settings>(Settings{std::nullopt, s, true});
  EXPECT_FALSE(got.client);
  EXPECT_TRUE(got.danger_other_plain);
  ASSERT_TRUE(got.server && got.server->require);
  EXPECT_EQ(got.server->require->attestation, Requirement::optional);
  EXPECT_EQ(got.server->require->identity, IdentityRule::attested_key);
  EXPECT_EQ(got.server->require->accept, s.require->accept);
  EXPECT_EQ(got.server->appraises, s.appraises);
  EXPECT_EQ(got.server->credential_timeout, s.credential_timeout);
  EXPECT_EQ(got.server->longest_binder, 32U);
  EXPECT_EQ(got.server->name, "host");
  EXPECT_EQ(got.server->suites, s.suites);
}

TEST(PreloadMessages, ResultsCarryEverything) {
  ResultParts p;
  p.tier = Tier::warning;
  p.vector[TrustClaim::hardware] = -2;
  p.reasons = {{Code::debug_enabled, "detail", "path", true}};
  p.scheme = "software";
  p.model = ConveyanceModel::passport;
  p.freshness = Freshness::lifetime;
  p.key = KeyProvenance::measured;
  p.claims = {{"a", "b"}};
  p.instance = {"ueid:01"};
  p.dangers = {"danger"};
  p.policy_ids = {"p"};
  p.submods = {{"gpu", "nvidia", Tier::affirming, p.vector}};
  p.evidence_digest = Bytes(32, 1);
  p.binder = Bytes(48, 2);
  p.appraised_at = Time(std::chrono::seconds(1'700'000'000));
  p.valid_until = p.appraised_at + std::chrono::hours(1);
  p.kek = Spki({4, 5});
  const auto got = through<AttestationResult>(Answer(danger::result_from_parts(p)));
  EXPECT_EQ(got->tier, p.tier);
  EXPECT_EQ(got->vector, p.vector);
  EXPECT_EQ(got->reasons, p.reasons);
  EXPECT_EQ(got->model, p.model);
  EXPECT_EQ(got->freshness, p.freshness);
  EXPECT_EQ(got->key, p.key);
  EXPECT_EQ(got->claims, p.claims);
  EXPECT_EQ(got->instance, p.instance);
  EXPECT_EQ(got->dangers, p.dangers);
  EXPECT_EQ(got->policy_ids, p.policy_ids);
  EXPECT_EQ(got->submods, p.submods);
  EXPECT_EQ(got->evidence_digest, p.evidence_digest);
  EXPECT_EQ(got->binder, p.binder);
  EXPECT_EQ(got->appraised_at, p.appraised_at);
  EXPECT_EQ(got->valid_until, p.valid_until);
  EXPECT_EQ(got->kek, p.kek);
}

TEST(PreloadMessages, ErrorsComeAsErrors) {
  const Bytes bytes = encode(Result<Answer>(Error{Code::tpm, "gone", "there"})).value();
  const auto parsed = parse_answer(bytes);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, Code::tpm);
  EXPECT_EQ(parsed.error().detail, "gone");
}

// Every message that is cut, and every one with a byte more, is refused; with another byte it may be another
// message, and is read without harm.
TEST(PreloadMessages, WhatIsNoMessageIsRefused) {
  Bytes bytes =
      encode(Question(AskAppraise{Role::server, {format, credential(), binder(), Bytes(32, 5)}})).value();
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(parse_question(ByteView(bytes).first(n)).ok());
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    for (const int bit : {0x01, 0x20, 0x80}) {
      Bytes other = bytes;
      other[n] = static_cast<std::uint8_t>(other[n] ^ bit);
      (void)parse_question(other).ok();
      (void)parse_answer(other).ok();
    }
  }
  bytes.push_back(0);
  EXPECT_FALSE(parse_question(bytes).ok());
}

TEST(PreloadMessages, AnotherVersionIsTold) {
  Bytes bytes = encode(Question(AskSettings{})).value();
  ASSERT_EQ(bytes[1], 1);
  bytes[1] = 2;
  const auto parsed = parse_question(bytes);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, Code::misuse);
}

TEST(PreloadMessages, ABinderIsAsLongAsItsHash) {
  const auto wrong = danger::binder_from_bytes(Bytes(32, 7), Hash::sha384, Spki({1}));
  const Bytes bytes = encode(Question(AskAttest{Role::client, {format, wrong}})).value();
  EXPECT_FALSE(parse_question(bytes).ok());
}

}  // namespace
}  // namespace seatls::preload
