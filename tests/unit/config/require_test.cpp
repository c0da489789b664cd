// [require], [verifier], [danger]: what is demanded of the peer. Unset never means accepted.
#include "unit/config/fixture.h"

namespace seatls::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string result_policy = R"(id = "results"
schemes = ["result"]

[result]
verifiers = [{ identity = "w.example", key = "attester.pem" }]
max_age = "1h"
)";

class Demand : public ConfigTest {
 protected:
  // appraised returns what the configuration's verifier takes; nothing without one.
  static std::vector<AttestationScheme> appraised(const LoadedConfig& loaded) {
    const auto& require = loaded.config.require;
    return require && require->verifier ? require->verifier->schemes() : std::vector<AttestationScheme>();
  }
};

TEST_F(Demand, TheDefaultsAreTheStrictOnes) {
  const auto loaded = good(changed(client_text, "accept = [\"affirming\", \"warning\"]\n", ""));
  ASSERT_TRUE(loaded.config.require);
  const auto& require = *loaded.config.require;
  EXPECT_EQ(require.attestation, Requirement::required);
  EXPECT_EQ(require.identity, IdentityRule::pki_and_attested);
  EXPECT_THAT(require.accept, ElementsAre(Tier::affirming));
  EXPECT_TRUE(require.verifier);
  EXPECT_EQ(loaded.name, "");
}

TEST_F(Demand, WhatIsWrittenIsDemanded) {
  const auto loaded = good(changed(
      client_text, "[require]\n",
      "[require]\nattestation = \"optional\"\nidentity = \"pki\"\nname = \"www.example\"\n"
      "pin = [\"ak:sha256:00ff\", \"ueid:01\", \"chip_id:02\"]\nkey = \"measured\"\ntiming = \"intra\"\n"
      "model = \"background-check\"\nschemes = [\"software\"]\non_failure = \"close\"\n"));
  EXPECT_EQ(loaded.config.require->attestation, Requirement::optional);
  EXPECT_EQ(loaded.config.require->identity, IdentityRule::pki);
  EXPECT_THAT(loaded.config.require->accept, ElementsAre(Tier::affirming, Tier::warning));
  EXPECT_EQ(loaded.name, "www.example");
  EXPECT_EQ(appraised(loaded).size(), 1U);
}

TEST_F(Demand, AServerWithoutTheSectionDemandsNothing) {
  const auto loaded = good(changed(server_text, server_text.substr(server_text.find("[require]")), ""));
  EXPECT_FALSE(loaded.config.require);
}

TEST_F(Demand, SeveralPoliciesMustAllAccept) {
  files.write("second.toml", changed(policy_text, "id = \"", "id = \"second-"));
  const auto loaded =
      good(changed(client_text, "policy = \"policy.toml\"", "policy = [\"policy.toml\", \"second.toml\"]"));
  EXPECT_EQ(appraised(loaded).size(), 1U);
  files.write("third.toml", result_policy);
  const auto m =
      mistake(changed(client_text, "policy = \"policy.toml\"", "policy = [\"policy.toml\", \"third.toml\"]"));
  EXPECT_EQ(m.key, "require.policy");
  EXPECT_THAT(m.what, HasSubstr("no scheme in common"));
  EXPECT_EQ(mistake(changed(client_text, "policy = \"policy.toml\"", "policy = []")).key, "require.policy");
}

TEST_F(Demand, AClientWithoutTheSectionIsRefused) {
  const auto m = mistake(client_text.substr(0, client_text.find("[require]")));
  EXPECT_EQ(m.key, "require");
  EXPECT_EQ(m.line, 0U);
  EXPECT_THAT(m.remedy, HasSubstr("attestation = \"off\" demands nothing"));
}

TEST_F(Demand, AttestationOffLeavesTheCertificate) {
  const auto loaded =
      good(changed(client_text, "policy = \"policy.toml\"\naccept = [\"affirming\", \"warning\"]",
                   "attestation = \"off\""));
  EXPECT_EQ(loaded.config.require->attestation, Requirement::off);
  EXPECT_EQ(loaded.config.require->identity, IdentityRule::pki);
  EXPECT_FALSE(loaded.config.require->verifier);
}

