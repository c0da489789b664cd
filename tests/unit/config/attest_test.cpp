// [attest]: what an endpoint shows, apart from what needs a TPM (tpm_test.cpp).
#include "unit/config/fixture.h"

namespace seatls::config {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

class Attest : public ConfigTest {};

TEST_F(Attest, SoftwareIsReadAndToldAsADanger) {
  const auto loaded = good(changed(
      server_text, "swname = \"seatls\"",
      "swname = \"echo\"\nswversion = \"2\"\nmeasure = [\"policy.toml\"]\nueid = \"0102030405060708\"\n"
      "debug_disabled = true"));
  ASSERT_TRUE(loaded.config.attester);
  EXPECT_EQ(loaded.config.attester->schemes().size(), 1U);
  EXPECT_THAT(loaded.config.dangers, Contains("software_attester"));
}

TEST_F(Attest, WithoutTheSectionNothingIsShownAndNothingIsDangerous) {
  const auto loaded = good(changed(server_text,
                                   "[attest]\nattester = \"software\"\nkey = \"attester.key\"\n"
                                   "swname = \"seatls\"\n",
                                   ""));
  EXPECT_FALSE(loaded.config.attester);
  EXPECT_THAT(loaded.config.dangers, IsEmpty());
}

// What attests in server_text.
constexpr const char* software = "attester = \"software\"\nkey = \"attester.key\"\nswname = \"seatls\"";

// A compound of these tables, in place of the attester of server_text.
std::string compound(const std::string& parts) {
  return changed(server_text, software + std::string("\n"), "attester = \"compound\"\n" + parts);
}
constexpr const char* app_part =
    "[attest.parts.app]\nattester = \"software\"\nkey = \"attester.key\"\nswname = \"seatls\"\n";

TEST_F(Attest, ACompoundShowsAllOfItsParts) {
  const auto loaded = good(compound(std::string(app_part) +
                                    "[attest.parts.two]\nattester = \"software\"\nkey = \"attester.key\"\n"));
  ASSERT_TRUE(loaded.config.attester);
  EXPECT_EQ(loaded.config.attester->schemes(), std::vector{AttestationScheme{ContentFormat{273}}});
  EXPECT_THAT(loaded.config.dangers, Contains("software_attester").Times(1));
}

TEST_F(Attest, AMistakeInAPartIsToldAtItsPlace) {
  const std::string app = app_part;
  const std::tuple<std::string, std::string, std::string> rows[] = {
      {"", "attest.parts", "no part"},
      {"[attest.parts]\n", "attest.parts", "no part"},
      {"parts = 1\n", "attest.parts", "must be a table"},
      {"[attest.parts]\napp = 1\n", "attest.parts.app", "must be a table"},
      {"[attest.parts.app]\n", "attest.parts.app.attester", "is missing"},
      {"[attest.parts.app]\nattester = \"passport\"\n", "attest.parts.app.attester", "no part of a compound"},
      {"[attest.parts.app]\nattester = \"compound\"\n", "attest.parts.app.attester", "no part of a compound"},
      {"[attest.parts.app]\nattester = \"softwar\"\n", "attest.parts.app.attester", "no attester"},
      {"[attest.parts.app]\nattester = 1\n", "attest.parts.app.attester", "wrong type"},
      {app + "swnam = \"x\"\n", "attest.parts.app.swnam", "no such key"},
      {app + "ak = \"x\"\n", "attest.parts.app.ak", "has no such key"},
      {app + "kek = \"attester.key\"\n", "attest.parts.app.kek", "is the endpoint's"},
      {app + "[attest.parts.app.parts.x]\nattester = \"software\"\n", "attest.parts.app.parts",
       "no such key"},
      {app + "[attest.parts.log]\nattester = \"event-log\"\n", "attest.parts.log.event_log",
       "file is missing"},
      {app + "[attest.parts.log]\nattester = \"event-log\"\nevent_log = \"none\"\n", "attest.parts",
       "cannot be read"},
      {app + "[attest.parts.log]\nattester = \"event-log\"\nevent_log = \"rubbish.pem\"\n", "attest.parts",
       "PCRs are 0 to 23"},
      {"[attest.parts.log]\nattester = \"event-log\"\nevent_log = \"rubbish.pem\"\n", "attest.parts",
       "no part that signs anything"},
      {"ak = \"x\"\n" + app, "attest.ak", "has no such key"},
  };
  for (const auto& [parts, key, what] : rows) {
    const auto m = mistake(compound(parts));
    EXPECT_EQ(m.key, key) << m.message();
    EXPECT_THAT(m.message(), ::testing::HasSubstr(what)) << parts;
    EXPECT_GE(m.line, 8U) << parts;
  }
}

TEST_F(Attest, EachMistakeIsTold) {
  for (const auto& row : {
           Row{"\"software\"", "\"softwar\"", "attest.attester", 9, "no attester \"softwar\"",
               "did you mean \"software\"?"},
           Row{"\"software\"", "\"sgx\"", "attest.attester", 9, "no attester \"sgx\"",
               "tpm2, configfs-tsm, software, passport, simulated-tdx"},
           Row{software, "attester = \"compound\"", "attest.parts", 8, "no part", "[attest.parts.LABEL]"},
           Row{"swname =", "parts = 1\nswname =", "attest.parts", 11, "must be a table", "[attest.parts]"},
           Row{software, "attester = \"configfs-tsm\"\npath = \"none\"", "attest.attester", 9, "No such file",
               "confidential VM"},
           Row{software, "attester = \"configfs-tsm\"\nprivlevel = 4", "attest.privlevel", 10,
               "no privilege level 4", "0 to 3"},
           Row{software, "attester = \"simulated-tdx\"", "attest.platform", 8, "missing",
               "seatls simulate tdx -o DIR"},
           Row{software, "attester = \"simulated-sev-snp\"\nplatform = \"none\"", "attest.platform", 10,
               "No such file", "seatls simulate sev-snp"},
           Row{software, "attester = \"simulated-nitro\"\nmeasurement = \"66\"", "attest.measurement", 10,
               "48 bytes", "96 hex digits"},
           Row{"\"software\"", "\"\"", "attest.attester", 9, "missing", "leave [attest] out"},
           Row{"\"software\"", "true", "attest.attester", 9, "wrong type", "a text"},
           Row{"attester = \"software\"\n", "", "attest.attester", 8, "missing", "leave [attest] out"},
           Row{"swname =", "ak = \"ak.key\"\nswname =", "attest.ak", 11, "has no such key", "leave it out"},
           Row{"swname =", "tcti = \"device:/dev/tpm0\"\nswname =", "attest.tcti", 11, "has no such key",
               "leave it out"},
           Row{"swname =", "measure = [\"none\"]\nswname =", "attest.measure", 11, "No such file",
               "can read"},
           Row{"swname =", "ueid = \"xyz\"\nswname =", "attest.ueid", 11, "not hex", "7 to 33 bytes"},
           Row{"\"attester.key\"", "\"none.key\"", "attest.key", 10, "No such file", "beside this one"},
           Row{"\"attester.key\"", "\"ed25519.key\"", "attest.attester", 9, "", "P-256 and P-384"},
           Row{"\"attester.key\"", "\"rubbish.pem\"", "attest.attester", 9, "", "P-256 and P-384"},
       })
    SEATLS_EXPECT_MISTAKE(mistake(changed(server_text, row.old, row.by)), row);
}

TEST_F(Attest, APassportNamesItsVerifierAndItsResult) {
  const auto passport =
      changed(server_text, "attester = \"software\"\nkey = \"attester.key\"\nswname = \"seatls\"",
              "attester = \"passport\"\nresult = \"server.ear\"\nverifier = \"v.example\"");
  files.write("some.ear", "eyJ");
  for (const auto& row : {
           Row{"\"server.ear\"", "\"none.ear\"", "attest.result", 10, "No such file", "beside this one"},
           Row{"\"server.ear\"", "\"rubbish.pem\"", "attest.attester", 9, "", "attest.result"},
           Row{"\"server.ear\"", "\"some.ear\"", "attest.attester", 9, "", "attest.result"},
           Row{"result = \"server.ear\"\n", "", "attest.result", 8, "missing", "server.ear"},
           Row{"\"server.ear\"\nverifier = \"v.example\"", "\"some.ear\"", "attest.verifier", 8,
               "whose result", "verifier.example"},
       })
    SEATLS_EXPECT_MISTAKE(mistake(changed(passport, row.old, row.by)), row);
}

TEST_F(Attest, AKeyOfAnotherAttesterIsToldForEachAttester) {
  const auto report = check(changed(server_text, "attester = \"software\"", "attester = \"passport\""));
  std::vector<std::string> keys;
  for (const auto& m : report.mistakes) keys.push_back(m.key);
  EXPECT_THAT(keys, Contains("attest.swname"));
  EXPECT_THAT(keys, Contains("attest.key"));
  EXPECT_THAT(keys, Contains("attest.verifier"));
  EXPECT_THAT(keys, Contains("attest.result"));
}

}  // namespace
}  // namespace seatls::config
