// [verifier] with an url, and passports that are fetched: who is asked, and what has no meaning then.
#include "codec/json.h"
#include "fake/verifier_service.h"
#include "rats/key_format.h"
#include "unit/config/fixture.h"

namespace seatls::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string remote_text =
    changed(client_text, "policy = \"policy.toml\"\n", "schemes = [\"tpm2\", \"tdx\"]\n") +
    "\n[verifier]\nurl = \"https://v.example:8443\"\nname = \"v.example\"\nkey = \"attester.pem\"\n";

class Remote : public ConfigTest {};

TEST_F(Remote, AVerifierIsAskedInPlaceOfAPolicy) {
  const auto loaded = good(remote_text);
  ASSERT_TRUE(loaded.config.require && loaded.config.require->verifier);
  EXPECT_EQ(loaded.config.require->verifier->schemes().size(), 2U);
  EXPECT_TRUE(loaded.config.dangers.empty());
}

TEST_F(Remote, SeveralAddressesKeysAndLimitsAreRead) {
  const auto key = crypto::PrivateKey::generate(crypto::KeyType::p384).value();
  const auto jwk = rats::to_jwk(key.public_key()).value();
  files.write("verifier.jwk", codec::json::write(jwk).value());
  files.write("verifier.jwks", "{\"keys\":[" + codec::json::write(jwk).value() + "]}\n");
  auto text =
      changed(remote_text, "\"https://v.example:8443\"", "[\"https://v.example\", \"http://127.0.0.1:1\"]");
  text = changed(
      text, "key = \"attester.pem\"",
      "key = [\"attester.pem\", \"server.pem\", \"verifier.jwk\", \"verifier.jwks\"]\nca = \"ca.pem\"\n"
      "timeout = \"1s\"\nbudget = \"4s\"\nretries = 0\noutstanding = 9\nmax_age = \"1m\"\naudience = \"me\"");
  EXPECT_TRUE(good(text).config.require->verifier);
}

TEST_F(Remote, PassportsMayBeTakenBesides) {
  const auto loaded = good(changed(remote_text, "\"tdx\"", "\"result\""));
  const auto schemes = loaded.config.require->verifier->schemes();
  ASSERT_EQ(schemes.size(), 2U);
  EXPECT_TRUE(schemes.back().is_result());
  EXPECT_EQ(good(changed(changed(remote_text, "\"tdx\"", "\"result\""), "[require]\n",
                         "[require]\nmodel = \"background-check\"\n"))
                .config.require->verifier->schemes()
                .size(),
            1U);
}

TEST_F(Remote, EveryDangerIsTold) {
  const auto text =
      changed(changed(remote_text, "https://v.example:8443", "http://v.example"), "\"tdx\"", "\"software\"") +
      "[danger]\nverifier_over_http = true\nallow_unnamed_evidence = true\nallow_unbound_result = true\n"
      "software_evidence = true\n";
  EXPECT_THAT(good(text).config.dangers,
              ::testing::UnorderedElementsAre("verifier_over_http", "allow_unnamed_evidence",
                                              "allow_unbound_result", "software_evidence"));
}

TEST_F(Remote, EachMistakeIsTold) {
  for (const auto& row : {
           Row{"\"https://v.example:8443\"", "\"v.example\"", "verifier.url", 11, "no address", "https"},
           Row{"\"https://v.example:8443\"", "\"http://v.example\"", "verifier.url", 11, "plain http",
               "danger.verifier_over_http"},
           Row{"\"https://v.example:8443\"", "\"https://v.example/?x\"", "verifier.url", 11, "query", ""},
           Row{"\"https://v.example:8443\"", "[]", "verifier.url", 11, "no address is named", "https://"},
           Row{"name = \"v.example\"\n", "", "verifier.name", 10, "no name", "verifier.example"},
           Row{"key = \"attester.pem\"\n", "", "verifier.key", 10, "missing", "verifier.pem"},
           Row{"\"attester.pem\"", "\"none.pem\"", "verifier.key", 13, "No such file", "beside this one"},
           Row{"\"attester.pem\"", "\"rubbish.pem\"", "verifier.key", 13, "neither a public key", "JWK"},
           Row{"schemes = [\"tpm2\", \"tdx\"]\n", "", "verifier.url", 10, "which evidence", "schemes ="},
           Row{"\"tdx\"", "\"abc\"", "verifier.url", 11, "\"abc\"", ""},
           Row{"\"tdx\"", "\"software\"", "verifier.url", 11, "any program", ""},
           Row{"schemes", "policy = \"policy.toml\"\nschemes", "require.policy", 7, "not be applied",
               "leave it out"},
           Row{"schemes", "pin = [\"ueid:01\"]\nschemes", "require.pin", 7, "which instance", "own policy"},
           Row{"schemes", "model = \"passport\"\nschemes", "require.model", 7, "nobody is asked", "result"},
           Row{"key =", "timeout = \"5s\"\nbudget = \"2s\"\nkey =", "verifier.timeout", 13, "longer than",
               "budget"},
           Row{"key =", "budget = \"10s\"\nkey =", "verifier.budget", 13, "the handshake ends",
               "credential_timeout"},
           Row{"key =", "timeout = \"soon\"\nkey =", "verifier.timeout", 13, "no duration", "250ms"},
           Row{"key =", "retries = 11\nkey =", "verifier.retries", 13, "0 to 10", "default is 1"},
           Row{"key =", "outstanding = 0\nkey =", "verifier.outstanding", 13, "1 to 100000", "512"},
           Row{"key =", "ca = \"rubbish.pem\"\nkey =", "verifier.ca", 13, "no certificate",
               "vouches for the server"},
       })
    SEATLS_EXPECT_MISTAKE(mistake(changed(remote_text, row.old, row.by)), row);
  EXPECT_EQ(mistake(remote_text + "[collateral]\n").key, "collateral");
}

