// Administration: who may, policies whose versions never change, CoRIMs, keys that rotate.
#include <gmock/gmock.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "kit.h"
#include "rats/ear.h"
#include "service/routes.h"
#include "support/vector_file.h"

namespace seatls::service {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

const Fields policy_toml = {{"content-type", "application/vnd.seatls.policy+toml"}};

class Management : public ::testing::Test {
 protected:
  [[nodiscard]] Answered add(const std::string& name, const std::string& text) const {
    return kit.administer("POST", "/management/v1/policies/" + name, bytes(view(text)), policy_toml);
  }
  [[nodiscard]] Answered set(const std::string& what) const {
    return kit.administer("POST", "/management/v1/policies/" + what);
  }
  [[nodiscard]] Tier judged() const {
    const auto [id, nonce] = kit.open();
    const auto answered = kit.submit(id, machine.evidence(nonce));
    const auto token = answered.member("result");
    const auto ear = rats::parse_ear(view(token), rats::TokenForm::jwt);
    EXPECT_TRUE(ear) << answered.response.body;
    return ear ? ear->unverified_claims().worst_status() : Tier::none;
  }
  // strict is the machine's policy, for another program.
  [[nodiscard]] std::string strict() const {
    auto text = machine.policy();
    return text.replace(text.find("\"approved\""), 10, "\"another\"");
  }