TEST_F(Demand, EachMistakeIsTold) {
  for (const auto& row : {
           Row{"accept = [\"affirming\", \"warning\"]", "accept = []", "require.accept", 8,
               "no verdict is accepted", "[\"affirming\"]"},
           Row{"\"warning\"", "\"none\"", "require.accept", 8, "\"none\" is never accepted", "affirming"},
           Row{"\"warning\"", "\"contraindicated\"", "require.accept", 8, "never accepted", "affirming"},
           Row{"\"warning\"", "\"good\"", "require.accept", 8, "no verdict \"good\"", "affirming"},
           Row{"policy = \"policy.toml\"\n", "", "require.policy", 6, "nothing says what evidence must hold",
               "policy learn"},
           Row{"accept", "identity = \"pki\"\naccept", "require.identity", 8, "by its certificate alone",
               "pki+attested"},
           Row{"accept", "attestation = \"off\"\nidentity = \"attested-key\"\naccept", "require.identity", 9,
               "attestation is off", "identity = \"pki\""},
           Row{"accept", "attestation = \"off\"\nidentity = \"pki+attested\"\naccept", "require.identity", 9,
               "attestation is off", "identity = \"pki\""},
           Row{"accept", "attestation = \"no\"\naccept", "require.attestation", 8, "required, optional, off",
               ""},
           Row{"accept", "name = \"\"\naccept", "require.name", 8, "empty", "name connected to"},
           Row{"accept", "pin = [\"ueid\"]\naccept", "require.pin", 8, "\"ueid\" is no pin", "ak:sha256:HEX"},
           Row{"accept", "pin = [\"mac:00\"]\naccept", "require.pin", 8, "no pin", "ueid:HEX"},
           Row{"accept", "pin = [\"ak:sha256:xyz\"]\naccept", "require.pin", 8, "no pin", "key show"},
           Row{"accept", "timing = \"late\"\naccept", "require.timing", 8, "intra, post, hybrid", ""},
           Row{"accept", "schemes = []\naccept", "require.schemes", 8, "no scheme is left",
               "leave the key out"},
           Row{"accept", "schemes = [\"tpm2\"]\naccept", "require.schemes", 8,
               "the policy does not accept \"tpm2\"", "add it to the policy"},
           Row{"accept", "schemes = [\"compound\"]\naccept", "require.schemes", 8,
               "the policy does not accept \"compound\"", "add it to the policy"},
           Row{"accept", "schemes = [\"xyz\"]\naccept", "require.schemes", 8, "no scheme \"xyz\"",
               "this version appraises tpm2"},
           Row{"accept", "model = \"passport\"\naccept", "require.model", 8, "accepts nothing of the model",
               "[verifier]"},
           Row{"accept", "key = \"known\"\naccept", "require.key", 8, "proven, measured", ""},
       })
    SEATLS_EXPECT_MISTAKE(mistake(changed(client_text, row.old, row.by)), row);
}

TEST_F(Demand, AServerThatNamesClientsByCertificateMustSayByWhose) {
  const Row row{"ca = \"ca.pem\"\n", "", "endpoint.ca", 1, "no CA is trusted", "attested-key"};
  SEATLS_EXPECT_MISTAKE(mistake(changed(server_text, row.old, row.by)), row);
}

TEST_F(Demand, ANameHasNoMeaningWhereNoChainIsLookedAt) {
  const auto report = check(changed(client_text, "[require]\n",
                                    "[require]\nidentity = \"attested-key\"\nname = \"www.example\"\n"));
  ASSERT_FALSE(report.mistakes.empty());
  EXPECT_THAT(report.mistakes.back().what + report.mistakes.front().what,
              HasSubstr("\"attested-key\" does not look at"));
}

TEST_F(Demand, MistakesOfThePolicyAreToldWithItsFileAndLine) {
  files.write("policy.toml", changed(policy_text, "swname", "swnam"));
  const auto report = check(client_text);
  ASSERT_FALSE(report.mistakes.empty());
  for (const auto& m : report.mistakes) EXPECT_EQ(m.file, files.path("policy.toml"));
  EXPECT_THAT(report.mistakes.back().message(), HasSubstr("swname"));

  const auto none = check(changed(client_text, "\"policy.toml\"", "\"none.toml\""));
  ASSERT_EQ(none.mistakes.size(), 1U);
  EXPECT_EQ(none.mistakes.front().code, Code::io);
}

