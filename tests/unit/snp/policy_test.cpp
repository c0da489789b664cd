// The sections [sev-snp] and [nitro] of a policy: every key, and every mistake at its line.
#include <gtest/gtest.h>

#include <algorithm>

#include "seatls/policy.h"

namespace seatls {
namespace {

const std::string hex48(96, 'a'), hex32(64, 'b'), hex16(32, 'c');

const std::string snp_policy = R"(id = "lab"
schemes = ["sev-snp"]

[sev-snp]
measurement = [")" + hex48 + R"("]
host_data = ")" + hex32 + R"("
id_key_digest = ")" + hex48 + R"("
author_key_digest = "expect.any"
family_id = ")" + hex16 + R"("
image_id = ")" + hex16 + R"("
vmpl = [0, 2]
guest_svn_at_least = 7
permit = ["smt", "migration", "provisional_firmware"]
demand = ["single_socket", "ciphertext_hiding"]
demand_platform = ["ecc", "alias_check_complete"]
vlek = ["CN=cloud.example"]
key = "measured"

[sev-snp.tcb.genoa]
reported = { bootloader = 10, tee = 0, snp = 23, microcode = 84 }
launch = { bootloader = 9, tee = 0, snp = 22, microcode = 80 }

[sev-snp.tcb.turin]
reported = { fmc = 1, bootloader = 1, tee = 1, snp = 3, microcode = 70 }
)";

const std::string nitro_policy = R"(id = "lab"
schemes = ["nitro"]

[nitro]
user_data = "0102"
max_age = "10m"
key = "measured"

[nitro.pcrs]
0 = [")" + hex48 + R"("]
8 = "expect.any"
)";

PolicyReport check(const std::string& text) { return check_policy_text(text, "/dev/null/none", "p.toml"); }

TEST(PolicySections, SevSnpIsReadWhole) {
  const auto report = check(snp_policy);
  ASSERT_TRUE(report.policy) << report.mistakes.front().message();
  const SnpPolicy& p = report.policy->snp;
  EXPECT_TRUE(p.measurement.accepts(Bytes(48, 0xaa)));
  EXPECT_TRUE(p.host_data.accepts(Bytes(32, 0xbb)));
  EXPECT_TRUE(p.id_key_digest.accepts(Bytes(48, 0xaa)));
  EXPECT_TRUE(p.author_key_digest.is_any());
  EXPECT_TRUE(p.family_id.accepts(Bytes(16, 0xcc)));
  EXPECT_TRUE(p.image_id.accepts(Bytes(16, 0xcc)));
  EXPECT_EQ(p.vmpl, (std::vector<unsigned>{0, 2}));
  EXPECT_EQ(p.guest_svn_at_least, 7U);
  EXPECT_EQ(p.permit, snp::policy_smt | snp::policy_migrate_ma);
  EXPECT_TRUE(p.permit_provisional_firmware);
  EXPECT_EQ(p.demand, snp::policy_single_socket | snp::policy_ciphertext_hiding);
  EXPECT_EQ(p.demand_platform, snp::platform_ecc | snp::platform_alias_check_complete);
  EXPECT_TRUE(p.vlek.accepts("CN=cloud.example"));
  EXPECT_EQ(p.key, KeyProvenance::measured);
  ASSERT_EQ(p.tcb.size(), 2U);
  const auto& genoa = p.tcb.at(SnpProduct::genoa);
  EXPECT_EQ(genoa.reported, (SnpTcb{.bootloader = 10, .tee = 0, .snp = 23, .microcode = 84}));
  EXPECT_EQ(genoa.launch, (SnpTcb{.bootloader = 9, .tee = 0, .snp = 22, .microcode = 80}));
  EXPECT_FALSE(genoa.committed || genoa.current);
  EXPECT_EQ(p.tcb.at(SnpProduct::turin).reported,
            (SnpTcb{.fmc = 1, .bootloader = 1, .tee = 1, .snp = 3, .microcode = 70}));
}

TEST(PolicySections, NitroIsReadWhole) {
  const auto report = check(nitro_policy);
  ASSERT_TRUE(report.policy) << report.mistakes.front().message();
  const NitroPolicy& p = report.policy->nitro;
  EXPECT_TRUE(p.user_data.accepts(Bytes{1, 2}));
  EXPECT_EQ(p.max_age, std::chrono::minutes(10));
  EXPECT_EQ(p.key, KeyProvenance::measured);
  EXPECT_TRUE(p.pcrs.at(0).accepts(Bytes(48, 0xaa)));
  EXPECT_TRUE(p.pcrs.at(8).is_any());
}

// Each row changes one line of a policy, and one mistake is told, at its key.
struct Row {
  const std::string& policy;
  std::string from, to, key;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.to; }

