// Policies: every key, every mistake, and that what is not written is not accepted.
#include "seatls/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "support/source_dir.h"
#include "unit/appraise/vector_file.h"

namespace seatls {
namespace {

using ::testing::HasSubstr;

const std::string folder = (testing::source_dir() / "tests/vectors").string();
const std::string hex32(64, 'a');

PolicyReport check(const std::string& text) { return check_policy_text(text, folder, "policy.toml"); }

const std::string whole = R"(id = "lab"
schemes = ["tpm2", "result", "software"]
key = "measured"

[tpm2]
ak = ["sha256:)" + hex32 + R"(", "name:000b)" +
                          hex32 + R"("]
ak_ca = "tpm/ca.pem"
ak_ca_crl = ["tpm/revoked.pem"]
ek_ca = ["tpm/ca.pem"]
event_log = "required"
firmware_at_least = "0x2a"
key = "proven"

[tpm2.pcrs.sha256]
0 = ")" + hex32 + R"("
7 = ["expect.any"]

[tpm2.pcrs.sha384]
1 = [")" + hex32 + std::string(32, 'b') +
                          R"("]

[software]
ak = ["tik", "software/ak.pem"]
swname = ["a", "b"]
measurements = ["01ff"]
key = "proven"

[result]
verifiers = [{ identity = "v", key = ["result/ark.pem", "result/ark2.pem"] }]
max_age = "2h"
clock_skew = "90s"
audience = "rp"
submods = ["tpm2"]

[machine]
id = ["ueid:01", "ak:sha256:00"]

[danger]
software_evidence = true
allow_unproven_tik = true
allow_unbound_result = true
allow_debug = false
simulated_roots = "tpm/ca.pem"
)";

TEST(PolicyToml, ReadsEveryKey) {
  const auto report = check(whole);
  ASSERT_TRUE(report.policy) << report.mistakes.front().message();
  const Policy& p = *report.policy;
  EXPECT_EQ(p.id, "lab");
  EXPECT_EQ(p.schemes, (std::vector<std::string>{"tpm2", "result", "software"}));
  EXPECT_EQ(p.key, KeyProvenance::measured);
  ASSERT_EQ(p.tpm2.ak.size(), 2U);
  EXPECT_EQ(to_text(p.tpm2.ak[0]), "sha256:" + hex32);
  EXPECT_EQ(to_text(p.tpm2.ak[1]), "name:000b" + hex32);
  EXPECT_EQ(p.tpm2.ak_ca.size(), 1U);
  EXPECT_EQ(p.tpm2.ak_ca_crl.size(), 1U);
  EXPECT_EQ(p.tpm2.ek_ca.size(), 1U);
  EXPECT_TRUE(p.tpm2.require_event_log);
  EXPECT_EQ(p.tpm2.firmware_at_least, 42U);
  EXPECT_EQ(p.tpm2.key, KeyProvenance::proven);
  EXPECT_TRUE(p.tpm2.pcrs.at(Hash::sha256).at(0).accepts(Bytes(32, 0xaa)));
  EXPECT_FALSE(p.tpm2.pcrs.at(Hash::sha256).at(0).accepts(Bytes(32, 0xab)));
  EXPECT_TRUE(p.tpm2.pcrs.at(Hash::sha256).at(7).is_any());
  EXPECT_EQ(p.tpm2.pcrs.at(Hash::sha384).size(), 1U);
  EXPECT_TRUE(p.software.signed_by_tik);
  EXPECT_EQ(p.software.ak.size(), 1U);
  EXPECT_TRUE(p.software.swname.accepts("b"));
  EXPECT_FALSE(p.software.swname.accepts("c"));
  EXPECT_TRUE(p.software.measurements.accepts(Bytes{0x01, 0xff}));
  ASSERT_EQ(p.result.verifiers.size(), 1U);
  EXPECT_EQ(p.result.verifiers[0].keys.size(), 2U);
  EXPECT_EQ(p.result.max_age, std::chrono::hours(2));
  EXPECT_EQ(p.result.clock_skew, std::chrono::seconds(90));
  EXPECT_EQ(p.result.audience, "rp");
  EXPECT_EQ(p.result.submods, std::vector<std::string>{"tpm2"});
  EXPECT_EQ(p.machine.size(), 2U);
  EXPECT_TRUE(p.danger.software_evidence && p.danger.allow_unproven_tik && p.danger.allow_unbound_result);
  EXPECT_FALSE(p.danger.allow_debug);
  EXPECT_EQ(p.danger.simulated_roots.size(), 1U);
  EXPECT_TRUE(validate(p).empty());
}

// Each row changes one line of the whole policy, and one mistake is told: at its line, with its key.
struct Row {
  const char* from;
  const char* to;
  const char* key;
  unsigned line;
  const char* what;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.to; }

class OneMistake : public ::testing::TestWithParam<Row> {};

TEST_P(OneMistake, IsToldWithLineKeyAndRemedy) {
  const Row& row = GetParam();
  std::string text = whole;
  const auto at = text.find(row.from);
  ASSERT_NE(at, std::string::npos) << row.from;
  text.replace(at, std::string(row.from).size(), row.to);
  const auto report = check(text);
  EXPECT_FALSE(report.policy);
  ASSERT_EQ(report.mistakes.size(), 1U) << (report.mistakes.empty() ? "" : report.mistakes.back().message());
  const auto& m = report.mistakes.front();
  EXPECT_EQ(m.key, row.key);
  EXPECT_EQ(m.line, row.line);
  EXPECT_THAT(m.what, HasSubstr(row.what));
  EXPECT_FALSE(m.remedy.empty());
  EXPECT_THAT(m.message(), HasSubstr("policy.toml:" + std::to_string(row.line) + ": " + row.key + ": "));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, OneMistake,
    ::testing::Values(
        Row{"id = \"lab\"", "id = 1", "id", 1, "wrong type"},
        Row{"id = \"lab\"", "name = \"lab\"\nid = \"x\"", "name", 1, "no such key"},
        Row{"\"software\"]", "\"software\", \"tpm3\"]", "schemes", 2, "no scheme \"tpm3\""},
        Row{"\"software\"]", "\"software\", \"tpm2\"]", "schemes", 2, "twice"},
        Row{", \"software\"]", "]", "software", 21, "neither schemes nor a part of a compound names it"},
        Row{"key = \"measured\"", "key = \"none\"", "key", 3, "no provenance"},
        Row{"name:000b", "name:", "tpm2.ak", 6, "TPM Name"},
        Row{"sha256:aa", "sha256:a", "tpm2.ak", 6, "64 hex digits"},
        Row{"sha256:aa", "sha1:aa", "tpm2.ak", 6, "pinned by"},
        Row{"sha256:aa", "sha256:zz", "tpm2.ak", 6, "64 hex digits"},
        Row{"ak_ca = \"tpm/ca.pem\"", "ak_ca = \"tpm/ok-p256.txt\"", "tpm2.ak_ca", 7, "holds no certificate"},
        Row{"ak_ca = \"tpm/ca.pem\"", "ak_ca = \"none.pem\"", "tpm2.ak_ca", 7, "cannot be read"},
        Row{"\"tpm/revoked.pem\"", "\"tpm/ca.pem\"", "tpm2.ak_ca_crl", 8, "holds no revocation list"},
        Row{"\"required\"", "\"yes\"", "tpm2.event_log", 10, "no requirement"},
        Row{"\"0x2a\"", "\"42\"", "tpm2.firmware_at_least", 11, "no firmware version"},
        Row{"\"0x2a\"", "\"0x\"", "tpm2.firmware_at_least", 11, "no firmware version"},
        Row{"\"0x2a\"", "\"0x2a junk\"", "tpm2.firmware_at_least", 11, "no firmware version"},
        Row{"[\"expect.any\"]", "[\"any\"]", "tpm2.pcrs.sha256.7", 16, "not hex"},
        Row{"[\"expect.any\"]", "[]", "tpm2.pcrs.sha256.7", 16, "wrong type"},
        Row{"[\"expect.any\"]", "[\"0102\"]", "tpm2.pcrs.sha256.7", 16, "2 bytes"},
        Row{"[\"expect.any\"]", "[7]", "tpm2.pcrs.sha256.7", 16, "wrong type"},
        Row{"7 = [\"expect.any\"]", "24 = [\"expect.any\"]", "tpm2.pcrs.sha256.24", 16, "0 to 23"},
        Row{"7 = [\"expect.any\"]", "07 = [\"expect.any\"]", "tpm2.pcrs.sha256.07", 16, "not the number"},
        Row{"[tpm2.pcrs.sha384]", "[tpm2.pcrs.sha1]", "tpm2.pcrs.sha1", 18, "no such key"},
        Row{"[\"a\", \"b\"]", "[\"a\", 2]", "software.swname", 23, "wrong type"},
        Row{"\"software/ak.pem\"", "\"tpm/ca.pem\"", "software.ak", 22, "no public key"},
        Row{"[\"01ff\"]", "[\"01f\"]", "software.measurements", 24, "not hex"},
        Row{"verifiers = [{", "verifiers = [1, {", "result.verifiers", 28, "wrong type"},
        Row{"identity = \"v\", ", "", "result.verifiers", 28, "an identity is empty"},
        Row{", key = [\"result/ark.pem\", \"result/ark2.pem\"]", "", "result.verifiers", 28, "has no key"},
        Row{"identity = \"v\", ", "identity = \"v\", name = \"v\", ", "result.verifiers.name", 28,
            "no such key"},
        Row{"\"2h\"", "\"2 hours\"", "result.max_age", 29, "no duration"},
        Row{"\"2h\"", "\"0s\"", "result.max_age", 29, "how old"},
        Row{"\"2h\"", "\"-1h\"", "result.max_age", 29, "no duration"},
        Row{"max_age = \"2h\"\n", "\n", "result.max_age", 27, "how old"},
        Row{"\"90s\"", "\"301s\"", "result.clock_skew", 30, "301 seconds"},
        Row{"\"ueid:01\"", "\"01\"", "machine.id", 35, "names no instance"},
        Row{"id = [\"ueid:01\", \"ak:sha256:00\"]", "", "machine.id", 34, "no instance is pinned"},
        Row{"software_evidence = true", "software_evidence = false", "danger.software_evidence", 38,
            "any program"},
        Row{"allow_debug = false", "allow_debug = \"no\"", "danger.allow_debug", 41, "wrong type"},
        Row{"allow_debug = false", "allow_everything = true", "danger.allow_everything", 41, "no such key"}));

TEST(PolicyToml, TellsAllMistakesAtOnceInTheirOrder) {
  const auto report = check(
      "schemes = [\"tpm2\"]\ncolour = 1\n[tpm2]\nak = [\"md5:00\"]\nevent_log = 3\n[danger]\nx = true\n");
  ASSERT_EQ(report.mistakes.size(), 6U);
  const std::vector<std::string> keys = {"id",      "colour",         "tpm2.pcrs",
                                         "tpm2.ak", "tpm2.event_log", "danger.x"};
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(report.mistakes[i].key, keys[i]);
}

TEST(PolicyToml, SyntaxErrorsHaveALine) {
  const auto report = check("id = \"x\"\nschemes = [\"tpm2\"\n[tpm2]\n");
  ASSERT_EQ(report.mistakes.size(), 1U);
  EXPECT_GE(report.mistakes[0].line, 2U);
  EXPECT_THAT(report.mistakes[0].remedy, HasSubstr("column"));
}

TEST(PolicyToml, AnEmptyFileAcceptsNothing) {
  const auto report = check("");
  EXPECT_FALSE(report.policy);
  EXPECT_EQ(report.mistakes.size(), 2U);  // id, schemes
}

TEST(PolicyToml, SectionsThatAreMissingAreTold) {
  const auto keys_of = [](const PolicyReport& report) {
    std::vector<std::string> keys;
    for (const auto& m : report.mistakes) keys.push_back(m.key);
    return keys;
  };
  using Keys = std::vector<std::string>;
  EXPECT_EQ(keys_of(check("id = \"x\"\nschemes = [\"tpm2\"]")), (Keys{"tpm2.ak", "tpm2.pcrs"}));
  EXPECT_EQ(keys_of(check("id = \"x\"\nschemes = [\"software\"]")),
            (Keys{"danger.software_evidence", "software.ak", "software.swname"}));
  EXPECT_EQ(keys_of(check("id = \"x\"\nschemes = [\"result\"]")),
            (Keys{"result.verifiers", "result.max_age"}));
}

TEST(PolicyFile, RelativeNamesStartAtItsOwnFolder) {
  const auto report = check_policy_file(folder + "/none.toml");
  ASSERT_EQ(report.mistakes.size(), 1U);
  EXPECT_EQ(report.mistakes[0].code, Code::io);
  const auto loaded = load_policy(folder + "/none.toml");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::io);

