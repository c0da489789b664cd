// Compounds and event logs, apart from any connection: every refusal, each with everything else in order, and
// what the whole says of its parts.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "attest/simulated/intel_platform.h"
#include "attest/simulated/snp_machine.h"
#include "support/log_maker.h"
#include "unit/appraise/intel_kit.h"

namespace seatls::appraise {
namespace {

using attest::simulated::IntelPlatform;
using attest::simulated::SnpMachine;
using testing::claim_of;
using testing::code_of;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::has_reason;
using ::testing::HasSubstr;
using testing::reasons_of;

const Time now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
const Bytes binder(32, 0xb1);

Bytes report_data() {
  Bytes data = binder;
  data.resize(64, 0);
  return data;
}

SimulatedTdxOptions at_now(SimulatedTdxOptions options = {}) {
  options.clock = [] { return now; };
  return options;
}

seatls::testing::LogMaker boot_log() {
  seatls::testing::LogMaker log(Hash::sha384);
  log.event(1, "firmware").event(1, "settings").event(2, "loader").event(3, "kernel");
  return log;
}

// World is a trust domain whose registers its log explains, and a policy that accepts just that.
struct World {
  explicit World(SimulatedTdxOptions options = {})
      : platform(IntelPlatform::make(at_now(with_registers(std::move(options)))).value()) {
    quote = platform.quote(report_data()).value();
    const auto parsed = intel::parse_quote(quote).value();
    policy = testing::policy_of(*parsed.td(), {platform.collateral()});
    policy.tdx.td_attributes = {};
    policy.danger.simulated_roots = {bytes(platform.root().der())};
    policy.schemes = {"compound"};
    policy.compound.parts = {{"cpu", {{"tdx"}, {}}}, {"log", {{"event-log"}, "cpu"}}};
    show("cpu", "tdx", quote);
    show("log", "event-log", boot_log().bytes());
  }
  static SimulatedTdxOptions with_registers(SimulatedTdxOptions options) {
    const auto log = boot_log();
    for (unsigned i = 1; i <= 3; ++i) options.rtmr[i - 1] = log.value(Hash::sha384, i);
    return options;
  }
  void show(const std::string& label, std::string_view scheme, const Bytes& evidence,
            std::uint32_t indicator = cmw_indicator::evidence) {
    leave_out(label);
    shown.entries.emplace_back(
        label, Cmw(CmwRecord{SchemeTable::defaults().find(scheme).value(), evidence, indicator}));
  }
  void leave_out(const std::string& label) {
    std::erase_if(shown.entries, [&](const auto& e) { return e.first == CmwCollection::Label(label); });
  }
  [[nodiscard]] AttestationResult result() const {
    EXPECT_THAT(validate(policy), ::testing::IsEmpty());
    const AttestationScheme negotiated{EvidenceType{ContentFormat{273}}};
    const Cmw credential{CmwCollection(shown)};
    return run({.scheme = negotiated,
                .table = SchemeTable::defaults(),
                .credential = credential,
                .digest = binder,
                .context = {policy, binder, nullptr, "", now}});
  }
  // expect_refused: exactly these reasons refuse, "code at path", in this order.
  void expect_refused(const std::vector<std::string>& wanted) const {
    const auto judged = result();
    std::vector<std::string> found;
    for (const auto& r : judged->reasons)
      if (r.fatal) found.push_back(std::string(name(r.code)) + " at " + r.path);
    EXPECT_EQ(found, wanted) << reasons_of(judged);
    EXPECT_EQ(judged.tier(), Tier::contraindicated);
  }

