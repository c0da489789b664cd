// Reports of simulated processors: what a policy accepts and refuses, chain by chain and field by field.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "appraise/schemes/snp/parse.h"
#include "attest/simulated/snp_machine.h"
#include "base/clock.h"
#include "support/verdict.h"

namespace seatls::appraise::snp {
namespace {

namespace bits = seatls::snp;
using attest::simulated::SnpMachine;
using ::testing::HasSubstr;

const Bytes report_data = [] {
  Bytes out(64, 0);
  std::fill_n(out.begin(), 32, std::uint8_t{0xB1});
  return out;
}();
constexpr SnpTcb level{.bootloader = 4, .tee = 0, .snp = 24, .microcode = 219};

struct World : seatls::testing::JudgedWorld {
  explicit World(SimulatedSnpOptions o = {})
      : JudgedWorld("sev-snp"), options(std::move(o)), machine(make(options)) {
    policy.snp.measurement = expect::Exactly<Bytes>{options.measurement};
    policy.snp.tcb[options.product].reported = level;
    policy.danger.simulated_roots = {bytes(machine.ark().der())};
    now = base::system_clock()();
  }
  static SnpMachine make(SimulatedSnpOptions& o) {
    if (o.tcb == SnpTcb{}) o.tcb = level;
    auto made = SnpMachine::make(o);
    EXPECT_TRUE(made) << made.error().message();
    return std::move(*made);
  }

  [[nodiscard]] Bytes evidence(const SnpMachine::Edit& edit = {}) const {
    Bytes out = *machine.report(report_data, edit);
    const Bytes table = machine.certificate_table();
    out.insert(out.end(), table.begin(), table.end());
    return out;
  }

