// Challenge and response, as a client sees it.
#include <gmock/gmock.h>

#include "attest/simulated/intel_platform.h"
#include "base/encoding.h"
#include "binder/passport_binder.h"
#include "crypto/hash.h"
#include "kit.h"
#include "rats/ear.h"
#include "rats/key_format.h"
#include "rats/media_type.h"
#include "service/identifiers.h"
#include "service/session_json.h"

namespace seatls::service {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

class ChallengeResponse : public ::testing::Test {
 protected:
  ChallengeResponse() { kit.activate("machines", machine.policy()); }

  // ear_of verifies the result of a session with the key that the service publishes.
  rats::VerifiedEar ear_of(const Answered& answered) const {
    EXPECT_EQ(answered.status(), 200u) << answered.response.body;
    EXPECT_EQ(answered.member("status"), "complete");
    const auto token = answered.member("result");
    auto ear = rats::parse_ear(view(token), rats::TokenForm::jwt);
    EXPECT_TRUE(ear) << token;
    const auto jwks = kit.ask("GET", "/.well-known/jwks.json").json();
    std::vector<crypto::PublicKey> keys;
    for (const auto& key : *jwks.find("keys")->array()) keys.push_back(rats::from_jwk(key).value());
    return rats::VerifiedEar::verify(std::move(*ear), keys).value();
  }
  [[nodiscard]] unsigned new_session(const std::string& query) const {
    return kit.ask("POST", "/challenge-response/v1/newSession" + query).status();
  }

