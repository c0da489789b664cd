// Evidence of real VMs: coverage_test compares the verdicts; here stand what is read, and how files are
// recognised.
#include <gmock/gmock.h>

#include "appraise/schemes/azure/hcl_report.h"
#include "base/encoding.h"
#include "seatls/verifiers.h"
#include "unit/azure/samples.h"

namespace seatls::testing::azure_samples {
namespace {

using ::testing::Contains;

class AzureSamples : public ::testing::Test {
 protected:
  void SetUp() override { SEATLS_NEEDS_SAMPLES(); }
};

TEST_F(AzureSamples, SayWhatTheManifestExpects) {
  const auto all = cases();
  EXPECT_GE(all.size(), 5U);
  for (const auto& c : all) {
    const auto e = parsed(c.raw);
    const bool tdx = c.expected["hcl"]["report_type"] == "TDX";
    EXPECT_EQ(e.td_quote() != nullptr, tdx) << c.name();
    EXPECT_EQ(e.hcl.variable.raw.size(), c.expected["hcl"]["var_data_len"]) << c.name();
    EXPECT_EQ(base::to_hex(e.quote.extra_data), c.expected["tpm_extra_data"]) << c.name();
    EXPECT_EQ(e.hcl.expected_report_data(), hex(c.expected[tdx ? "tdreport_report_data" : "report_data"]))
        << c.name();
    EXPECT_EQ(e.pcrs.size(), 24U);
  }
}

TEST_F(AzureSamples, HclReportsAlone) {
  for (const auto& group : groups_of("azure/", "azure"))
    for (const auto& row : group["files"]) {
      const auto path = row["file"].get<std::string>();
      if (path.find("hcl") == std::string::npos) continue;
      const auto read = appraise::azure::parse_hcl_report(sample(path));
      ASSERT_TRUE(read) << path << ": " << read.error().message();
      const auto expected = read->expected_report_data();
      const bool binds = read->td() != nullptr ? std::ranges::equal(expected, read->td()->report_data)
                                               : std::ranges::equal(expected, read->snp()->report_data);
      EXPECT_TRUE(binds) << path;
    }
}

// The file is recognised, and what it says is told.
TEST_F(AzureSamples, AFileIsAppraised) {
  for (const auto& c : cases()) {
    if (c.collateral.empty() && c.id.find("tdx") != std::string::npos) continue;
    const auto policy = policy_for(parsed(c.raw), c.collateral);
    OfflineCredential file;
    file.bytes = c.raw;
    file.binder = c.binder();
    file.at = c.at;
    const auto result = appraise_offline(policy, file);
    ASSERT_TRUE(result) << c.name() << ": " << result.error().message();
    EXPECT_EQ(result->first_fatal(), nullptr) << c.name() << ": " << appraise::testing::reasons_of(*result);
    EXPECT_EQ((*result)->scheme, "azure");
    EXPECT_FALSE(appraise::testing::claim_of(*result, "azure.vm.vmUniqueId").empty());
  }
}

// Judged at the very least by the sections of the hardware: without them nothing passes.
TEST_F(AzureSamples, TheHardwareIsNotOptional) {
  for (const auto& c : cases()) {
    auto policy = policy_for(parsed(c.raw), c.collateral);
    policy.snp = {};
    policy.tdx = {};
    const auto verdict = judge(c.raw, policy, c.binder(), c.at);
    EXPECT_FALSE(verdict.assessment) << c.name();
    EXPECT_TRUE(verdict.has(Code::policy_unset)) << c.name() << verdict.told();
  }
}

}  // namespace
}  // namespace seatls::testing::azure_samples
