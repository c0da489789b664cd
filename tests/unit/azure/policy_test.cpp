// What [azure] accepts, and how it is written.
#include <gmock/gmock.h>

#include "unit/azure/vm.h"

namespace seatls::testing::azure {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

void refused(World& w, const std::vector<Code>& codes) { w.expect_refused(World::vm().evidence(w.t), codes); }

TEST(AzurePolicy, TheTeeIsNamed) {
  for (auto& w : worlds()) {
    w.policy.azure.tees = {w.t.tdx ? "sev-snp" : "tdx"};
    refused(w, {Code::reference_mismatch});
    w.policy.azure.tees.clear();
    refused(w, {Code::policy_unset});
  }
}

TEST(AzurePolicy, OneRegisterMustBeJudged) {
  World w;
  w.policy.azure.pcrs.clear();
  refused(w, {Code::policy_unset});
  w.policy.azure.pcrs[Hash::sha256][4];
  refused(w, {Code::policy_unset});
  w.policy.azure.pcrs[Hash::sha256][4] = expect::Exactly<Bytes>{Bytes(32, 1)};
  refused(w, {Code::reference_mismatch});
  w.policy.azure.pcrs[Hash::sha256] = {{11, expect::Any{}}};
  refused(w, {Code::reference_mismatch});
}

// A virtual TPM is worth what the paravisor below it is.
TEST(AzurePolicy, ExecutablesAreApprovedInBothLayersOrNotAtAll) {
  for (auto& w : worlds()) {
    const auto sound = w.policy;
    w.policy.snp.measurement = w.policy.tdx.mr_td = expect::Any{};
    auto a = w.judge(World::vm().evidence(w.t));
    ASSERT_TRUE(a) << w.told();
    EXPECT_EQ(a->vector[TrustClaim::executables], 0);
    w.policy = sound;
    w.policy.azure.pcrs[Hash::sha256] = {{4, expect::Any{}}};
    a = w.judge(World::vm().evidence(w.t));
    ASSERT_TRUE(a) << w.told();
    EXPECT_EQ(a->vector[TrustClaim::executables], 0);
    EXPECT_THAT(a->dangers, Contains("expect.any: azure.pcrs.sha256.4"));
  }
}

TEST(AzurePolicy, TheHardwareIsJudgedByItsSection) {
  for (auto& w : worlds()) {
    w.policy.snp.measurement = w.policy.tdx.mr_td = expect::Exactly<Bytes>{Bytes(48, 1)};
    refused(w, {Code::reference_mismatch});
    w.policy.snp.measurement = w.policy.tdx.mr_td = {};
    refused(w, {Code::policy_unset});
  }
  World w;
  w.policy.snp.tcb.clear();
  refused(w, {Code::policy_unset});
  w = World();
  w.policy.snp.vmpl = {1};
  refused(w, {Code::reference_mismatch});
}

TEST(AzurePolicy, DebugIsRefusedBelow) {
  World snp;
  snp.t.hardware = [](Bytes& raw) { raw[0x08 + 2] |= 1U << 3; };
  refused(snp, {Code::debug_enabled});
  World td;
  td.t.tdx = true;
  td.t.hardware = [](Bytes& raw) { raw[48 + 120] |= 1; };
  td.t.td_report = [](Bytes& raw) { raw[512] |= 1; };
  refused(td, {Code::debug_enabled});
}

TEST(AzurePolicy, MembersOfTheConfiguration) {
  World w;
  w.t.configuration = R"({"secure-boot":false,"count":3,"name":"true","nested":{"a":[1,null]}})";
  refused(w, {Code::reference_mismatch});
  w.policy.azure.vm = {{"secure-boot", expect::Exactly<std::string>{"false"}},
                       {"count", expect::OneOf<std::string>{{"2", "3"}}},
                       {"name", expect::Exactly<std::string>{"true"}},
                       {"nested", expect::Exactly<std::string>{R"({"a":[1,null]})"}}};
  w.expect_accepted(World::vm().evidence(w.t));
  w.policy.azure.vm["absent"] = expect::Any{};
  refused(w, {Code::reference_mismatch});
  w.policy.azure.vm = {{"count", {}}};
  refused(w, {Code::policy_unset});
  w.policy.azure.vm = {{"count", expect::Any{}}};
  const auto a = w.judge(World::vm().evidence(w.t));
  ASSERT_TRUE(a) << w.told();
  EXPECT_THAT(a->dangers, Contains("expect.any: azure.vm.count"));
}

TEST(AzurePolicy, UserDataIsNothingTheBinderOrWhatIsListed) {
  World w;
  w.t.user_data = "";
  w.expect_accepted(World::vm().evidence(w.t));
  w.policy.azure.user_data = expect::Exactly<Bytes>{Bytes(64, 0)};
  refused(w, {Code::reference_mismatch});
  w.policy.azure.user_data = {};
  Bytes padded = w.binder;
  padded.resize(64, 0);
  w.t.user_data = base::to_hex(padded);
  w.expect_accepted(World::vm().evidence(w.t));
  padded[63] = 1;
  w.t.user_data = base::to_hex(padded);
  refused(w, {Code::policy_unset});
  w.policy.azure.user_data = expect::Exactly<Bytes>{Bytes(64, 7)};
  refused(w, {Code::reference_mismatch});
  w.policy.azure.user_data = expect::Exactly<Bytes>{padded};
  w.expect_accepted(World::vm().evidence(w.t));
  w.policy.azure.user_data = expect::Any{};
  const auto a = w.judge(World::vm().evidence(w.t));
  ASSERT_TRUE(a) << w.told();
  EXPECT_THAT(a->dangers, Contains("expect.any: azure.user_data"));
}

// What the policy objects to is told beside what does not verify.
TEST(AzurePolicy, ForeseenObjections) {
  World w;
  w.policy.azure.tees = {"tdx"};
  w.policy.snp.measurement = expect::Exactly<Bytes>{Bytes(48, 1)};
  w.binder = Bytes(32, 0xB0);
  refused(w,
          {Code::binder_mismatch, Code::binder_mismatch, Code::reference_mismatch, Code::reference_mismatch});
}

// ---- As a file ---------------------------------------------------------------------------------

const std::string good = R"(id = "vms"
schemes = ["azure"]
[azure]
tees = ["sev-snp"]
event_log = "required"
[azure.pcrs.sha256]
4 = [")" + std::string(64, 'a') +
                         R"("]
[azure.vm]
secure-boot = true
console-enabled = ["false"]
vmUniqueId = "expect.any"
[sev-snp]
measurement = [")" + std::string(96, 'b') +
                         R"("]
[sev-snp.tcb.milan]
reported = { bootloader = 4, tee = 0, snp = 24, microcode = 219 }
)";