TEST_F(Remote, KeysOfAVerifierThatNobodyAsksHaveNoEffect) {
  for (const char* line :
       {"ca = \"ca.pem\"", "timeout = \"1s\"", "budget = \"1s\"", "retries = 1", "outstanding = 1"}) {
    const auto m = mistake(client_text +
                           "\n[verifier]\nname = \"v.example\"\nkey = \"attester.pem\"\nmax_age = \"1h\"\n" +
                           line + "\n");
    EXPECT_THAT(m.what, HasSubstr("no verifier is asked")) << line;
  }
  for (const char* danger : {"verifier_over_http", "allow_unnamed_evidence", "software_evidence"})
    EXPECT_EQ(mistake(client_text + "\n[danger]\n" + danger + " = true\n").key,
              std::string("danger.") + danger);
}

// ---- [attest] attester = "passport", with an url ---------------------------------------------------

class FetchedPassport : public ConfigTest {
 protected:
  // text is a server's that has its passport made by the service at `url`.
  [[nodiscard]] std::string text(const std::string& url) const {
    files.write("verifier.pem", service.key.public_key().to_pem());
    return changed(server_text, "attester = \"software\"\nkey = \"attester.key\"\nswname = \"seatls\"\n",
                   "attester = \"passport\"\nverifier = \"v.example\"\nurl = \"" + url +
                       "\"\nverifier_key = \"verifier.pem\"\n"
                       "[attest.parts.evidence]\nattester = \"software\"\nkey = \"attester.key\"\n");
  }
  fake::VerifierService service;
};

TEST_F(FetchedPassport, AResultIsFetchedAtTheStart) {
  const fake::Web web(service.serve());
  const auto loaded = good(changed(text(web.url()), "verifier_key", "cache = \"server.ear\"\nverifier_key"));
  ASSERT_TRUE(loaded.config.attester);
  EXPECT_THAT(loaded.config.attester->schemes(),
              ElementsAre(AttestationScheme{VerifierIdentity{"v.example"}}));
  EXPECT_THAT(loaded.config.dangers, Contains("software_attester"));
  EXPECT_EQ(service.sessions(), 1U);
  EXPECT_TRUE(
      good(changed(text(web.url()), "verifier_key", "cache = \"server.ear\"\nverifier_key")).config.attester);
  EXPECT_EQ(service.sessions(), 1U) << "the file holds one";
}

TEST_F(FetchedPassport, SeveralPartsAreACompound) {
  const fake::Web web(service.serve());
  EXPECT_TRUE(
      good(changed(text(web.url()), "[require]",
                   "[attest.parts.other]\nattester = \"software\"\nkey = \"attester.key\"\n[require]"))
          .config.attester);
  const auto evidence = parse_cmw(service.last().evidence);
  ASSERT_TRUE(evidence && evidence->collection());
  EXPECT_EQ(evidence->collection()->entries.size(), 2U);
}

TEST_F(FetchedPassport, EachMistakeIsTold) {
  const auto whole = text("https://v.example");
  for (const auto& row : {
           Row{"\"https://v.example\"", "\"http://v.example\"", "attest.url", 11, "plain http",
               "danger.verifier_over_http"},
           Row{"verifier = \"v.example\"\n", "", "attest.verifier", 8, "whose results", "verifier.example"},
           Row{"verifier_key = \"verifier.pem\"\n", "", "attest.verifier_key", 8, "missing",
               "verifier_key ="},
           Row{"verifier_key", "result = \"some.ear\"\nverifier_key", "attest.result", 12, "asked for",
               "cache"},
           Row{"[attest.parts.evidence]\nattester = \"software\"\nkey = \"attester.key\"\n", "",
               "attest.parts", 8, "what the verifier is shown", "[attest.parts.LABEL]"},
           Row{"parts.evidence]\nattester = \"software\"", "parts.evidence]\nattester = \"passport\"",
               "attest.parts.evidence.attester", 14, "no part", "tpm2"},
       })
    SEATLS_EXPECT_MISTAKE(mistake(changed(whole, row.old, row.by)), row);
  for (const char* line : {"verifier_key = \"verifier.pem\"", "ca = \"ca.pem\"", "cache = \"x\""}) {
    const auto report = check(changed(
        server_text, "attester = \"software\"\nkey = \"attester.key\"\nswname = \"seatls\"\n",
        std::string("attester = \"passport\"\nverifier = \"v\"\nresult = \"x.ear\"\n") + line + "\n"));
    EXPECT_THAT(report.mistakes,
                Contains(::testing::Field(&ConfigMistake::what, HasSubstr("no verifier is asked"))))
        << line;
  }
}

}  // namespace
}  // namespace seatls::config
