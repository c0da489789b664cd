// What a remote verifier's answer is worth: only what the relying party itself compared.
#include <functional>

#include "unit/remote/kit.h"

namespace seatls::remote {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

const AttestationResult& result_of(const World::Got& got) {
  if (!*got || !**got) {
    ADD_FAILURE() << (*got ? (*got)->error().message() : "no answer");
    static const auto none = danger::result_from_parts({});
    return none;
  }
  return ***got;
}
void expect_refused(const World::Got& got, Code code) {
  const auto& result = result_of(got);
  EXPECT_EQ(result.tier(), Tier::contraindicated);
  ASSERT_NE(result.first_fatal(), nullptr);
  EXPECT_EQ(result.first_fatal()->code, code) << result.first_fatal()->detail;
}
void expect_refused(World& world, Code code) { expect_refused(world.judge(world.peer.request()), code); }

TEST(RemoteVerifier, AnHonestVerdictIsTaken) {
  World world;
  const auto request = world.peer.request();
  const auto got = world.ask(request);
  EXPECT_FALSE(*got) << "it is asked, and nobody waits";
  world.serve_all();
  const auto& result = result_of(got);
  EXPECT_EQ(result.tier(), Tier::affirming);
  EXPECT_EQ(result->model, ConveyanceModel::background_check);
  EXPECT_EQ(result->freshness, Freshness::binder);
  EXPECT_EQ(result->scheme, "software");
  EXPECT_EQ(result->binder, Bytes(32, 7));
  EXPECT_EQ(result->evidence_digest, request.credential_digest);
  EXPECT_EQ(result->key, KeyProvenance::measured);
  EXPECT_THAT(result->policy_ids, ::testing::ElementsAre("remote verifier.example"));
  EXPECT_THAT(result->claims, Contains(::testing::Pair("ear.verifier", "verifier.example")));
  EXPECT_THAT(result->dangers, ::testing::ElementsAre("software_evidence"));
  const auto session = world.service.last();
  EXPECT_EQ(session.nonce, Bytes(32, 7)) << "the nonce is the binder";
  EXPECT_EQ(session.type, "application/cmw+cbor");
  EXPECT_EQ(session.evidence, encode_cmw(request.credential).value());
}

TEST(RemoteVerifier, ARefusalIsARefusal) {
  World world;
  world.service.edit = [](auto& c) {
    c.submods[0].status = Tier::contraindicated;
    (*c.submods[0].vector)[TrustClaim::executables] = 97;
  };
  EXPECT_EQ(result_of(world.judge(world.peer.request())).tier(), Tier::contraindicated);
}

TEST(RemoteVerifier, F05AnotherSessionsVerdictIsRefused) {
  World world;
  world.service.edit = [](auto& c) {
    c.nonces = {bytes(std::string_view(base::to_base64url(Bytes(32, 8))))};
  };
  expect_refused(world, Code::binder_mismatch);
  World second;
  second.service.edit = [](auto& c) { c.nonces.clear(); };
  expect_refused(second, Code::binder_mismatch);
  World third;
  third.service.edit = [](auto& c) { c.nonces.push_back(c.nonces.front()); };
  expect_refused(third, Code::binder_mismatch);
}

TEST(RemoteVerifier, F05TheVerdictOnOtherEvidenceIsRefused) {
  World world;
  world.service.edit = [](auto& c) { c.evidence_digest = Bytes(32, 1); };
  expect_refused(world, Code::evidence_inconsistent);
}

TEST(RemoteVerifier, F05AVerdictOnNoNamedEvidenceIsADanger) {
  World world;
  world.service.names_evidence = false;
  expect_refused(world, Code::evidence_missing);
  World allowed([](auto& o) { o.danger_unnamed_evidence = true; });
  allowed.service.names_evidence = false;
  const auto got = allowed.judge(allowed.peer.request());
  EXPECT_EQ(result_of(got).tier(), Tier::affirming);
  EXPECT_THAT(result_of(got)->dangers, Contains("allow_unnamed_evidence"));
  World swapped([](auto& o) { o.danger_unnamed_evidence = true; });
  swapped.service.edit = [](auto& c) { c.evidence_digest = Bytes(32, 1); };
  expect_refused(swapped, Code::evidence_inconsistent);
}

TEST(RemoteVerifier, F06AnotherKeyIsRefusedHoweverItIsBrought) {
  World world;
  const auto rogue = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  rats::EarClaims claims;
  world.service.edit = [&](auto& c) { claims = c; };
  world.service.swap = [&](const auto&) {
    return rats::sign_ear_jwt(claims, rogue, rats::EarSpelling::veraison_2023).value();
  };
  expect_refused(world, Code::signature_invalid);
}

TEST(RemoteVerifier, F06AVerifierAnswersUnderItsOwnNameAlone) {
  const auto other = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  World world([&](auto& o) {
    o.result.verifiers.push_back({"other.example", {other.public_key().spki()}});
    o.services.push_back({"other.example", "https://other.example"});
  });
  world.service.key = other;  // the first one answers, signed by the second one's key
  expect_refused(world, Code::unknown_verifier);
}

TEST(RemoteVerifier, F07EvidenceOfAnotherConnectionIsSentToNobody) {
  World world;
  expect_refused(world.ask(world.peer.shown(world.peer.binder(8), world.peer.binder(7))),
                 Code::binder_mismatch);
  const Peer other;
  const auto stolen = danger::binder_from_bytes(Bytes(32, 7), Hash::sha256, other.tik());
  expect_refused(world.ask(world.peer.shown(world.peer.binder(7), stolen)), Code::tik_mismatch);
  auto odd = world.peer.request();
  odd.scheme = {*SchemeTable::defaults().find("tpm2")};
  expect_refused(world.ask(odd), Code::scheme_below_policy);
  auto broken = world.peer.request();
  broken.credential = Cmw(CmwRecord{broken.credential.record()->type, {1, 2, 3}, 4});
  expect_refused(world.ask(broken), Code::evidence_malformed);
  EXPECT_EQ(world.loop->waiting(), 0U);
}

TEST(RemoteVerifier, C03AVerdictAboutAnotherKeyIsRefused) {
  World world;
  const Peer other;
  world.service.edit = [&](auto& c) { c.submods[0].cnf->key = other.key.public_key(); };
  expect_refused(world, Code::tik_mismatch);
}

// The binder is in the evidence, and in the result: it names the key where the verifier names none.
TEST(RemoteVerifier, C02AVerdictAboutNoKeyIsAboutTheBinders) {
  const auto unbound = [](auto& c) { c.submods[0].cnf.reset(); };
  World world;
  world.service.edit = unbound;
  const auto got = world.judge(world.peer.request());
  EXPECT_EQ(result_of(got).tier(), Tier::affirming);
  EXPECT_EQ(result_of(got)->key, KeyProvenance::none) << "software measures nothing";
  World strict([](auto& o) { o.key = KeyProvenance::proven; });
  strict.service.edit = unbound;
  expect_refused(strict, Code::key_unproven);
  World elsewhere;
  elsewhere.service.edit = [](auto& c) {
    c.submods[0].cnf.reset();
    c.nonces = {bytes(view("bm90IHRoZSBiaW5kZXI"))};
  };
  expect_refused(elsewhere, Code::binder_mismatch);
}

TEST(RemoteVerifier, C01AVerdictThatEndedIsRefused) {
  World world;
  world.service.edit = [](auto& c) { c.exp = c.iat - 100; };
  expect_refused(world, Code::result_expired);
  World old;
  old.service.edit = [](auto& c) {
    c.iat -= 3600;
    c.exp = c.iat + 7200;
  };
  expect_refused(old, Code::result_expired);
}

TEST(RemoteVerifier, WhatIsNoResultIsRefused) {
  for (const char* text : {"", "e.y.J", "not a token"}) {
    World world;
    world.service.swap = [&](const auto&) { return std::string(text).empty() ? std::string("..") : text; };
    expect_refused(world, Code::evidence_malformed);
  }
}

TEST(RemoteVerifier, PassportsAreJudgedHereWhereTheyAreAccepted) {
  World world([](auto& o) { o.schemes = {"software", "result"}; });
  ASSERT_EQ(world.verifier->schemes().size(), 2U);
  EXPECT_EQ(world.verifier->schemes()[1], AttestationScheme{VerifierIdentity{"verifier.example"}});
  world.judge(world.peer.request());  // makes a result
  const auto got = std::make_shared<std::optional<Result<AttestationResult>>>();
  world.verifier->appraise(
      {AttestationScheme{VerifierIdentity{"verifier.example"}},
       Cmw(CmwRecord{ContentFormat{264}, bytes(std::string_view(world.service.last().result)), 8}),
       world.peer.binder(9), Bytes(32, 0)},
      [&](auto r) { got->emplace(std::move(r)); });
  EXPECT_EQ(result_of(got)->model, ConveyanceModel::passport);
  EXPECT_EQ(result_of(got).tier(), Tier::affirming);
}

TEST(RemoteVerifier, WhatCannotBeMeantIsRefused) {
  const auto mistake = [](const std::function<void(RemoteVerifierOptions&)>& change) {
    RemoteVerifierOptions o;
    const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
    o.services = {{"v", "https://v.example"}};
    o.schemes = {"tpm2"};
    o.result.verifiers = {{"v", {key.public_key().spki()}}};
    o.result.max_age = std::chrono::minutes(5);
    change(o);
    const auto made = make_verifier(std::move(o), std::make_shared<fake::FakeLoop>());
    if (made) return std::string();
    EXPECT_EQ(made.error().code, Code::configuration);
    return made.error().detail;
  };
  EXPECT_EQ(mistake([](auto&) {}), "");
  EXPECT_THAT(mistake([](auto& o) { o.services.clear(); }), HasSubstr("no address"));
  EXPECT_THAT(mistake([](auto& o) { o.services[0].url = "http://v.example"; }), HasSubstr("plain http"));
  EXPECT_EQ(mistake([](auto& o) {
              o.services[0].url = "http://v.example";
              o.danger_plain_http = true;
            }),
            "");
  EXPECT_THAT(mistake([](auto& o) { o.services[0].url = "https://v.example/?x"; }), HasSubstr("query"));
  EXPECT_THAT(mistake([](auto& o) { o.services[0].identity = "w"; }), HasSubstr("no key is pinned"));
  EXPECT_THAT(mistake([](auto& o) { o.result.verifiers[0].keys.clear(); }), HasSubstr("result"));
  EXPECT_THAT(mistake([](auto& o) { o.result.max_age.reset(); }), HasSubstr("max_age"));
  EXPECT_THAT(mistake([](auto& o) { o.schemes.clear(); }), HasSubstr("no evidence"));
  EXPECT_THAT(mistake([](auto& o) { o.schemes = {"result"}; }), HasSubstr("no evidence"));
  EXPECT_THAT(mistake([](auto& o) { o.schemes = {"tpm1"}; }), HasSubstr("tpm1"));
  EXPECT_THAT(mistake([](auto& o) { o.schemes = {"software"}; }), HasSubstr("danger.software_evidence"));
  EXPECT_THAT(mistake([](auto& o) { o.timeout = milliseconds(0); }), HasSubstr("attempt"));
  EXPECT_THAT(mistake([](auto& o) { o.budget = milliseconds(100); }), HasSubstr("attempt"));
  EXPECT_THAT(mistake([](auto& o) { o.outstanding = 0; }), HasSubstr("outstanding"));
  EXPECT_THAT(mistake([](auto& o) { o.breaker_failures = 0; }), HasSubstr("breaker"));
  EXPECT_THAT(mistake([](auto& o) { o.ca_pem = "x"; }), HasSubstr("CA"));
}

}  // namespace
}  // namespace seatls::remote