TEST_F(Demand, MistakesOfBothFilesAreToldAtOnceTheConfigurationsFirst) {
  files.write("policy.toml", changed(policy_text, "swname", "swnam"));
  const auto report = check(changed(client_text, "\"warning\"", "\"good\""));
  ASSERT_GE(report.mistakes.size(), 2U);
  EXPECT_EQ(report.mistakes.front().file, files.path("seatls.toml"));
  EXPECT_EQ(report.mistakes.back().file, files.path("policy.toml"));
}

// ---- [verifier] -----------------------------------------------------------------------------------

const std::string passport_text =
    changed(client_text, "policy = \"policy.toml\"\n", "model = \"passport\"\n") +
    "\n[verifier]\nname = \"v.example\"\nkey = \"attester.pem\"\nmax_age = \"1h\"\n";

TEST_F(Demand, AVerifierStandsInForAPolicyInThePassportModel) {
  const auto loaded = good(changed(passport_text, "max_age", "audience = \"me\"\nmax_age"));
  const auto schemes = appraised(loaded);
  ASSERT_EQ(schemes.size(), 1U);
  EXPECT_TRUE(schemes.front().is_result());
}

TEST_F(Demand, AVerifierJoinsThoseOfThePolicy) {
  files.write("policy.toml", result_policy);
  const auto loaded = good(changed(passport_text, "model = \"passport\"\n", "policy = \"policy.toml\"\n"));
  EXPECT_EQ(appraised(loaded).size(), 2U);
}

TEST_F(Demand, TheKeyOfAVerifierMayStandInACertificate) {
  EXPECT_TRUE(good(changed(passport_text, "\"attester.pem\"", "\"server.pem\"")).config.require->verifier);
}

TEST_F(Demand, EachMistakeOfAVerifierIsTold) {
  for (const auto& row : {
           Row{"name = \"v.example\"\n", "", "verifier.name", 10, "no name", "verifier.example"},
           Row{"key = \"attester.pem\"\n", "", "verifier.key", 10, "missing", "verifier.pem"},
           Row{"\"attester.pem\"", "\"none.pem\"", "verifier.key", 12, "No such file", "beside this one"},
           Row{"\"attester.pem\"", "\"rubbish.pem\"", "verifier.key", 12, "neither a public key",
               "key show --public"},
           Row{"\"1h\"", "\"one hour\"", "verifier.max_age", 13, "no duration", "250ms"},
       })
    SEATLS_EXPECT_MISTAKE(mistake(changed(passport_text, row.old, row.by)), row);
}

TEST_F(Demand, AResultWithoutAnAgeLimitIsRefused) {
  const auto report = check(changed(passport_text, "max_age = \"1h\"\n", ""));
  ASSERT_EQ(report.mistakes.size(), 1U);
  EXPECT_THAT(report.mistakes.front().message(), HasSubstr("max_age"));
}

// ---- [danger] -------------------------------------------------------------------------------------

TEST_F(Demand, EveryDangerThatIsOnIsTold) {
  const auto loaded =
      good(client_text + "\n[danger]\nallow_unproven_tik = true\nallow_unbound_result = false\n");
  EXPECT_THAT(loaded.config.dangers, ElementsAre("allow_unproven_tik"));
  EXPECT_THAT(good(client_text + "\n[danger]\nallow_unbound_result = true\n").config.dangers,
              Contains("allow_unbound_result"));
}

TEST_F(Demand, ADangerThatIsNotKnownIsRefused) {
  EXPECT_EQ(mistake(client_text + "\n[danger]\naccept_everything = true\n").key, "danger.accept_everything");
  EXPECT_EQ(mistake(client_text + "\n[danger]\nallow_unproven_tik = \"yes\"\n").key,
            "danger.allow_unproven_tik");
}

TEST_F(Demand, SectionsWithoutEffectAreRefused) {
  const auto without = server_text.substr(0, server_text.find("[require]"));
  for (const char* table : {"verifier", "danger"}) {
    const auto m = mistake(without + "[" + table + "]\n");
    EXPECT_EQ(m.key, table);
    EXPECT_THAT(m.what, HasSubstr("no effect"));
  }
}

}  // namespace
}  // namespace seatls::config