  const auto path = ::testing::TempDir() + "policy_test.toml";
  std::ofstream(path) << "id = \"x\"\nschemes = [\"tpm2\"]\n[tpm2]\nak_ca = "
                         "\"policy_test.pem\"\n[tpm2.pcrs.sha256]\n0 = \"expect.any\"\n";
  const auto without = load_policy(path);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, Code::io);  // the policy is right, a file is missing
  std::filesystem::copy_file(folder + "/tpm/ca.pem", ::testing::TempDir() + "policy_test.pem",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(load_policy(path));
  std::filesystem::remove(path);
  std::filesystem::remove(::testing::TempDir() + "policy_test.pem");
}

TEST(ExpectValues, UnsetAcceptsNothing) {
  EXPECT_FALSE(Expect<int>().accepts(0));
  EXPECT_FALSE(Expect<int>().is_set());
  EXPECT_TRUE(Expect<int>(expect::Any{}).accepts(7));
  EXPECT_TRUE(Expect<int>(expect::Exactly<int>{7}).accepts(7));
  EXPECT_FALSE(Expect<int>(expect::Exactly<int>{7}).accepts(8));
  EXPECT_TRUE(Expect<int>(expect::AtLeast<int>{7}).accepts(8));
  EXPECT_FALSE(Expect<int>(expect::AtLeast<int>{7}).accepts(6));
  EXPECT_TRUE(Expect<int>(expect::OneOf<int>{{1, 7}}).accepts(7));
  EXPECT_FALSE(Expect<int>(expect::OneOf<int>{{1, 7}}).accepts(2));
  EXPECT_FALSE(Expect<int>(expect::OneOf<int>{{}}).accepts(0));
}

}  // namespace
}  // namespace seatls