  SimulatedSnpOptions options;
  SnpMachine machine;
};

SnpMachine::Edit set_byte(std::size_t at, std::uint8_t value) {
  return [=](Bytes& out) { out.at(at) = value; };
}

TEST(SnpSimulated, EveryVersionAndProductIsAccepted) {
  for (const auto product : {SnpProduct::milan, SnpProduct::genoa, SnpProduct::turin})
    for (const std::uint32_t version : {2U, 3U, 4U, 5U})
      for (const std::string csp : {"", "CN=cloud.example"}) {
        SimulatedSnpOptions o;
        o.product = product;
        o.version = version;
        o.csp_id = csp;
        o.tcb = level;
        if (product == SnpProduct::turin) o.tcb.fmc = 1;
        World w(std::move(o));
        w.policy.snp.vlek = expect::OneOf<std::string>{{"CN=cloud.example"}};
        const auto a = w.judge(w.evidence());
        ASSERT_TRUE(a) << name(product) << " " << version << csp << ": " << w.reasons.at(0).path << " "
                       << w.reasons.at(0).detail;
        EXPECT_EQ(a->key, KeyProvenance::measured);
        EXPECT_EQ(a->vector.worst(), Tier::warning) << "no hardware stands behind it";
        EXPECT_THAT(a->dangers, ::testing::Contains(HasSubstr("simulated_roots")));
        EXPECT_EQ(a->instance.size(), csp.empty() ? 1U : 0U);
      }
}

TEST(SnpSimulated, RootsThatNoPolicyNamesAreNone) {
  World w;
  w.policy.danger.simulated_roots.clear();
  w.expect_refused(w.evidence(), {Code::untrusted_attestation_key});
  World other;
  w.policy.danger.simulated_roots = {bytes(other.machine.ark().der())};
  w.expect_refused(w.evidence(), {Code::untrusted_attestation_key});
}

TEST(SnpSimulated, ARootIsOfOneProduct) {
  World genoa;
  SimulatedSnpOptions o;
  o.product = SnpProduct::milan;
  World milan(std::move(o));
  milan.policy.danger.simulated_roots = genoa.policy.danger.simulated_roots;
  milan.expect_refused(milan.evidence(), {Code::untrusted_attestation_key});
}

TEST(SnpSimulated, RevokedIssuersAndStaleListsAreRefused) {
  World w;
  const auto now = base::system_clock()();
  const auto list = [&](const std::vector<Bytes>& serials, Time from, Time until) {
    return *crypto::make_revocation_list({w.machine.ark(), w.machine.ark_key()}, {from, until}, serials);
  };
  using std::chrono::hours;
  w.policy.snp.crls = {list({}, now - hours(1), now + hours(1))};
  const auto a = w.judge(w.evidence());
  ASSERT_TRUE(a) << w.reasons.at(0).detail;
  EXPECT_THAT(a->claims,
              ::testing::Contains(std::pair<std::string, std::string>{"sev-snp.revocation", "checked"}));
  w.policy.snp.crls = {list({w.machine.ask().serial()}, now - hours(1), now + hours(1))};
  w.expect_refused(w.evidence(), {Code::certificate_revoked});
  w.policy.snp.crls = {list({}, now - hours(2), now - hours(1))};
  w.expect_refused(w.evidence(), {Code::collateral_stale});
  World other;
  w.policy.snp.crls = {*crypto::make_revocation_list({other.machine.ark(), other.machine.ark_key()},
                                                     {now - hours(1), now + hours(1)}, {})};
  EXPECT_FALSE(w.judge(w.evidence())) << "a list of another issuer says nothing about this one";
}

// What is remembered of a chain holds within its time only.
TEST(SnpSimulated, AChainThatHeldIsRefusedOutsideOfItsTime) {
  World w;
  const Bytes evidence = w.evidence();
  w.expect_accepted(evidence);
  w.expect_accepted(evidence);
  const Time now = w.now;
  w.now = now + std::chrono::hours(24 * 3651);
  w.expect_refused(evidence, {Code::untrusted_attestation_key});
  w.now = now - std::chrono::hours(2);
  w.expect_refused(evidence, {Code::untrusted_attestation_key});
}

TEST(SnpSimulated, TheBinderFillsTheWholeField) {
  World w;
  w.expect_accepted(w.evidence());
  w.binder[31] ^= 1;
  w.expect_refused(w.evidence(), {Code::binder_mismatch});
  w.binder = Bytes(33, 0xB1);
  w.expect_refused(w.evidence(), {Code::binder_mismatch});
  w.binder = {};
  w.expect_refused(w.evidence(), {Code::binder_mismatch});
  w.binder = Bytes(32, 0xB1);
  w.expect_refused(w.evidence(set_byte(0x50 + 63, 1)), {Code::binder_mismatch});
}

// Recipes: what a signature covers cannot be changed, and what it does not cover does not matter.
TEST(SnpSimulated, EveryChangedByteIsRefusedOrWithoutEffect) {
  World w;
  const Bytes sound = w.evidence();
  const auto before = w.judge(sound);
  ASSERT_TRUE(before);
  Bytes changed = sound;
  for (std::size_t i = 0; i < sound.size(); i += i < report_size ? 1 : 11) {
    changed[i] ^= 0x40;
    const auto after = w.judge(changed);
    ASSERT_TRUE(!after || i >= report_size) << "byte " << i;
    ASSERT_TRUE(!after || after->claims == before->claims) << "byte " << i;
    changed[i] = sound[i];
  }
}

TEST(SnpSimulated, EveryPrefixIsRefused) {
  World w;
  const Bytes sound = w.evidence();
  for (std::size_t n = 0; n < sound.size(); n += n < report_size ? 1 : 7) {
    if (n == report_size) continue;  // a report without certificates
    w.expect_refused({sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(n)},
                     {Code::evidence_malformed});
  }
  w.expect_refused({sound.begin(), sound.begin() + report_size}, {Code::collateral_missing});
}

TEST(SnpSimulated, WhatTheSpecificationReservesIsZero) {
  World w;
  for (const std::size_t at : {0x0AUL + 5, 0x09UL + 6, 0x42UL, 0x49UL, 0x4CUL, 0x18BUL, 0x19FUL, 0x1EBUL,
                               0x1EFUL, 0x208UL, 0x29FUL}) {
    w.expect_refused(w.evidence(set_byte(at, 0x80)), {Code::evidence_malformed});
  }
  Bytes tail = w.evidence();
  tail[0x330] = 1;
  w.expect_refused(tail, {Code::evidence_malformed});
  SimulatedSnpOptions o;
  o.version = 2;
  World old(std::move(o));
  old.expect_refused(old.evidence(set_byte(0x188, 0x19)), {Code::evidence_malformed});
  old.expect_refused(old.evidence(set_byte(0x1F8, 1)), {Code::evidence_malformed});
  for (const unsigned version : {0U, 1U, 6U, 255U})
    w.expect_refused(w.evidence(set_byte(0, static_cast<std::uint8_t>(version))), {Code::evidence_malformed});
  w.expect_refused(w.evidence(set_byte(0x30, 4)), {Code::evidence_malformed});       // VMPL
  w.expect_refused(w.evidence(set_byte(0x0A, 0)), {Code::evidence_malformed});       // POLICY, bit 17
  w.expect_refused(w.evidence(set_byte(0x48, 2 << 2)), {Code::evidence_malformed});  // SIGNING_KEY
}

TEST(SnpSimulated, AnUnsignedReportAndOtherAlgorithmsAreRefused) {
  World w;
  w.expect_refused(w.evidence(set_byte(0x48, 7 << 2)), {Code::signature_invalid});
  w.expect_refused(w.evidence(set_byte(0x34, 2)), {Code::algorithm_not_allowed});
}

TEST(SnpSimulated, CertificateAndReportSpeakOfOneChipAtOneLevel) {
  World w;
  w.expect_refused(w.evidence(set_byte(0x180 + 7, 220)), {Code::evidence_inconsistent});  // REPORTED_TCB
  w.expect_refused(w.evidence(set_byte(0x1A0, 0)), {Code::evidence_inconsistent});        // CHIP_ID
  w.expect_refused(w.evidence(set_byte(0x189, 0x01)), {Code::evidence_inconsistent});     // a Milan
  w.expect_refused(w.evidence(set_byte(0x188, 0x17)), {Code::evidence_inconsistent});     // nothing known
  w.expect_refused(w.evidence(set_byte(0x182, 1)),
                   {Code::evidence_inconsistent, Code::evidence_inconsistent});
  // A host that masks CHIP_ID: the certificate tells the chip.
  const auto a =
      w.judge(w.evidence([](Bytes& out) { std::fill_n(out.begin() + 0x1A0, 64, std::uint8_t{0}); }));
  ASSERT_TRUE(a);
  ASSERT_EQ(a->instance.size(), 1U);
  EXPECT_EQ(a->instance[0].substr(0, 12), "chip_id:c1c1");
}

TEST(SnpSimulated, TablesWhoseEntriesLieWrongAreRefused) {
  World w;
  const Bytes sound = w.evidence();
  const auto changed = [&](std::size_t at, std::uint8_t value) {
    Bytes out = sound;
    out[report_size + at] = value;
    return out;
  };
  w.expect_refused(changed(16, 0), {Code::evidence_malformed});         // offset into the entries
  w.expect_refused(changed(16 + 3, 0x7F), {Code::evidence_malformed});  // beyond the end
  w.expect_refused(changed(20 + 3, 0x7F), {Code::evidence_malformed});  // longer than the table
  w.expect_refused(changed(20, 0), {Code::evidence_malformed});         // overlapping, or with a gap
  Bytes padded = sound;
  padded.resize(sound.size() + 100, 0);
  w.expect_accepted(padded);
  padded.back() = 1;
  w.expect_refused(padded, {Code::evidence_malformed});
  Bytes twice = sound;
  std::copy_n(sound.begin() + report_size, 16, twice.begin() + report_size + 24);
  w.expect_refused(twice, {Code::evidence_malformed});
}

TEST(SnpSimulated, CertificatesMayStandInThePolicy) {
  World w;
  const Bytes bare = *w.machine.report(report_data);
  w.expect_refused(bare, {Code::collateral_missing});
  EXPECT_THAT(w.reasons[0].detail, HasSubstr("https://kdsintf.amd.com/vcek/v1/Genoa/c1c1"));
  EXPECT_THAT(w.reasons[0].detail, HasSubstr("?blSPL=4&teeSPL=0&snpSPL=24&ucodeSPL=219"));
  World other;
  w.policy.snp.certificates = {bytes(other.machine.vek().der()), bytes(w.machine.ask().der()),
                               bytes(w.machine.vek().der())};
  w.expect_accepted(bare);  // of two that are of this chip, the one that signed
  w.policy.snp.certificates = {bytes(other.machine.ask().der()), bytes(other.machine.vek().der())};
  w.expect_refused(bare, {Code::signature_invalid, Code::untrusted_attestation_key});
  w.policy.snp.certificates = {bytes(w.machine.ask().der()), bytes(w.machine.vek().der())};
  w.expect_accepted(bare);
}

TEST(SnpSimulated, DebugIsADanger) {
  SimulatedSnpOptions o;
  o.policy |= bits::policy_debug;
  World w(std::move(o));
  w.expect_refused(w.evidence(), {Code::debug_enabled});
  w.policy.danger.allow_debug = true;
  const auto a = w.judge(w.evidence());
  ASSERT_TRUE(a);
  EXPECT_THAT(a->dangers, ::testing::Contains("allow_debug"));
}

TEST(SnpSimulated, WhatTheGuestsPolicyAllowsMustBePermitted) {
  for (const std::uint64_t bit : {bits::policy_smt, bits::policy_migrate_ma, bits::policy_cxl}) {
    SimulatedSnpOptions o;
    o.policy |= bit;
    World w(std::move(o));
    w.expect_refused(w.evidence(), {Code::reference_mismatch});
    w.policy.snp.permit = bit;
    w.expect_accepted(w.evidence());
  }
}

TEST(SnpSimulated, WhatThePolicyDemandsMustBeThere) {
  World w;
  w.policy.snp.demand = bits::policy_single_socket | bits::policy_ciphertext_hiding;
  w.expect_refused(w.evidence(), {Code::reference_mismatch});
  EXPECT_THAT(w.reasons[0].detail, HasSubstr("single_socket, ciphertext_hiding"));
  w.expect_accepted(w.evidence([](Bytes& out) {
    out[0x0A] |= 0x10;
    out[0x0B] |= 0x01;
  }));
  w.policy.snp.demand = 0;
  w.policy.snp.demand_platform = bits::platform_ecc | bits::platform_alias_check_complete;
  w.expect_refused(w.evidence(set_byte(0x40, 0x04)), {Code::reference_mismatch});
  w.expect_accepted(w.evidence(set_byte(0x40, 0x24)));
}

TEST(SnpSimulated, TcbFloorsHoldComponentByComponent) {
  World w;
  auto& floor = w.policy.snp.tcb[SnpProduct::genoa];
  for (const auto member : {&SnpTcb::bootloader, &SnpTcb::tee, &SnpTcb::snp, &SnpTcb::microcode}) {
    floor.reported = level;
    (*floor.reported).*member = static_cast<std::uint8_t>(level.*member + 1);
    w.expect_refused(w.evidence(), {Code::tcb_rejected});
  }
  floor.reported = level;
  w.expect_accepted(w.evidence());
  SnpTcb higher = level;
  higher.microcode = 220;
  for (auto* const which : {&floor.committed, &floor.current, &floor.launch}) {
    *which = higher;
    w.expect_refused(w.evidence(), {Code::tcb_rejected});
    which->reset();
  }
  w.policy.snp.tcb.clear();
  w.policy.snp.tcb[SnpProduct::milan].reported = SnpTcb{};
  w.expect_refused(w.evidence(), {Code::policy_unset});
}

TEST(SnpSimulated, FirmwareThatCanBeRolledBackIsPermittedOrRefused) {
  World w;
  const auto newer = set_byte(0x38 + 7, 230);  // CURRENT_TCB
  w.expect_refused(w.evidence(newer), {Code::reference_mismatch});
  w.policy.snp.permit_provisional_firmware = true;
  w.expect_accepted(w.evidence(newer));
}

TEST(SnpSimulated, FieldsThatTheOwnerFillsAreJudged) {
  struct Row {
    std::size_t at, size;
    Expect<Bytes> SnpPolicy::*key;
  };
  const Row rows[] = {{0xC0, 32, &SnpPolicy::host_data},
                      {0xE0, 48, &SnpPolicy::id_key_digest},
                      {0x110, 48, &SnpPolicy::author_key_digest},
                      {0x10, 16, &SnpPolicy::family_id},
                      {0x20, 16, &SnpPolicy::image_id}};
  for (const auto& row : rows) {
    World w;
    const auto evidence = w.evidence(set_byte(row.at, 7));
    w.expect_refused(evidence, {Code::policy_unset});
    Bytes right(row.size, 0);
    right[0] = 7;
    w.policy.snp.*row.key = expect::Exactly<Bytes>{Bytes(row.size, 9)};
    w.expect_refused(evidence, {Code::reference_mismatch});
    w.policy.snp.*row.key = expect::Exactly<Bytes>{right};
    w.expect_accepted(evidence);
    w.expect_refused(w.evidence(), {Code::reference_mismatch});
    w.policy.snp.*row.key = expect::Any{};
    w.expect_accepted(evidence);
  }
}

TEST(SnpSimulated, LevelsAndSigners) {
  World w;
  w.expect_refused(w.evidence(set_byte(0x30, 2)), {Code::reference_mismatch});  // VMPL
  w.policy.snp.vmpl = {0, 2};
  w.expect_accepted(w.evidence(set_byte(0x30, 2)));
  w.policy.snp.guest_svn_at_least = 3;
  w.expect_refused(w.evidence(set_byte(4, 2)), {Code::reference_mismatch});
  w.expect_accepted(w.evidence(set_byte(4, 3)));
  SimulatedSnpOptions o;
  o.csp_id = "CN=cloud.example";
  World cloud(std::move(o));
  cloud.expect_refused(cloud.evidence(), {Code::policy_unset});
  cloud.policy.snp.vlek = expect::OneOf<std::string>{{"CN=other.example"}};
  cloud.expect_refused(cloud.evidence(), {Code::reference_mismatch});
  cloud.policy.snp.vlek = expect::Any{};
  cloud.expect_accepted(cloud.evidence());
}

TEST(SnpSimulated, MeasurementsCarryTheProvenanceOfTheKey) {
  World w;
  w.policy.snp.measurement = expect::Exactly<Bytes>{Bytes(48, 1)};
  w.expect_refused(w.evidence(), {Code::key_unproven, Code::reference_mismatch});
  w.policy.snp.measurement = {};
  w.expect_refused(w.evidence(), {Code::key_unproven, Code::policy_unset});
  w.policy.snp.measurement = expect::Any{};
  w.expect_refused(w.evidence(), {Code::key_unproven});
  w.policy.danger.allow_unproven_tik = true;
  w.expect_accepted(w.evidence());
  World proven;
  proven.policy.snp.key = KeyProvenance::proven;
  proven.expect_refused(proven.evidence(), {Code::key_unproven});
}

// Whatever is wrong is told at once, and nothing of evidence that did not verify becomes a claim.
TEST(SnpSimulated, AllFailuresAreReported) {
  SimulatedSnpOptions o;
  o.policy |= bits::policy_debug | bits::policy_smt;
  o.host_data = Bytes(32, 5);
  World w(std::move(o));
  w.policy.danger.simulated_roots.clear();
  w.binder[0] = 0;
  w.expect_refused(w.evidence(), {Code::untrusted_attestation_key, Code::binder_mismatch, Code::policy_unset,
                                  Code::debug_enabled, Code::reference_mismatch});
}

}  // namespace
}  // namespace seatls::appraise::snp
