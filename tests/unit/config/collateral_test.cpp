// [collateral]: where collateral comes from, and that nobody leaves it open by mistake.
#include "config/draft.h"
#include "unit/config/fixture.h"

namespace seatls::config {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::HasSubstr;

const std::string fetched_policy = [] {
  std::string p = "id = \"tdx\"\nschemes = [\"tdx\"]\n\n[tdx]\ncollateral = \"fetched\"\n";
  for (const char* key : {"mr_td", "rtmr0", "rtmr1", "rtmr2", "rtmr3"})
    p += std::string(key) + " = [\"" + std::string(96, '7') + "\"]\n";
  return p;
}();
const std::string section = "\n[collateral]\ncache = \"kept\"\n";

struct Fetching : ConfigTest {
  Fetching() { files.write("policy.toml", fetched_policy); }
  [[nodiscard]] Result<CollateralOptions> options(const std::string& toml) const {
    files.write("seatls.toml", toml);
    return load_collateral_options(files.path("seatls.toml"));
  }
};

TEST_F(Fetching, WithTheSectionAVerifierIsMade) {
  const auto loaded = good(client_text + section);
  ASSERT_TRUE(loaded.config.require && loaded.config.require->verifier);
  EXPECT_EQ(loaded.config.require->verifier->schemes().size(), 1U);
  EXPECT_TRUE(loaded.config.dangers.empty());
}

TEST_F(Fetching, WithoutTheSectionNothingIsLeftOpen) {
  const auto m = mistake(client_text);
  EXPECT_EQ(m.key, "require.policy");
  EXPECT_THAT(m.remedy, HasSubstr("[collateral]"));
  // A policy that names nothing at all is not mended by the section.
  files.write("policy.toml", changed(fetched_policy, "collateral = \"fetched\"\n", ""));
  EXPECT_EQ(mistake(client_text + section).key, "tdx.collateral");
}

TEST_F(Fetching, AFileOfThatNameIsNamedByItsPath) {
  files.write("policy.toml", changed(fetched_policy, "\"fetched\"", "[\"fetched\", \"./fetched\"]"));
  EXPECT_EQ(mistake(client_text + section).key, "tdx.collateral");
}

TEST_F(Fetching, TheKeys) {
  const auto o = options(
      "[collateral]\ncache = \"kept\"\noffline = true\npcs = \"https://pccs.example:8081\"\nkds = "
      "\"http://127.0.0.1:99\"\n"
      "intel_root_crl = \"https://pccs.example/crl\"\nca = \"ca.pem\"\ntimeout = \"250ms\"\nretries = "
      "0\nbudget = \"3s\"\n"
      "refresh = \"2h\"\n");
  ASSERT_TRUE(o) << o.error().message();
  EXPECT_EQ(o->cache, files.path("kept"));
  EXPECT_TRUE(o->offline);
  EXPECT_EQ(o->pcs, "https://pccs.example:8081");
  EXPECT_EQ(o->kds, "http://127.0.0.1:99");
  EXPECT_EQ(o->intel_root_crl, "https://pccs.example/crl");
  EXPECT_THAT(o->ca_pem, HasSubstr("BEGIN CERTIFICATE"));
  EXPECT_EQ(o->timeout, milliseconds(250));
  EXPECT_EQ(o->retries, 0U);
  EXPECT_EQ(o->budget, milliseconds(3000));
  EXPECT_EQ(o->refresh, std::chrono::hours(2));
  const auto defaults = options("[collateral]\n");
  ASSERT_TRUE(defaults);
  EXPECT_EQ(defaults->cache, "");
  EXPECT_EQ(defaults->pcs, CollateralOptions().pcs);
  EXPECT_FALSE(defaults->danger_plain_http);
  EXPECT_EQ(options("[endpoint]\n").error().code, Code::configuration);
  EXPECT_FALSE(options("[collateral]\ncahce = \"x\"\n"));
}

TEST_F(Fetching, MistakesAreToldWithTheirKey) {
  const auto with = [&](const std::string& line) {
    return mistake(client_text + "\n[collateral]\n" + line + "\n");
  };
  EXPECT_EQ(with("pcs = \"http://pccs.example\"").key, "collateral.pcs");
  EXPECT_EQ(with("kds = \"ftp://kds.example\"").key, "collateral.kds");
  EXPECT_EQ(with("intel_root_crl = \"\"").key, "collateral.intel_root_crl");
  EXPECT_EQ(with("ca = \"rubbish.pem\"").key, "collateral.ca");
  EXPECT_EQ(with("ca = \"none.pem\"").key, "collateral.ca");
  EXPECT_EQ(with("timeout = \"1ms\"").key, "collateral.timeout");
  EXPECT_EQ(with("budget = \"1d\"").key, "collateral.budget");
  EXPECT_EQ(with("refresh = \"1s\"").key, "collateral.refresh");
  EXPECT_EQ(with("retries = 11").key, "collateral.retries");
  EXPECT_EQ(with("retries = -1").key, "collateral.retries");
  EXPECT_EQ(with("cache = \"\"").key, "collateral.cache");
  EXPECT_EQ(with("offline = true").key, "collateral.offline");
  files.write("policy.toml", policy_text);
  const auto nothing =
      mistake(changed(server_text, server_text.substr(server_text.find("[require]")), "") + section);
  EXPECT_EQ(nothing.key, "collateral");
}

TEST_F(Fetching, PlainHttpIsADanger) {
  const auto loaded =
      good(client_text +
           "\n[collateral]\npcs = \"http://pccs.example\"\n\n[danger]\ncollateral_over_http = true\n");
  EXPECT_THAT(loaded.config.dangers, Contains("collateral_over_http"));
}

}  // namespace
}  // namespace seatls::config