  Machine machine;
  Kit kit;
};

TEST_F(Management, NeedsTheToken) {
  for (const auto& route : routes()) {
    if (route.who != Who::administrator) continue;
    std::string path(route.pattern);
    for (auto open = path.find('{'); open != std::string::npos; open = path.find('{'))
      path.replace(open, path.find('}') - open + 1, "1");
    const std::string method(route.method);
    const auto refused = kit.ask(method, path);
    EXPECT_EQ(refused.status(), 401u) << path;
    EXPECT_EQ(refused.header("WWW-Authenticate"), "Bearer");
    for (const auto* header :
         {"Bearer ", "Bearer x", "Basic the administrator's token", "the administrator's token"})
      EXPECT_EQ(kit.ask(method, path, {}, {{"authorization", header}}).status(), 401u) << header;
    EXPECT_NE(kit.administer(method, path).status(), 401u) << path;
  }
}

TEST_F(Management, OthersAreAnsweredByWhatIsThere) {
  EXPECT_EQ(kit.ask("GET", "/").status(), 404u);
  EXPECT_EQ(kit.ask("GET", "/management/v1").status(), 404u);
  EXPECT_EQ(kit.ask("GET", "/challenge-response/v1/session/").status(), 404u);
  const auto wrong = kit.ask("PUT", "/challenge-response/v1/session/1");
  EXPECT_EQ(wrong.status(), 405u);
  EXPECT_EQ(wrong.header("Allow"), "POST, GET, DELETE");
}

TEST_F(Management, WithoutAPolicyNobodyIsJudged) {
  const auto refused = kit.ask("POST", "/challenge-response/v1/newSession");
  EXPECT_EQ(refused.status(), 503u);
  EXPECT_EQ(refused.header("Retry-After"), "60");
  EXPECT_EQ(kit.ask("GET", "/.well-known/veraison/verification").member("service-state"), "DOWN");
  EXPECT_EQ(add("machines", machine.policy()).status(), 201u);
  EXPECT_EQ(kit.ask("POST", "/challenge-response/v1/newSession").status(), 503u) << "it is not active";
  EXPECT_EQ(set("machines/1/activate").status(), 200u);
  EXPECT_EQ(judged(), Tier::warning);
  EXPECT_EQ(kit.ask("GET", "/.well-known/veraison/verification").member("service-state"), "READY");
}

TEST_F(Management, PoliciesThatCannotJudgeAreNotKept) {
  EXPECT_EQ(add("p", "schemes = [").status(), 422u);
  EXPECT_EQ(add("p", "id = \"p\"\nschemes = [\"tdx\"]\n").status(), 422u);
  EXPECT_EQ(add("p", "").status(), 422u);
  EXPECT_EQ(add("P", machine.policy()).status(), 400u);
  EXPECT_EQ(add("1p", machine.policy()).status(), 400u);
  EXPECT_EQ(kit.administer("POST", "/management/v1/policies/p", bytes(view(machine.policy()))).status(),
            415u);
  EXPECT_THAT(kit.administer("GET", "/management/v1/policies").response.body, HasSubstr("\"policies\":[]"));
}

// Whoever may submit policies reads no file of the machine by them.
TEST_F(Management, PoliciesOpenNoFile) {
  auto text = machine.policy();
  const auto from = text.find("\"\"\""), to = text.rfind("\"\"\"") + 3;
  text.replace(from, to - from, "\"/etc/passwd\"");
  const auto refused = add("p", text);
  EXPECT_EQ(refused.status(), 422u);
  EXPECT_THAT(refused.response.body, HasSubstr("names the file"));
  EXPECT_THAT(refused.response.body, Not(HasSubstr("root:")));
}

TEST_F(Management, VersionsAreKeptAndRolledBack) {
  kit.activate("machines", machine.policy());
  kit.activate("machines", strict());
  EXPECT_EQ(judged(), Tier::contraindicated);
  EXPECT_EQ(set("machines/rollback").json().find("active")->as_int().value(), 1);
  EXPECT_EQ(judged(), Tier::warning);
  EXPECT_EQ(kit.administer("GET", "/management/v1/policies/machines/2").response.body, strict());
  EXPECT_EQ(kit.administer("GET", "/management/v1/policies/machines/3").status(), 404u);
  EXPECT_EQ(kit.administer("GET", "/management/v1/policies/machines/x").status(), 404u);
  EXPECT_EQ(set("machines/3/activate").status(), 404u);
  EXPECT_EQ(set("machines/0/activate").status(), 404u);
  EXPECT_EQ(set("machines/deactivate").status(), 200u);
  EXPECT_EQ(kit.ask("POST", "/challenge-response/v1/newSession").status(), 503u);
}

TEST_F(Management, EveryPolicyOfASchemeJudges) {
  kit.activate("machines", machine.policy());
  kit.activate("strict", strict());
  EXPECT_EQ(judged(), Tier::contraindicated) << "what one of them refuses is refused";
  EXPECT_EQ(set("strict/deactivate").status(), 200u);
  EXPECT_EQ(judged(), Tier::warning);
}

// A session that was opened before the policies changed is judged by those of the moment it is submitted.
TEST_F(Management, ASubmissionIsJudgedByThePoliciesOfItsMoment) {
  kit.activate("machines", machine.policy());
  const auto [id, nonce] = kit.open();
  kit.activate("machines", strict());
  const auto token = kit.submit(id, machine.evidence(nonce)).member("result");
  EXPECT_EQ(rats::parse_ear(view(token), rats::TokenForm::jwt)->unverified_claims().worst_status(),
            Tier::contraindicated);
}

TEST_F(Management, EndorsementsAreVerifiedAndKept) {
  const testing::VectorFile unsigned_one(testing::source_dir() / "tests/vectors/corim/ok-unsigned.txt");
  const testing::VectorFile signed_one(testing::source_dir() / "tests/vectors/corim/ok-p256.txt");
  const std::string submit = "/endorsement-provisioning/v1/submit";
  const Fields plain = {{"content-type", "application/rim+cbor; profile=\"tag:example\""}};
  const auto document = unsigned_one.hex("document");
  const auto kept = kit.administer("POST", submit, document, plain);
  EXPECT_EQ(kept.status(), 200u);
  EXPECT_EQ(kept.response.type, "application/vnd.veraison.provisioning-session+json");
  EXPECT_EQ(kept.member("status"), "success") << kept.response.body;
  // Nobody's key is trusted here.
  const auto refused =
      kit.administer("POST", submit, signed_one.hex("document"), {{"content-type", "application/rim+cose"}});
  EXPECT_EQ(refused.member("status"), "failed");
  EXPECT_NE(refused.member("failure-reason"), "");
  EXPECT_EQ(kit.administer("POST", submit, Bytes{1, 2}, plain).member("status"), "failed");
  EXPECT_EQ(kit.administer("POST", submit, {}, plain).status(), 400u);
  EXPECT_EQ(kit.administer("POST", submit, document, {{"content-type", "application/json"}}).status(), 415u);

  const auto name = base::to_hex(crypto::digest(Hash::sha256, document));
  const auto list = [&] { return kit.administer("GET", "/management/v1/endorsements").response.body; };
  EXPECT_THAT(list(), HasSubstr(name));
  EXPECT_THAT(list(), HasSubstr("\"active\":true"));
  EXPECT_EQ(kit.administer("POST", "/management/v1/endorsements/" + name + "/deactivate").status(), 204u);
  EXPECT_THAT(list(), HasSubstr("\"active\":false"));
  EXPECT_EQ(kit.administer("POST", "/management/v1/endorsements/" + name + "/activate").status(), 204u);
  EXPECT_EQ(kit.administer("POST", "/management/v1/endorsements/00/activate").status(), 404u);
}

// Results signed by the key of before verify for as long as they live.
TEST_F(Management, KeysRotateWithoutRefusingAnyone) {
  const auto ids = [&] {
    std::vector<std::string> out;
    const auto jwks = kit.ask("GET", "/.well-known/jwks.json").json();
    for (const auto& key : *jwks.find("keys")->array()) out.emplace_back(*key.find("kid")->as_text());
    return out;
  };
  ASSERT_EQ(ids().size(), 1u);
  const auto first = ids().front();
  kit.now += seconds(300);
  auto parts = *kit.api->parts();
  parts.signer = kit.make_signer(crypto::PrivateKey::generate(crypto::KeyType::p384).value()).value();
  kit.api->replace(parts);
  EXPECT_EQ(ids().size(), 2u);
  EXPECT_THAT(ids(), ::testing::Contains(first));
  const auto now_signing =
      *kit.ask("GET", "/.well-known/veraison/verification").json().find("ear-verification-key");
  EXPECT_NE(*now_signing.find("kid")->as_text(), first);
  EXPECT_EQ(*now_signing.find("alg")->as_text(), "ES384");
  kit.now += seconds(1000);
  EXPECT_EQ(ids(), std::vector<std::string>{std::string(*now_signing.find("kid")->as_text())});
  kit.now += seconds(10'000);  // nothing was signed for long
  EXPECT_EQ(ids(), std::vector<std::string>{std::string(*now_signing.find("kid")->as_text())});
}

TEST_F(Management, OnlyKeysOfAnEarSignResults) {
  EXPECT_EQ(kit.make_signer(crypto::PrivateKey::generate(crypto::KeyType::rsa).value()).error().code,
            Code::configuration);
  EXPECT_TRUE(kit.make_signer(crypto::PrivateKey::generate(crypto::KeyType::ed25519).value()));
}

}  // namespace
}  // namespace seatls::service