class OneMistakeInASection : public ::testing::TestWithParam<Row> {};

TEST_P(OneMistakeInASection, IsToldWithItsKey) {
  const Row& row = GetParam();
  std::string text = row.policy;
  const auto at = text.find(row.from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, row.from.size(), row.to);
  const auto report = check(text);
  EXPECT_FALSE(report.policy);
  ASSERT_EQ(report.mistakes.size(), 1U) << (report.mistakes.empty() ? "" : report.mistakes.back().message());
  EXPECT_EQ(report.mistakes[0].key, row.key) << report.mistakes[0].message();
  EXPECT_FALSE(report.mistakes[0].remedy.empty());
}

INSTANTIATE_TEST_SUITE_P(
    SevSnp, OneMistakeInASection,
    ::testing::Values(
        Row{snp_policy, "measurement = [\"" + hex48 + "\"]", "", "sev-snp.measurement"},
        Row{snp_policy, "[\"" + hex48 + "\"]", "\"aa\"", "sev-snp.measurement"},
        Row{snp_policy, "[\"" + hex48 + "\"]", "\"xyz\"", "sev-snp.measurement"},
        Row{snp_policy, "\"" + hex32 + "\"", "\"aa\"", "sev-snp.host_data"},
        Row{snp_policy, "vmpl = [0, 2]", "vmpl = [4]", "sev-snp.vmpl"},
        Row{snp_policy, "vmpl = [0, 2]", "vmpl = 0", "sev-snp.vmpl"},
        Row{snp_policy, "vmpl = [0, 2]", "vmpl = []", "sev-snp.vmpl"},
        Row{snp_policy, "least = 7", "least = -1", "sev-snp.guest_svn_at_least"},
        Row{snp_policy, "\"smt\"", "\"debug\"", "sev-snp.permit"},
        Row{snp_policy, "\"single_socket\"", "\"smt\"", "sev-snp.demand"},
        Row{snp_policy, "\"ecc\"", "\"smt\"", "sev-snp.demand_platform"},
        Row{snp_policy, "snp = 23", "snp = 256", "sev-snp.tcb.genoa.reported.snp"},
        Row{snp_policy, "tee = 0, snp = 23", "snp = 23", "sev-snp.tcb.genoa.reported.tee"},
        Row{snp_policy, "{ bootloader = 10", "{ fmc = 1, bootloader = 10", "sev-snp.tcb.genoa.reported.fmc"},
        Row{snp_policy, "{ fmc = 1, ", "{ ", "sev-snp.tcb.turin.reported.fmc"},
        Row{snp_policy, "[sev-snp.tcb.genoa]\nreported", "[sev-snp.tcb.genoa]\ncurrent", "sev-snp.tcb.genoa"},
        Row{snp_policy, "tcb.turin", "tcb.venice", "sev-snp.tcb.venice"},
        Row{snp_policy, "key = \"measured\"", "keys = \"measured\"", "sev-snp.keys"},
        Row{snp_policy, "id = \"lab\"", "", "id"}));

INSTANTIATE_TEST_SUITE_P(
    Nitro, OneMistakeInASection,
    ::testing::Values(Row{nitro_policy, "0 = [\"" + hex48 + "\"]", "0 = [\"aa\"]", "nitro.pcrs.0"},
                      Row{nitro_policy, "0 = [\"" + hex48 + "\"]", "0 = []", "nitro.pcrs.0"},
                      Row{nitro_policy, "8 = ", "32 = ", "nitro.pcrs.32"},
                      Row{nitro_policy, "8 = ", "x = ", "nitro.pcrs.x"},
                      Row{nitro_policy, "\"10m\"", "\"4h\"", "nitro.max_age"},
                      Row{nitro_policy, "\"10m\"", "\"0s\"", "nitro.max_age"},
                      Row{nitro_policy, "\"0102\"", "\"01x\"", "nitro.user_data"},
                      Row{nitro_policy, "user_data", "user", "nitro.user"}));

TEST(PolicySections, WithoutAnythingEachDemandIsTold) {
  const auto keys = [](const std::string& text) {
    std::vector<std::string> out;
    for (const auto& m : check(text).mistakes) out.push_back(m.key);
    return out;
  };
  EXPECT_EQ(keys("id = \"x\"\nschemes = [\"sev-snp\"]\n"),
            (std::vector<std::string>{"sev-snp.measurement", "sev-snp.tcb"}));
  EXPECT_EQ(keys("id = \"x\"\nschemes = [\"nitro\"]\n"), std::vector<std::string>{"nitro.pcrs"});
}

}  // namespace
}  // namespace seatls
