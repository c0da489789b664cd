// TDX quotes of a made-up platform: every refusal, each with everything else in order.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "appraise/schemes/intel/tcb.h"
#include "attest/simulated/intel_platform.h"
#include "base/encoding.h"
#include "unit/appraise/intel_kit.h"

namespace seatls::appraise {
namespace {

using attest::simulated::IntelPlatform;
using std::chrono::hours;
using testing::code_of;
using ::testing::Contains;
using testing::has_reason;
using ::testing::HasSubstr;
using testing::judge;
using testing::policy_of;
using testing::reasons_of;

const Time now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());

SimulatedTdxOptions at_now(SimulatedTdxOptions options = {}) {
  options.clock = [] { return now; };
  return options;
}

// Machine is a platform, one quote of it, and a policy that accepts just that.
struct Machine {
  explicit Machine(SimulatedTdxOptions options = {})
      : platform(IntelPlatform::make(at_now(std::move(options))).value()) {
    report_data = Bytes(32, 0xb1);
    report_data.resize(64, 0);
    quote = platform.quote(report_data).value();
    const auto parsed = intel::parse_quote(quote).value();
    policy = policy_of(*parsed.td(), {platform.collateral()});
    policy.tdx.td_attributes = {};
    policy.danger.simulated_roots = {bytes(platform.root().der())};
  }
  [[nodiscard]] AttestationResult result(Time at = now) const {
    return judge("tdx", quote, policy, ByteView(report_data).first(32), at);
  }