  Machine machine;
  Kit kit;
};

TEST_F(ChallengeResponse, ASessionIsOpened) {
  const auto opened = kit.ask("POST", "/challenge-response/v1/newSession");
  ASSERT_EQ(opened.status(), 201u);
  EXPECT_EQ(opened.response.type, "application/vnd.veraison.challenge-response-session+json");
  EXPECT_EQ(opened.header("Cache-Control"), "no-store");
  const auto location = opened.header("Location");
  ASSERT_TRUE(location.starts_with("session/"));
  EXPECT_TRUE(is_uuid(location.substr(8)));
  EXPECT_EQ(opened.member("status"), "waiting");
  EXPECT_EQ(opened.member("expiry"), "2027-01-15T08:02:30Z");
  EXPECT_EQ(read_nonce(opened.member("nonce"))->size(), 32u);
  EXPECT_EQ(opened.json().find("evidence"), nullptr);
  EXPECT_EQ(opened.json().find("result"), nullptr);
  std::vector<std::string> accept;
  const auto session = opened.json();
  for (const auto& type : *session.find("accept")->array()) accept.emplace_back(*type.as_text());
  EXPECT_THAT(accept,
              ::testing::ElementsAre("application/cmw+cbor", "application/cmw+json", "application/eat+cwt"));
}

TEST_F(ChallengeResponse, NoncesOfTheServiceReadTheSameInBothAlphabets) {
  for (int i = 0; i < 100; ++i) {
    const auto text = base::to_base64(make_nonce(32));
    EXPECT_EQ(text.size(), 44u);
    EXPECT_EQ(text.find_first_of("+/-_"), std::string::npos) << text;
  }
  EXPECT_NE(make_nonce(32), make_nonce(32));
}

TEST_F(ChallengeResponse, ANonceOfTheClientsIsTakenInEitherAlphabet) {
  const Bytes nonce(32, 0xFB);  // "-_v7…" or "+/v7…"
  const auto url = base::to_base64url(nonce);
  const auto opened = kit.ask("POST", "/challenge-response/v1/newSession?nonce=" + url + "%3D");
  ASSERT_EQ(opened.status(), 201u) << opened.response.body;
  EXPECT_EQ(read_nonce(opened.member("nonce")).value(), nonce);
  const Bytes other(40, 0xFB);
  std::string standard = base::to_base64(other), escaped;
  for (const char c : standard)
    escaped += c == '+' ? "%2B" : c == '/' ? "%2F" : c == '=' ? "%3D" : std::string(1, c);
  EXPECT_EQ(new_session("?nonce=" + escaped), 201u);
}

TEST_F(ChallengeResponse, WrongNoncesAreRefused) {
  for (const auto* query :
       {"?nonceSize=7", "?nonceSize=65", "?nonceSize=x", "?nonceSize=32x", "?nonceSize=-8",
        "?nonceSize=", "?nonce=", "?nonce=AAAAAAA", "?nonce=AAAAAAAAAAA*", "?nonce=AAAAAAAAAAA&nonceSize=8",
        "?nonceSize=8&nonceSize=8", "?binds=tik", "?tik=AAAA", "?tik="})
    EXPECT_EQ(new_session(query), 400u) << query;
  EXPECT_EQ(new_session("?nonce=" + base::to_base64url(Bytes(7, 1))), 400u);
  EXPECT_EQ(new_session("?nonce=" + base::to_base64url(Bytes(65, 1))), 400u);
  EXPECT_EQ(new_session("?nonce=" + base::to_base64url(Bytes(8, 1))), 201u);
  EXPECT_EQ(new_session("?nonce=" + base::to_base64url(Bytes(64, 1))), 201u);
  EXPECT_EQ(new_session("?nonceSize=32&binds=it" + machine.tik_parameter()), 400u);
}

TEST_F(ChallengeResponse, ANonceIsGoodForOneSession) {
  const auto query = "?nonce=" + base::to_base64url(Bytes(32, 7));
  EXPECT_EQ(new_session(query), 201u);
  EXPECT_EQ(new_session(query), 409u);
  kit.now += seconds(3600);  // the session has expired, and the nonce is spent all the same
  EXPECT_EQ(new_session(query), 409u);
}

TEST_F(ChallengeResponse, EvidenceGivesASignedResult) {
  const auto [id, nonce] = kit.open();
  const auto evidence = encode_cmw(machine.evidence(nonce)).value();
  const auto answered = kit.ask("POST", "/challenge-response/v1/session/" + id, evidence, cmw_cbor);
  const auto ear = ear_of(answered);
  const auto& claims = ear.claims();
  EXPECT_EQ(claims.profile, rats::ear_profile::veraison_2023);
  EXPECT_EQ(claims.worst_status(), Tier::warning) << "software evidence is never better";
  EXPECT_TRUE(rats::is_single_nonce(claims.nonces, rats::TokenForm::jwt, nonce));
  EXPECT_EQ(claims.evidence_digest, crypto::digest(Hash::sha256, evidence));
  EXPECT_EQ(claims.iss, "verifier.example");
  EXPECT_EQ(claims.exp, claims.iat + 600);
  ASSERT_EQ(claims.submods.size(), 1u);
  EXPECT_EQ(claims.submods.front().submod, "software");
  EXPECT_EQ(claims.submods.front().policy_ids, std::vector<std::string>{"machines@1"});
  EXPECT_FALSE(claims.submods.front().cnf);
  const auto again = kit.ask("GET", "/challenge-response/v1/session/" + id);
  EXPECT_EQ(again.member("result"), answered.member("result"));
  EXPECT_EQ(again.json().find("evidence"), nullptr) << "it is not kept";
}

TEST_F(ChallengeResponse, EvidenceComesInEveryForm) {
  struct Row {
    std::string type;
    CmwForm form;
    bool wrapped;
  };
  for (const auto& row :
       {Row{"application/cmw+cbor", CmwForm::cbor, true}, Row{"application/cmw+json", CmwForm::json, true},
        Row{"application/vnd.veraison.cmw+cbor", CmwForm::cbor_tag, true},
        Row{"application/vnd.veraison.cmw+json", CmwForm::json, true},
        Row{"application/eat+cwt", CmwForm::cbor, false}}) {
    const auto [id, nonce] = kit.open();
    const auto made = machine.evidence(nonce);
    const auto& record = *made.record();
    // JSON has no room for the number of this content format: its name stands for it.
    const Cmw wrapped(
        CmwRecord{row.form == CmwForm::json ? EvidenceType(MediaType{"application/eat+cwt"}) : record.type,
                  record.value, row.form == CmwForm::cbor_tag ? 0 : record.indicator},
        row.form);
    const auto answered =
        kit.ask("POST", "/challenge-response/v1/session/" + id,
                row.wrapped ? encode_cmw(wrapped).value() : record.value, {{"content-type", row.type}});
    EXPECT_EQ(ear_of(answered).claims().worst_status(), Tier::warning) << row.type << answered.response.body;
  }
}

TEST_F(ChallengeResponse, WhatCannotBeJudgedSpendsNoSession) {
  const auto [id, nonce] = kit.open();
  const auto path = "/challenge-response/v1/session/" + id;
  const auto evidence = encode_cmw(machine.evidence(nonce)).value();
  for (const auto* type : {"", "application/json", "application/psa-attestation-token", "nothing"}) {
    const auto refused = kit.ask("POST", path, evidence, {{"content-type", type}});
    EXPECT_EQ(refused.status(), 415u) << type;
    EXPECT_THAT(refused.header("Accept"), HasSubstr("application/eat+cwt"));
    EXPECT_EQ(refused.response.type, "application/problem+json");
  }
  EXPECT_EQ(kit.ask("POST", path, Bytes{1, 2, 3}, cmw_cbor).status(), 400u);
  EXPECT_EQ(kit.ask("POST", path, {}, cmw_cbor).status(), 400u);
  EXPECT_EQ(
      kit.ask("POST", path, evidence, {{"content-type", "application/cmw+cbor"}, {"accept", "text/html"}})
          .status(),
      406u);
  const Cmw as_result(
      CmwRecord{ContentFormat{rats::content_format::eat_cwt}, {1}, cmw_indicator::attestation_results});
  EXPECT_EQ(kit.submit(id, as_result).status(), 415u);
  EXPECT_EQ(kit.ask("POST", path, Bytes((1 << 20) + 1, 0), cmw_cbor).status(), 413u);
  EXPECT_EQ(kit.ask("POST", path, evidence, cmw_cbor).status(), 200u);
}

TEST_F(ChallengeResponse, ASessionTakesEvidenceOnce) {
  const auto [id, nonce] = kit.open();
  EXPECT_EQ(kit.submit(id, machine.evidence(nonce)).status(), 200u);
  EXPECT_EQ(kit.submit(id, machine.evidence(nonce)).status(), 409u);
}

TEST_F(ChallengeResponse, UnknownExpiredAndDeletedSessionsAreNotThere) {
  const std::string unknown = "/challenge-response/v1/session/" + make_uuid();
  EXPECT_EQ(kit.ask("GET", unknown).status(), 404u);
  EXPECT_EQ(kit.ask("DELETE", unknown).status(), 404u);
  EXPECT_EQ(kit.ask("GET", "/challenge-response/v1/session/1").status(), 404u);
  EXPECT_EQ(kit.submit(make_uuid(), machine.evidence(Bytes(32, 1))).status(), 404u);
  const auto gone = kit.open();
  EXPECT_EQ(kit.ask("DELETE", "/challenge-response/v1/session/" + gone.id).status(), 204u);
  EXPECT_EQ(kit.submit(gone.id, machine.evidence(gone.nonce)).status(), 404u);
  const auto late = kit.open();
  kit.now += seconds(151);
  EXPECT_EQ(kit.submit(late.id, machine.evidence(late.nonce)).status(), 404u);
  EXPECT_EQ(kit.ask("GET", "/challenge-response/v1/session/" + late.id).status(), 404u);
}

TEST_F(ChallengeResponse, EvidenceOverAnotherNonceIsContraindicated) {
  const auto [id, nonce] = kit.open();
  EXPECT_EQ(ear_of(kit.submit(id, machine.evidence(Bytes(32, 9)))).claims().worst_status(),
            Tier::contraindicated);
  const auto verdicts = kit.administer("GET", "/management/v1/verdicts");
  EXPECT_THAT(verdicts.response.body, HasSubstr("\"reasons\":[\"binder_mismatch\""));
}

TEST_F(ChallengeResponse, AResultNamesTheKeyThatTheEvidenceWasMadeOver) {
  const auto [id, nonce] = kit.open(machine.tik_parameter() + "&binds=tik");
  const auto ear = ear_of(kit.submit(id, machine.evidence(binder::passport_binder(nonce, machine.tik()))));
  EXPECT_EQ(ear.claims().worst_status(), Tier::warning);
  EXPECT_TRUE(ear.claims().names(crypto::PublicKey::from_spki(machine.tik().der()).value()).value());
  // The nonce alone is not what such evidence is over.
  const auto bare = kit.open(machine.tik_parameter() + "&binds=tik");
  EXPECT_EQ(ear_of(kit.submit(bare.id, machine.evidence(bare.nonce))).claims().worst_status(),
            Tier::contraindicated);
}

TEST_F(ChallengeResponse, SoftwareEvidenceAboutAnotherKeyIsContraindicated) {
  const Machine other;
  const auto [id, nonce] = kit.open(other.tik_parameter());
  EXPECT_EQ(ear_of(kit.submit(id, machine.evidence(nonce))).claims().worst_status(), Tier::contraindicated);
}

// A TDX quote says nothing of the TLS key but through its report data. A relay that has a genuine machine
// quote over its own nonce gets no result about a key of its own.
TEST(ChallengeResponseRelay, HardwareVouchesForNoKeyThatItDidNotQuoteOver) {
  SimulatedTdxOptions options;
  const auto platform = attest::simulated::IntelPlatform::make(options).value();
  Policy policy;
  policy.id = "tdx";
  policy.schemes = {"tdx"};
  policy.tdx.mr_td = expect::Exactly<Bytes>{options.mr_td};
  for (std::size_t i = 0; i < 4; ++i) policy.tdx.rtmr[i] = expect::Exactly<Bytes>{options.rtmr[i]};
  policy.tdx.tcb.collateral = {IntelCollateral::parse(platform.collateral()).value()};
  policy.danger.simulated_roots = {bytes(platform.root().der())};
  Kit kit({policy});
  kit.now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  const auto quote = [&](Bytes field) {
    field.resize(64);
    return Cmw(CmwRecord{*SchemeTable::defaults().find("tdx"), platform.quote(field, {}).value(),
                         cmw_indicator::evidence});
  };
  const Machine thief;
  const auto relayed = kit.open(thief.tik_parameter());
  const auto answered = kit.submit(relayed.id, quote(relayed.nonce));
  const auto ear = rats::parse_ear(view(answered.member("result")), rats::TokenForm::jwt).value();
  EXPECT_EQ(ear.unverified_claims().worst_status(), Tier::warning)
      << "the nonce is answered, and no more; simulated hardware is never better";
  EXPECT_EQ(
      ear.unverified_claims().names(crypto::PublicKey::from_spki(thief.tik().der()).value()).error().code,
      Code::result_unbound);

  const auto bound = kit.open(thief.tik_parameter() + "&binds=tik");
  const auto named = kit.submit(bound.id, quote(binder::passport_binder(bound.nonce, thief.tik())));
  EXPECT_TRUE(rats::parse_ear(view(named.member("result")), rats::TokenForm::jwt)
                  ->unverified_claims()
                  .names(crypto::PublicKey::from_spki(thief.tik().der()).value())
                  .value());
}

TEST(ChallengeResponseRetained, EvidenceIsKeptOnlyWhereThatIsAsked) {
  const Machine machine;
  Kit kit({}, {.retain_evidence = true});
  kit.activate("machines", machine.policy());
  const auto [id, nonce] = kit.open();
  const auto evidence = encode_cmw(machine.evidence(nonce)).value();
  (void)kit.ask("POST", "/challenge-response/v1/session/" + id, evidence, cmw_cbor);
  const auto session = kit.ask("GET", "/challenge-response/v1/session/" + id).json();
  const auto* blob = session.find("evidence");
  ASSERT_NE(blob, nullptr);
  EXPECT_EQ(*blob->find("type")->as_text(), "application/cmw+cbor");
  EXPECT_EQ(*blob->find("value")->as_text(), base::to_base64(evidence));
}

// What was wrong is in the result, for the relying party; the service's own answer is the same for all of it.
TEST_F(ChallengeResponse, G07RefusedEvidenceIsAnsweredAlike) {
  const Machine stranger;  // whose attestation key no policy knows
  struct Row {
    std::string what;
    std::function<Cmw(const Bytes&)> evidence;
  };
  std::optional<std::vector<std::string>> usual;
  for (const auto& row : std::vector<Row>{
           {"another nonce", [&](const Bytes&) { return machine.evidence(Bytes(32, 9)); }},
           {"another's signature", [&](const Bytes& nonce) { return stranger.evidence(nonce); }},
           {"a broken signature",
            [&](const Bytes& nonce) {
              auto record = *machine.evidence(nonce).record();
              record.value.back() ^= 1;
              return Cmw(record);
            }},
           {"another measurement", [&](const Bytes& nonce) { return machine.evidence(nonce, "outdated"); }},
           {"no evidence at all", [&](const Bytes& nonce) {
              auto record = *machine.evidence(nonce).record();
              record.value = {1, 2, 3};
              return Cmw(record);
            }}}) {
    SCOPED_TRACE(row.what);
    const auto [id, nonce] = kit.open();
    const auto answered = kit.submit(id, row.evidence(nonce));
    const auto ear = ear_of(answered);
    EXPECT_EQ(ear.claims().worst_status(), Tier::contraindicated);
    std::vector<std::string> form = {std::to_string(answered.status()), answered.response.type};
    for (const auto& [name, value] : answered.response.headers) form.push_back(name + ": " + value);
    const auto session = answered.json();
    for (const auto& [name, value] : *session.object()) form.push_back(name);
    if (!usual) usual = form;
    EXPECT_EQ(form, *usual);
  }
}

// What the log and the audit log hold of a session: hashes.
TEST_F(ChallengeResponse, G04TheLogsHoldHashesAlone) {
  const auto [id, nonce] = kit.open(machine.tik_parameter());
  const auto answered = kit.submit(id, machine.evidence(nonce));
  const auto audit = kit.administer("GET", "/management/v1/verdicts").response.body;
  for (const auto& secret : {id, base::to_hex(nonce), base::to_base64url(nonce), base::to_base64(nonce),
                             base::to_base64url(machine.tik().der()), answered.member("result")}) {
    EXPECT_THAT(audit, Not(HasSubstr(secret)));
    EXPECT_THAT(answered.told.route + answered.told.session + answered.told.note, Not(HasSubstr(secret)));
  }
  EXPECT_THAT(audit, HasSubstr(base::to_hex(crypto::digest(Hash::sha256, view(id)))));
  EXPECT_EQ(answered.told.session, base::to_hex(crypto::digest(Hash::sha256, view(id))).substr(0, 16));
}

}  // namespace
}  // namespace seatls::service