  IntelPlatform platform;
  Bytes quote;
  Policy policy;
  CmwCollection shown;
};

TEST(Compound, TellsOfEveryPart) {
  World world;
  world.shown.type = "tag:example.com,2026:cpu-and-log";
  const auto result = world.result();
  EXPECT_EQ(result.first_fatal(), nullptr) << reasons_of(result);
  EXPECT_EQ(result->scheme, "compound");
  EXPECT_EQ(result->key, KeyProvenance::measured) << "a log says nothing of the key, and takes nothing away";
  ASSERT_EQ(result->submods.size(), 2U);
  EXPECT_EQ(result->submods[0].label, "cpu");
  EXPECT_EQ(result->submods[0].scheme, "tdx");
  EXPECT_EQ(result->submods[0].tier, Tier::warning) << "a simulated platform";
  EXPECT_EQ(result->submods[1].label, "log");
  EXPECT_EQ(result->submods[1].scheme, "event-log");
  EXPECT_EQ(result->vector, result->submods[0].vector);
  EXPECT_FALSE(claim_of(result, "cpu.tdx.mr_td").empty());
  EXPECT_EQ(claim_of(result, "log.event_log.events"), "4");
  EXPECT_EQ(claim_of(result, "log.event_log.explains.sha384"), "1,2,3");
  EXPECT_EQ(claim_of(result, "compound.type"), world.shown.type);
  EXPECT_FALSE(result->instance.empty());
}

TEST(Compound, AnEarHasASubmodForEachPart) {
  const World world;
  const auto ear = nlohmann::json::parse(to_ear(world.result(), {}).value());
  ASSERT_TRUE(ear["submods"].contains("cpu")) << ear;
  ASSERT_TRUE(ear["submods"].contains("log")) << ear;
  EXPECT_EQ(ear["submods"].size(), 2U);
  EXPECT_EQ(ear["submods"]["cpu"]["ear_status"], "warning") << ear;
}

TEST(Compound, EveryFailureOfEveryPartIsTold) {
  World world;
  world.quote[48 + 136] ^= 1;  // MRTD
  world.show("cpu", "tdx", world.quote);
  world.policy.compound.parts["gpu"] = {{"sev-snp"}, {}};
  world.policy.compound.parts["tpm"] = {{"tpm2"}, {}};
  world.policy.snp.measurement = expect::Any{};
  world.policy.snp.tcb[SnpProduct::genoa].reported = SnpTcb{};
  world.policy.tpm2.ak = {parse_key_pin("sha256:" + std::string(64, 'a')).value()};
  world.policy.tpm2.pcrs[Hash::sha256][0] = expect::Any{};
  world.show("more", "software", {1});
  world.expect_refused({"evidence_missing at gpu", "evidence_missing at tpm",
                        "credential_type_mismatch at more", "signature_invalid at cpu > quote > signature",
                        "evidence_missing at log > event log", "reference_mismatch at cpu > quote > mr_td"});
}

TEST(Compound, APartIsOfASchemeThatItsLabelTakes) {
  World world;
  world.show("cpu", "sgx", world.quote);
  world.expect_refused({"scheme_below_policy at cpu", "evidence_missing at log > event log"});
  world.leave_out("cpu");
  world.shown.entries.emplace_back(
      "cpu", Cmw(CmwRecord{MediaType{"application/unknown"}, world.quote, cmw_indicator::evidence}));
  world.expect_refused({"scheme_below_policy at cpu", "evidence_missing at log > event log"});
}

TEST(Compound, APartThatSaysItIsNoEvidenceIsNone) {
  World world;
  world.show("cpu", "tdx", world.quote, cmw_indicator::reference_values);
  world.expect_refused(
      {"credential_type_mismatch at cpu > cmw > type", "evidence_missing at log > event log"});
}

TEST(Compound, ASingleRecordIsNoCompound) {
  const World world;
  const AttestationScheme negotiated{EvidenceType{ContentFormat{273}}};
  const auto code = [&](EvidenceType type) {
    const Cmw credential(CmwRecord{std::move(type), world.quote, cmw_indicator::evidence});
    return code_of(run({.scheme = negotiated,
                        .table = SchemeTable::defaults(),
                        .credential = credential,
                        .digest = binder,
                        .context = {world.policy, binder, nullptr, "", now}}));
  };
  EXPECT_EQ(code(SchemeTable::defaults().find("tdx").value()), Code::credential_type_mismatch);
  EXPECT_EQ(code(ContentFormat{273}), Code::evidence_malformed);
}

TEST(Compound, AnIntegerIsALabelByItsDigits) {
  World world;
  world.policy.compound.parts = {{"0", {{"tdx"}, {}}}};
  world.shown.entries.clear();
  const Cmw part(CmwRecord{SchemeTable::defaults().find("tdx").value(), world.quote, 0});
  world.shown.entries.emplace_back(std::int64_t{0}, part);
  EXPECT_EQ(world.result().first_fatal(), nullptr);
  world.shown.entries.emplace_back("0", part);
  world.expect_refused({"evidence_malformed at 0"});
}

TEST(Compound, TheWorstPartIsTheWhole) {
  World world;
  SimulatedSnpOptions options;
  options.tcb = {.bootloader = 10, .tee = 0, .snp = 23, .microcode = 84};
  const auto machine = SnpMachine::make(std::move(options)).value();
  Bytes report = machine.report(report_data()).value();
  const Bytes table = machine.certificate_table();
  report.insert(report.end(), table.begin(), table.end());
  world.show("guest", "sev-snp", report);
  world.policy.compound.parts["guest"] = {{"sev-snp"}, {}};
  world.policy.snp.measurement = expect::Exactly<Bytes>{machine.options().measurement};
  world.policy.snp.tcb[SnpProduct::genoa].reported = machine.options().tcb;
  world.policy.danger.simulated_roots.push_back(bytes(machine.ark().der()));
  auto result = world.result();
  EXPECT_EQ(result.first_fatal(), nullptr) << reasons_of(result);
  EXPECT_GE(result->instance.size(), 2U);
  world.policy.snp.measurement = expect::Exactly<Bytes>{Bytes(48, 0x99)};
  result = world.result();
  EXPECT_TRUE(has_reason(result, Code::reference_mismatch)) << reasons_of(result);
  ASSERT_EQ(result->submods.size(), 3U);
  EXPECT_EQ(result->submods[0].tier, Tier::warning);
  EXPECT_EQ(result->submods[1].tier, Tier::contraindicated);
  EXPECT_EQ(tier_of(result->vector[TrustClaim::executables]), Tier::contraindicated);
  // Measured software that any value may be proves nothing of the key, whatever the other part does.
  world.policy.snp.measurement = expect::Any{};
  world.policy.danger.allow_unproven_tik = true;
  result = world.result();
  EXPECT_EQ(result.first_fatal(), nullptr) << reasons_of(result);
  EXPECT_EQ(result->key, KeyProvenance::none);
  EXPECT_THAT(result->dangers, Contains("expect.any: sev-snp.measurement").Times(1));
  EXPECT_THAT(result->dangers, Contains("allow_unproven_tik").Times(1));
}

TEST(EventLog, MustReplayToWhatWasSigned) {
  World world;
  auto longer = boot_log();
  longer.event(3, "rootkit");
  world.show("log", "event-log", longer.bytes());
  world.expect_refused({"evidence_inconsistent at log > event log > sha384 3"});
  world.show("log", "event-log", boot_log().event(5, "no such register").bytes());
  world.expect_refused({"evidence_inconsistent at log > event log > sha384 5"});
  world.show("log", "event-log", boot_log().event(4, "nothing was extended").bytes());
  world.expect_refused({"evidence_inconsistent at log > event log > sha384 4"});
  world.show("log", "event-log", boot_log().event(0, "a measurement of what was started").bytes());
  world.expect_refused({"evidence_inconsistent at log > event log > sha384 0"});
}

TEST(EventLog, OfAnotherBankExplainsNothing) {
  World world;
  world.show("log", "event-log",
             seatls::testing::LogMaker(Hash::sha256).event(1, "firmware").event(1, "settings").bytes());
  world.expect_refused({"evidence_inconsistent at log > event log"});
}

TEST(EventLog, HangsOnAPartThatVerified) {
  World world;
  world.policy.tdx.tcb.collateral.clear();
  world.policy.tdx.tcb.collateral = {
      IntelCollateral::parse(IntelPlatform::make(at_now()).value().collateral()).value()};
  const auto result = world.result();
  EXPECT_TRUE(has_reason(result, Code::evidence_missing)) << reasons_of(result);
}

TEST(EventLog, AloneIsNothing) {
  World world;
  world.policy.schemes = {"event-log"};
  EXPECT_FALSE(validate(world.policy).empty());
  const EvidenceType type = SchemeTable::defaults().find("event-log").value();
  const AttestationScheme negotiated{type};
  const Cmw credential(CmwRecord{type, boot_log().bytes(), 0});
  const auto result = run({.scheme = negotiated,
                           .table = SchemeTable::defaults(),
                           .credential = credential,
                           .digest = binder,
                           .context = {world.policy, binder, nullptr, "", now}});
  EXPECT_EQ(code_of(result), Code::evidence_missing) << reasons_of(result);
}

TEST(EventLog, EventsAreThoseThatAreListed) {
  World world;
  const auto digest = [](std::string_view content) {
    return seatls::testing::LogMaker::digest_of(Hash::sha384, content);
  };
  world.policy.tdx.rtmr[0] = expect::Any{};
  EXPECT_EQ(code_of(world.result()), Code::key_unproven) << "any software could have made the key";
  world.policy.event_log.events[1] =
      expect::OneOf<Bytes>{{digest("settings"), digest("firmware"), digest("x")}};
  auto result = world.result();
  EXPECT_EQ(result.first_fatal(), nullptr) << reasons_of(result);
  EXPECT_EQ(result->key, KeyProvenance::measured)
      << "every event of the register is one that the policy lists";
  world.policy.event_log.events[1] = expect::OneOf<Bytes>{{digest("firmware")}};
  result = world.result();
  EXPECT_EQ(code_of(result), Code::reference_mismatch) << reasons_of(result);
  EXPECT_THAT(reasons_of(result), HasSubstr("log > event log > event 2 (type 0x80000007)"));
  EXPECT_EQ(tier_of(result->submods.at(1).vector[TrustClaim::executables]), Tier::contraindicated);
  world.policy.event_log.events[1] = expect::Any{};
  EXPECT_EQ(code_of(world.result()), Code::key_unproven) << "a list of events that names none";
}

TEST(EventLog, ARegisterWithoutEventsIsNotExplained) {
  World world;
  world.policy.event_log.events[4] = expect::OneOf<Bytes>{{Bytes(48, 1)}};
  world.expect_refused({"reference_mismatch at log > event log > register 4"});
}

TEST(EventLog, DigestsOfAnotherSizeAreNotCompared) {
  World world;
  world.policy.event_log.events[2] =
      expect::OneOf<Bytes>{{seatls::testing::LogMaker::digest_of(Hash::sha256, "loader")}};
  world.expect_refused({"reference_mismatch at log > event log > event 3 (type 0x80000007)"});
}

TEST(EventLog, IsNotSentTwice) {
  World world;
  world.policy.compound.parts["again"] = {{"event-log"}, "cpu"};
  Bytes padded = boot_log().bytes();
  padded.resize(padded.size() + 100, 0xff);
  world.show("again", "event-log", padded);
  world.expect_refused({"evidence_reused at log"});
}

PolicyReport check(const std::string& text) { return check_policy_text(text, ".", "policy.toml"); }

const std::string tdx_section = R"(
[tdx]
tcb_status = ["UpToDate"]
mr_td = "expect.any"
rtmr0 = "expect.any"
rtmr1 = "expect.any"
rtmr2 = "expect.any"
rtmr3 = "expect.any"
)";

std::string mistakes_of(const std::string& text) {
  std::string out;
  for (const auto& m : check(text).mistakes)
    if (m.key != "tdx.collateral") out += m.message() + "\n";
  return out;
}

TEST(CompoundPolicy, EveryKey) {
  EXPECT_EQ(mistakes_of("id = \"x\"\nschemes = [\"compound\"]\n" + tdx_section + R"(
[compound.parts.cpu]
schemes = ["tdx"]
[compound.parts.log]
schemes = ["event-log"]
of = "cpu"
[event_log.events]
1 = [")" + std::string(96, 'a') +
                        "\"]\n"),
            "");
}

TEST(CompoundPolicy, EveryMistake) {
  const std::string head = "id = \"x\"\nschemes = [\"compound\"]\n";
  const std::string cpu = "[compound.parts.cpu]\nschemes = [\"tdx\"]\n";
  const std::string log = "[compound.parts.log]\nschemes = [\"event-log\"]\nof = \"cpu\"\n";
  const std::pair<std::string, std::string> rows[] = {
      {head, "compound.parts: no part is named"},
      {head + "[compound]\nparts = 1\n", "compound.parts: must be a table"},
      {head + "[compound]\npart = 1\n", "compound.part: there is no such key"},
      {head + "[compound.parts]\ncpu = \"tdx\"\n", "compound.parts.cpu: must be a table"},
      {head + "[compound.parts.cpu]\n", "compound.parts.cpu.schemes: no scheme is accepted"},
      {head + "[compound.parts.cpu]\nscheme = \"tdx\"\n", "compound.parts.cpu.scheme: there is no such key"},
      {head + "[compound.parts.cpu]\nschemes = [\"xyz\"]\n", "there is no scheme \"xyz\""},
      {head + "[compound.parts.cpu]\nschemes = [\"compound\"]\n", "\"compound\" is no part of a compound"},
      {head + "[compound.parts.cpu]\nschemes = [\"result\"]\n", "\"result\" is no part of a compound"},
      {head + cpu + "of = \"log\"\n" + tdx_section, "compound.parts.cpu.of: only an event log"},
      {head + cpu + "[compound.parts.log]\nschemes = [\"event-log\"]\n" + tdx_section,
       "compound.parts.log.of: nothing says which part"},
      {head + cpu + "[compound.parts.log]\nschemes = [\"event-log\"]\nof = \"gpu\"\n" + tdx_section,
       "there is no part \"gpu\""},
      {head + cpu + "[compound.parts.log]\nschemes = [\"event-log\"]\nof = \"log\"\n" + tdx_section,
       "may bring evidence that signs no registers"},
      {head + cpu + "[compound.parts.log]\nschemes = [\"event-log\", \"tdx\"]\nof = \"cpu\"\n" + tdx_section,
       "is no alternative"},
      {head + cpu + log + tdx_section + "[event_log.events]\n1 = \"aa\"\n",
       "event_log.events.1: a value has 1 bytes"},
      {head + cpu + tdx_section + "[event_log.events]\n1 = \"" + std::string(96, 'a') + "\"\n",
       "no part of a compound is an event log"},
      {head + cpu + log + tdx_section + "[event_log.events]\n24 = \"" + std::string(96, 'a') + "\"\n",
       "there are registers 0 to 23"},
      {"id = \"x\"\nschemes = [\"tdx\"]\n" + cpu + tdx_section,
       "compound: stands here, but neither schemes nor a part of a compound names it"},
      {"id = \"x\"\nschemes = [\"event-log\"]\n", "there is no scheme \"event-log\""},
      {head + cpu + tdx_section + "[nitro]\nmax_age = \"5m\"\n", "nitro: stands here, but"},
  };
  for (const auto& [text, wanted] : rows) EXPECT_THAT(mistakes_of(text), HasSubstr(wanted)) << text;
}

}  // namespace
}  // namespace seatls::appraise