  IntelPlatform platform;
  Bytes report_data, quote;
  Policy policy;
};

class TdxVersions : public ::testing::TestWithParam<unsigned> {
 protected:
  static SimulatedTdxOptions options() {
    SimulatedTdxOptions o;
    o.quote_version = GetParam();
    return o;
  }
};
INSTANTIATE_TEST_SUITE_P(Both, TdxVersions, ::testing::Values(4U, 5U));

TEST_P(TdxVersions, AGoodQuoteOfASimulatedPlatformIsAWarning) {
  const Machine m(options());
  const auto result = m.result();
  EXPECT_EQ(result.first_fatal(), nullptr) << reasons_of(result);
  EXPECT_EQ(result.tier(), Tier::warning);
  EXPECT_EQ(result->key, KeyProvenance::measured);
  EXPECT_THAT(result->dangers, Contains(HasSubstr("simulated_roots")));
  EXPECT_THAT(result->instance, Contains(HasSubstr("ppid:9d9d")));
  EXPECT_EQ(testing::claim_of(result, "tdx.tcb.status"), "UpToDate");
  // What verified once is remembered, and judged anew.
  EXPECT_EQ(m.result().tier(), Tier::warning);
}

TEST_P(TdxVersions, ASimulatedRootThatNobodyNamed) {
  Machine m(options());
  m.policy.danger.simulated_roots.clear();
  const auto result = m.result();
  EXPECT_EQ(code_of(result), Code::untrusted_attestation_key) << reasons_of(result);
  m.policy.danger.simulated_roots = {bytes(Machine().platform.root().der())};
  EXPECT_EQ(code_of(m.result()), Code::untrusted_attestation_key);
}

// A simulated root makes collateral for its own platforms alone, and the same the other way round.
TEST(Tdx, CollateralBelowAnotherRoot) {
  Machine m;
  const Machine other;
  m.policy.danger.simulated_roots.push_back(bytes(other.platform.root().der()));
  m.policy.tdx.tcb.collateral = {IntelCollateral::parse(other.platform.collateral()).value()};
  const auto result = m.result();
  EXPECT_NE(result.first_fatal(), nullptr);
  EXPECT_TRUE(has_reason(result, Code::collateral_missing) || has_reason(result, Code::collateral_invalid))
      << reasons_of(result);
}

TEST_P(TdxVersions, EveryPrefixAndEveryChangedByte) {
  const Machine m(options());
  const auto parsed = intel::parse_quote(m.quote).value();
  for (std::size_t n = 0; n < m.quote.size(); ++n)
    ASSERT_FALSE(intel::parse_quote(ByteView(m.quote).first(n))) << n;
  // Up to the chain each bit counts; of the chain, what the certificates say.
  const std::size_t chain = m.quote.size() - parsed.certification.size();
  for (std::size_t i = 0; i < m.quote.size(); i += i < chain ? 1 : 7) {
    Bytes changed = m.quote;
    changed[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
    const auto result = judge("tdx", changed, m.policy, ByteView(m.report_data).first(32), now);
    if (i < chain) {
      ASSERT_NE(result.first_fatal(), nullptr) << "byte " << i;
      ASSERT_NE(category(code_of(result)), Category::misuse);
    } else if (result.first_fatal() == nullptr) {
      EXPECT_EQ(testing::claim_of(result, "tdx.platform.ppid"), base::to_hex(Bytes(16, 0x9d)));
    }
  }
}

TEST(Tdx, PaddingBehindTheQuoteIsPassedOver) {
  Machine m;
  m.quote.resize(8000, 0);
  EXPECT_EQ(m.result().first_fatal(), nullptr);
}

TEST(Tdx, TheBinderFillsTheWholeField) {
  const Machine m;
  EXPECT_EQ(code_of(judge("tdx", m.quote, m.policy, Bytes(32, 0xb2), now)), Code::binder_mismatch);
  EXPECT_EQ(code_of(judge("tdx", m.quote, m.policy, Bytes(31, 0xb1), now)), Code::binder_mismatch);
  EXPECT_EQ(code_of(judge("tdx", m.quote, m.policy, Bytes(48, 0xb1), now)), Code::binder_mismatch);
  EXPECT_EQ(code_of(judge("tdx", m.quote, m.policy, {}, now)), Code::binder_mismatch);
}

TEST(Tdx, ARevokedPlatform) {
  SimulatedTdxOptions o;
  o.revoked = true;
  EXPECT_EQ(code_of(Machine(std::move(o)).result()), Code::certificate_revoked);
}

TEST(Tdx, CollateralThatIsStaleOrMissing) {
  Machine m;
  EXPECT_EQ(code_of(m.result(now + hours(24 * 31))), Code::collateral_stale);
  EXPECT_EQ(m.result().first_fatal(), nullptr);
  m.policy.tdx.tcb.collateral.clear();
  EXPECT_EQ(code_of(m.result()), Code::collateral_missing);
}

TEST(Tdx, ADebuggerIsADanger) {
  SimulatedTdxOptions o;
  o.td_attributes[0] = 1;
  Machine m(std::move(o));
  EXPECT_EQ(code_of(m.result()), Code::debug_enabled);
  m.policy.tdx.td_attributes = expect::Any{};
  EXPECT_EQ(code_of(m.result()), Code::debug_enabled);
  m.policy.danger.allow_debug = true;
  EXPECT_EQ(m.result().first_fatal(), nullptr) << reasons_of(m.result());
  EXPECT_THAT(m.result()->dangers, Contains("allow_debug"));
}

TEST(Tdx, AttributesThatOnlyThePolicyCanAccept) {
  for (const auto& attributes : {Bytes{0, 0, 0, 0x30, 0, 0, 0, 0},     // migratable
                                 Bytes{0, 0, 0, 0, 0, 0, 0, 0},        // without SEPT_VE_DISABLE
                                 Bytes{0x10, 0, 0, 0x10, 0, 0, 0, 0},  // profiling
                                 Bytes{0, 1, 0, 0x10, 0, 0, 0, 0}}) {  // not defined
    SimulatedTdxOptions o;
    o.td_attributes = attributes;
    Machine m(std::move(o));
    EXPECT_EQ(code_of(m.result()), Code::reference_mismatch) << base::to_hex(attributes);
    m.policy.tdx.td_attributes = expect::OneOf<Bytes>{{attributes}};
    EXPECT_EQ(m.result().first_fatal(), nullptr) << reasons_of(m.result());
  }
}

TEST(Tdx, MeasurementsAndWhatIsUnset) {
  const Machine good;
  const auto with = [&](const std::function<void(TdxPolicy&)>& change) {
    Policy policy = good.policy;
    change(policy.tdx);
    return code_of(judge("tdx", good.quote, policy, ByteView(good.report_data).first(32), now));
  };
  const Expect<Bytes> other = expect::OneOf<Bytes>{{Bytes(48, 1), Bytes(48, 2)}};
  EXPECT_EQ(with([&](TdxPolicy& p) { p.mr_td = other; }), Code::reference_mismatch);
  EXPECT_EQ(with([&](TdxPolicy& p) { p.mr_td = {}; }), Code::policy_unset);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(with([&](TdxPolicy& p) { p.rtmr[i] = other; }), Code::reference_mismatch);
    EXPECT_EQ(with([&](TdxPolicy& p) { p.rtmr[i] = {}; }), Code::policy_unset);
    // "any" names no software, so nothing vouches for where the key was made.
    EXPECT_EQ(with([&](TdxPolicy& p) { p.rtmr[i] = expect::Any{}; }), Code::key_unproven);
  }
  EXPECT_EQ(with([&](TdxPolicy& p) { p.mr_seam = other; }), Code::reference_mismatch);
  EXPECT_EQ(with([&](TdxPolicy& p) { p.mr_signer_seam = other; }), Code::reference_mismatch);
  EXPECT_EQ(with([&](TdxPolicy& p) { p.mr_config_id = other; }), Code::reference_mismatch);
  EXPECT_EQ(with([&](TdxPolicy& p) { p.mr_service_td = other; }), Code::reference_mismatch);
  EXPECT_EQ(with([&](TdxPolicy& p) { p.xfam = expect::Exactly<Bytes>{Bytes(8)}; }), Code::reference_mismatch);
  EXPECT_EQ(with([&](TdxPolicy& p) { p.tee_tcb_svn_at_least = Bytes(16, 0xff); }), Code::tcb_rejected);
  EXPECT_EQ(with([&](TdxPolicy& p) { p.key = KeyProvenance::proven; }), Code::key_unproven);
  EXPECT_EQ(with([&](TdxPolicy& p) { p.tcb.tcb_evaluation_at_least = 18; }), Code::tcb_rejected);
  EXPECT_EQ(with([&](TdxPolicy& p) { p.tcb.tcb_evaluation_at_least = 17; }), Code::internal);
  for (auto field : {&TdxPolicy::mr_config_id, &TdxPolicy::mr_owner, &TdxPolicy::mr_owner_config,
                     &TdxPolicy::mr_service_td, &TdxPolicy::xfam})
    EXPECT_EQ(with([&](TdxPolicy& p) { p.*field = {}; }), Code::internal);  // zeros
}

TEST(Tdx, AnotherMachineThanThePinnedOne) {
  Machine m;
  m.policy.machine = {"ppid:" + base::to_hex(Bytes(16, 0x11))};
  EXPECT_EQ(code_of(m.result()), Code::instance_mismatch);
  m.policy.machine = {"ppid:" + base::to_hex(Bytes(16, 0x9d))};
  EXPECT_EQ(m.result().first_fatal(), nullptr);
}

TEST(Tdx, StatusesAndAdvisories) {
  SimulatedTdxOptions o;
  o.tcb_status = "SWHardeningNeeded";
  o.advisories = {"INTEL-SA-00615"};
  Machine m(std::move(o));
  EXPECT_EQ(code_of(m.result()), Code::tcb_rejected);
  m.policy.tdx.tcb.tcb_status = {"UpToDate", "SWHardeningNeeded"};
  EXPECT_EQ(code_of(m.result()), Code::tcb_rejected);  // the advisory is open
  m.policy.tdx.tcb.advisories = expect::OneOf<std::string>{{"INTEL-SA-00289"}};
  EXPECT_EQ(code_of(m.result()), Code::tcb_rejected);
  m.policy.tdx.tcb.advisories = expect::OneOf<std::string>{{"INTEL-SA-00289", "INTEL-SA-00615"}};
  EXPECT_EQ(m.result().first_fatal(), nullptr) << reasons_of(m.result());
}

TEST(Tdx, ARevokedStatusIsNeverAccepted) {
  SimulatedTdxOptions o;
  o.tcb_status = "Revoked";
  Machine m(std::move(o));
  m.policy.tdx.tcb.tcb_status = {"UpToDate", "Revoked"};
  EXPECT_EQ(code_of(m.result()), Code::tcb_rejected);
}

TEST(Tdx, OlderThanEverythingThatIsListed) {
  SimulatedTdxOptions o;
  o.tee_tcb_svn = Bytes{5, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};  // microcode below the level's
  EXPECT_EQ(code_of(Machine(std::move(o)).result()), Code::tcb_rejected);
  SimulatedTdxOptions module;
  module.tee_tcb_svn = Bytes{2, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};  // module SVN below every level
  EXPECT_EQ(code_of(Machine(std::move(module)).result()), Code::tcb_rejected);
  SimulatedTdxOptions unlisted;
  unlisted.tee_tcb_svn[1] = 9;  // TDX_09
  EXPECT_EQ(code_of(Machine(std::move(unlisted)).result()), Code::tcb_rejected);
}

// The section [tdx] of a policy file, over a file of collateral.
class TdxToml : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::path(::testing::TempDir()) / ("tdx-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "collateral.json") << machine.platform.collateral();
    std::ofstream(folder / "root.pem") << to_pem(machine.platform.root());
    std::ofstream(folder / "other.json") << "{}";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  [[nodiscard]] static std::string digest(int octet) {
    return base::to_hex(Bytes(48, static_cast<std::uint8_t>(octet)));
  }
  [[nodiscard]] static std::string good() {
    return "id = \"tdx\"\nschemes = [\"tdx\"]\n[danger]\nsimulated_roots = \"root.pem\"\n[tdx]\n"
           "collateral = [\"collateral.json\"]\nmr_td = [\"" +
           digest(0x7d) + "\"]\nrtmr0 = [\"" + digest(0x70) + "\"]\nrtmr1 = [\"" + digest(0x71) +
           "\"]\nrtmr2 = [\"" + digest(0x72) + "\"]\nrtmr3 = [\"" + digest(0) + "\"]\n";
  }
  [[nodiscard]] PolicyReport check(const std::string& text) const {
    return check_policy_text(text, folder.string());
  }

  const Machine machine;
  std::filesystem::path folder;
};

TEST_F(TdxToml, AGoodOneAccepts) {
  const auto report = check(good() +
                            "tcb_status = [\"UpToDate\", \"OutOfDate\"]\nadvisories = \"expect.any\"\n"
                            "tcb_evaluation_at_least = 17\ntee_tcb_svn_at_least = "
                            "\"05010300000000000000000000000000\"\nkey = \"measured\"\n");
  ASSERT_TRUE(report.policy) << report.mistakes.front().message();
  const auto result =
      judge("tdx", machine.quote, *report.policy, ByteView(machine.report_data).first(32), now);
  EXPECT_EQ(result.first_fatal(), nullptr) << reasons_of(result);
  EXPECT_THAT(result->dangers, Contains("expect.any: tdx.advisories"));
}

TEST_F(TdxToml, EveryMistakeIsTold) {
  const auto mistaken = [&](const std::string& text, const std::string& key) {
    const auto report = check(text);
    EXPECT_FALSE(report.policy) << key;
    EXPECT_THAT(report.mistakes, Contains(::testing::Field(&PolicyMistake::key, key))) << text;
  };
  for (const char* key : {"collateral", "mr_td", "rtmr0", "rtmr1", "rtmr2", "rtmr3"}) {
    std::string text = good();
    const auto at = text.find(std::string(key) + " =");
    text.erase(at, text.find('\n', at) + 1 - at);
    mistaken(text, std::string("tdx.") + key);
  }
  mistaken(good() + "mr_seam = [\"00\"]\n", "tdx.mr_seam");
  mistaken(good() + "td_attributes = [\"00\"]\n", "tdx.td_attributes");
  mistaken(good() + "xfam = [\"nothing\"]\n", "tdx.xfam");
  mistaken(good() + "tcb_status = [\"Revoked\"]\n", "tdx.tcb_status");
  mistaken(good() + "tcb_status = [\"Fine\"]\n", "tdx.tcb_status");
  mistaken(good() + "tee_tcb_svn_at_least = \"05\"\n", "tdx.tee_tcb_svn_at_least");
  mistaken(good() + "tcb_evaluation_at_least = -1\n", "tdx.tcb_evaluation_at_least");
  mistaken(good() + "mrtd = [\"00\"]\n", "tdx.mrtd");
  std::string text = good();
  mistaken(text.replace(text.find("collateral.json"), 15, "other.json"), "tdx.collateral");
}

// A table over evaluate_tcb alone: statuses of platform, module and QE, and what they come to.
class Tcb : public ::testing::Test {
 protected:
  Tcb() {
    const Machine m;
    quote = intel::parse_quote(m.quote).value();
    const auto chain = intel::read_pck_chain(quote.certification).value();
    pck.emplace(intel::read_pck(chain.front()).value());
    const auto bundle = intel::read_bundle(m.platform.collateral()).value();
    info = bundle.tcb_info.value;
    qe = bundle.qe_identity.value;
    td = *quote.td();
  }
  [[nodiscard]] intel::Tcb evaluate() const {
    return intel::evaluate_tcb({.pck = *pck, .qe_isv_svn = 6, .td = &td}, info, qe).value();
  }