std::vector<PolicyMistake> mistakes_of(const std::string& from, const std::string& to) {
  std::string changed = good;
  const auto at = changed.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  changed.replace(at, from.size(), to);
  return check_policy_text(changed, ".").mistakes;
}

TEST(AzurePolicy, AFileIsRead) {
  const auto report = check_policy_text(good, ".");
  ASSERT_TRUE(report.policy) << report.mistakes.front().message();
  const auto& p = report.policy->azure;
  EXPECT_EQ(p.tees, std::vector<std::string>{"sev-snp"});
  EXPECT_TRUE(p.require_event_log);
  EXPECT_TRUE(p.vm.at("secure-boot").accepts("true"));
  EXPECT_FALSE(p.vm.at("secure-boot").accepts("false"));
  EXPECT_TRUE(p.vm.at("vmUniqueId").is_any());
  EXPECT_TRUE(p.pcrs.at(Hash::sha256).at(4).accepts(Bytes(32, 0xAA)));
  EXPECT_FALSE(p.user_data.is_set());
}

TEST(AzurePolicy, MistakesOfAFile) {
  const std::tuple<std::string, std::string, std::string> rows[] = {
      {"tees = [\"sev-snp\"]\n", "", "azure.tees"},
      {"tees = [\"sev-snp\"]", "tees = [\"sgx\"]", "azure.tees"},
      {"tees = [\"sev-snp\"]", "tees = [\"sev-snp\", \"sev-snp\"]", "azure.tees"},
      {"tees = [\"sev-snp\"]", "tees = [\"sev-snp\", \"tdx\"]", "tdx.mr_td"},
      {"\"required\"", "\"maybe\"", "azure.event_log"},
      {"[azure.pcrs.sha256]", "[azure.pcrs.sha1]", "azure.pcrs.sha1"},
      {std::string(64, 'a'), std::string(62, 'a'), "azure.pcrs.sha256.4"},
      {"4 = [", "24 = [", "azure.pcrs.sha256.24"},
      {"[\"false\"]", "[]", "azure.vm.console-enabled"},
      {"[\"false\"]", "1.5", "azure.vm.console-enabled"},
      {"event_log", "user_data = [\"00\"]\nevent_log", "azure.user_data"},
      {"event_log", "unknown = 1\nevent_log", "azure.unknown"},
      {"measurement = [\"" + std::string(96, 'b') + "\"]", "", "sev-snp.measurement"},
      {"schemes = [\"azure\"]", "schemes = [\"nitro\"]", "azure"},
  };
  for (const auto& [from, to, key] : rows) {
    const auto mistakes = mistakes_of(from, to);
    EXPECT_TRUE(std::ranges::any_of(mistakes, [&](const auto& m) { return m.key == key; }))
        << key << ": " << (mistakes.empty() ? "no mistake" : mistakes.front().message());
  }
}

// A section of hardware is used where [azure] names it, and is a mistake where nothing does.
TEST(AzurePolicy, SectionsThatNothingUsesAreMistakes) {
  const auto mistakes = mistakes_of("tees = [\"sev-snp\"]", "tees = [\"tdx\"]");
  EXPECT_TRUE(std::ranges::any_of(mistakes, [](const auto& m) { return m.key == "sev-snp"; }));
}

}  // namespace
}  // namespace seatls::testing::azure