  intel::Quote quote;
  std::optional<intel::Pck> pck;
  intel::TcbInfo info;
  intel::QeIdentity qe;
  intel::TdReport td;
};

TEST_F(Tcb, StatusesConverge) {
  using S = intel::TcbStatus;
  struct Row {
    S platform, module, qe, expected;
  };
  for (const auto& r : {
           Row{S::up_to_date, S::up_to_date, S::up_to_date, S::up_to_date},
           Row{S::sw_hardening_needed, S::up_to_date, S::up_to_date, S::sw_hardening_needed},
           Row{S::up_to_date, S::out_of_date, S::up_to_date, S::out_of_date},
           Row{S::sw_hardening_needed, S::out_of_date, S::up_to_date, S::out_of_date},
           Row{S::configuration_needed, S::out_of_date, S::up_to_date, S::out_of_date_configuration_needed},
           Row{S::configuration_and_sw_hardening_needed, S::up_to_date, S::out_of_date,
               S::out_of_date_configuration_needed},
           Row{S::up_to_date, S::up_to_date, S::out_of_date, S::out_of_date},
           Row{S::up_to_date, S::revoked, S::up_to_date, S::revoked},
           Row{S::up_to_date, S::up_to_date, S::revoked, S::revoked},
           Row{S::revoked, S::out_of_date, S::up_to_date, S::revoked},
           Row{S::out_of_date_configuration_needed, S::up_to_date, S::up_to_date,
               S::out_of_date_configuration_needed},
       }) {
    info.levels.front().status = r.platform;
    info.module_identities.front().levels.front().status = r.module;
    qe.levels.front().status = r.qe;
    EXPECT_EQ(evaluate().status, r.expected) << intel::name(r.platform) << " " << intel::name(r.module);
  }
}

TEST_F(Tcb, TheFirstLevelThatIsMetCounts) {
  using S = intel::TcbStatus;
  auto newer = info.levels.front();
  newer.sgx[0] = 9;
  info.levels.front().status = S::out_of_date;
  info.levels.insert(info.levels.begin(), newer);
  EXPECT_EQ(evaluate().platform, S::out_of_date);
  pck->components[0] = 9;
  EXPECT_EQ(evaluate().platform, S::up_to_date);
  pck->pce_svn = 10;
  EXPECT_EQ(intel::evaluate_tcb({.pck = *pck, .qe_isv_svn = 6, .td = &td}, info, qe).error().code,
            Code::tcb_rejected);
}

TEST_F(Tcb, ModulesOfGenerationZeroAreJudgedByTheLevels) {
  td.tee_tcb_svn = {5, 0, 3};
  EXPECT_EQ(evaluate().status, intel::TcbStatus::up_to_date);
  td.tee_tcb_svn = {4, 0, 3};
  EXPECT_FALSE(intel::evaluate_tcb({.pck = *pck, .qe_isv_svn = 6, .td = &td}, info, qe));
}

TEST_F(Tcb, TheModuleIsIntels) {
  td.mr_signer_seam[0] = 1;
  EXPECT_EQ(intel::evaluate_tcb({.pck = *pck, .qe_isv_svn = 6, .td = &td}, info, qe).error().path,
            "quote > mr_signer_seam");
  td.mr_signer_seam[0] = 0;
  td.seam_attributes[0] = 1;
  EXPECT_EQ(intel::evaluate_tcb({.pck = *pck, .qe_isv_svn = 6, .td = &td}, info, qe).error().path,
            "quote > seam_attributes");
}

TEST_F(Tcb, ATdThatWouldBeSoundIfItWereStartedAgain) {
  using S = intel::TcbStatus;
  auto older = info.levels.front();
  older.tdx[2] = 2;
  older.status = S::out_of_date;
  info.levels.push_back(older);
  info.module_identities.front().levels.push_back(
      {.isv_svn = 1, .status = S::out_of_date, .date = "", .advisories = {}});
  td.body = intel::TdBody::td_1_5;
  td.tee_tcb_svn = {1, 1, 2};
  td.tee_tcb_svn2 = {5, 1, 3};
  EXPECT_EQ(evaluate().status, S::td_relaunch_advised);
  td.tee_tcb_svn2 = {5, 1, 2};
  EXPECT_EQ(evaluate().status, S::out_of_date);
  td.tee_tcb_svn2 = {2, 1, 3};
  EXPECT_EQ(evaluate().status, S::out_of_date);
  td.tee_tcb_svn2 = {5, 1, 3};
  td.body = intel::TdBody::td_1_0;
  EXPECT_EQ(evaluate().status, S::out_of_date);
}

TEST_F(Tcb, AQuotingEnclaveBelowEveryLevel) {
  EXPECT_EQ(intel::evaluate_tcb({.pck = *pck, .qe_isv_svn = 3, .td = &td}, info, qe).error().code,
            Code::tcb_rejected);
}

}  // namespace
}  // namespace seatls::appraise
