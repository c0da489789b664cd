// The catalogue's rows A01, A05 to A07, A09, B04, B06, F01 to F04, F09 and F12 with every kind of hardware
// that can be made up: each row is one test for all of them, over real handshakes.
#include <gtest/gtest.h>

#include <algorithm>

#include "attacks/kit.h"
#include "attacks/reencoded.h"
#include "attest/simulated/cca_realm.h"
#include "attest/simulated/intel_platform.h"
#include "attest/simulated/nitro_module.h"
#include "attest/simulated/snp_machine.h"
#include "base/clock.h"

namespace seatls::attacks {
namespace {

namespace sim = attest::simulated;
using fake::TlsPair;

constexpr int kInternalError = 80, kAccessDenied = 49;
constexpr SnpTcb kLevel{.bootloader = 10, .tee = 0, .snp = 23, .microcode = 84};

// What is wrong with a machine, or with what it says.
enum class Flaw : std::uint8_t {
  none,
  debug,            // a debugger can reach it
  rogue,            // it runs other software
  other_algorithm,  // the evidence says that it is signed otherwise
  outdated,         // its firmware is below what is accepted
  revoked,          // its maker took back the key's certificate
  stale,            // what its maker says of it has ended
};

// Tee is one genuine machine of a kind: what it reports about any field, and the policy that accepts it.
struct Tee {
  std::function<Result<Bytes>(ByteView field)> report;  // evidence over a whole field
  std::size_t field = 64;                               // of the binder; 0: as long as the binder
  Bytes root;
  Policy policy;
};

Bytes der_of(const crypto::Certificate& certificate) { return bytes(certificate.der()); }

Policy policy_with(std::string scheme, Bytes root) {
  Policy policy;
  policy.id = "attacks";
  policy.schemes = {std::move(scheme)};
  policy.danger.simulated_roots = {std::move(root)};
  return policy;
}

// `machine` tells one machine of a kind from another.
using MakeTee = Tee (*)(std::uint8_t machine, Flaw flaw);

template <class Machine>
std::function<Result<Bytes>(ByteView)> quoted_by(Machine machine, Flaw flaw) {
  const auto edit = [flaw](Bytes& quote) {
    if (flaw == Flaw::other_algorithm) quote[2] = 3;  // att_key_type: ECDSA P-384
  };
  return [machine = std::make_shared<Machine>(std::move(machine)), edit](ByteView field) {
    return machine->quote(field, edit);
  };
}

void spoil(SimulatedIntelOptions& options, Flaw flaw) {
  if (flaw == Flaw::outdated) options.tcb_status = "OutOfDate";
  options.revoked = flaw == Flaw::revoked;
  if (flaw == Flaw::stale)
    options.collateral_lifetime = std::chrono::minutes(30);  // counted from an hour ago
}

template <unsigned version>
Tee tdx(std::uint8_t machine, Flaw flaw) {
  SimulatedTdxOptions options;
  options.quote_version = version;
  options.ppid = Bytes(16, machine);
  spoil(options, flaw);
  Policy expected = policy_with("tdx", {});
  expected.tdx.mr_td = expect::Exactly<Bytes>{options.mr_td};
  for (std::size_t i = 0; i < 4; ++i) expected.tdx.rtmr[i] = expect::Exactly<Bytes>{options.rtmr[i]};
  if (flaw == Flaw::debug) options.td_attributes[0] |= 1;
  if (flaw == Flaw::rogue) options.mr_td[0] ^= 1;
  auto made = sim::IntelPlatform::make(options).value();
  expected.tdx.tcb.collateral = {IntelCollateral::parse(made.collateral()).value()};
  expected.danger.simulated_roots = {der_of(made.root())};
  const Bytes root = der_of(made.root());
  return {quoted_by(std::move(made), flaw), 64, root, std::move(expected)};
}

Tee sgx(std::uint8_t machine, Flaw flaw) {
  SimulatedSgxOptions options;
  options.ppid = Bytes(16, machine);
  spoil(options, flaw);
  Policy expected = policy_with("sgx", {});
  expected.sgx.mr_enclave = expect::Exactly<Bytes>{options.mr_enclave};
  if (flaw == Flaw::debug) options.attributes[0] |= 2;
  if (flaw == Flaw::rogue) options.mr_enclave[0] ^= 1;
  auto made = sim::SgxPlatform::make(options).value();
  expected.sgx.tcb.collateral = {IntelCollateral::parse(made.collateral()).value()};
  expected.danger.simulated_roots = {der_of(made.root())};
  const Bytes root = der_of(made.root());
  return {quoted_by(std::move(made), flaw), 64, root, std::move(expected)};
}

Tee snp(std::uint8_t machine, Flaw flaw) {
  SimulatedSnpOptions options;
  options.tcb = kLevel;
  options.chip_id = Bytes(64, machine);
  Policy expected = policy_with("sev-snp", {});
  expected.snp.measurement = expect::Exactly<Bytes>{options.measurement};
  expected.snp.tcb[SnpProduct::genoa].reported = kLevel;
  if (flaw == Flaw::debug) options.policy |= seatls::snp::policy_debug;
  if (flaw == Flaw::outdated) options.tcb.microcode -= 1;
  if (flaw == Flaw::rogue) options.measurement[0] ^= 1;
  auto made = std::make_shared<sim::SnpMachine>(sim::SnpMachine::make(options).value());
  const Bytes root = der_of(made->ark());
  expected.danger.simulated_roots = {root};
  const auto report = [made, flaw](ByteView field) -> Result<Bytes> {
    SEATLS_TRY(Bytes out, made->report(field, [flaw](Bytes& signed_part) {
      if (flaw == Flaw::other_algorithm) signed_part[0x34] = 2;  // SIGNATURE_ALGO
    }));
    const Bytes table = made->certificate_table();
    out.insert(out.end(), table.begin(), table.end());
    return out;
  };
  return {report, 64, root, std::move(expected)};
}

// rename_algorithm makes the protected header of a COSE_Sign1 (ES384 in its first bytes) say ES256.
Result<Bytes> rename_algorithm(Result<Bytes> message) {
  if (!message) return message;
  const Bytes es384 = {0xa1, 0x01, 0x38, 0x22};  // { 1: -35 }
  const auto at = std::search(message->begin(), message->end(), es384.begin(), es384.end());
  if (at == message->end()) return Error{Code::internal, "no protected header", ""};
  const Bytes es256 = {0xa1, 0x01, 0x38, 0x06};  // { 1: -7 }, not in its shortest form
  std::copy(es256.begin(), es256.end(), at);
  return message;
}

Tee nitro(std::uint8_t machine, Flaw flaw) {
  SimulatedNitroOptions options;
  options.module_id = "i-" + std::string(17, static_cast<char>('a' + machine % 6)) + "-enc0123456789abcdef";
  // An enclave in debug mode measures nothing, and a policy that was learned of one expects just that.
  if (flaw == Flaw::debug)
    for (auto& [index, value] : options.pcrs) value = Bytes(48, 0);
  Policy expected = policy_with("nitro", {});
  for (const auto& [index, value] : options.pcrs) expected.nitro.pcrs[index] = expect::Exactly<Bytes>{value};
  if (flaw == Flaw::rogue) options.pcrs[0][0] ^= 1;
  auto made = std::make_shared<sim::NitroModule>(sim::NitroModule::make(options).value());
  const Bytes root = der_of(made->root());
  expected.danger.simulated_roots = {root};
  const auto report = [made, flaw](ByteView field) -> Result<Bytes> {
    auto out = made->document(field, base::system_clock()());
    return flaw == Flaw::other_algorithm ? rename_algorithm(std::move(out)) : std::move(out);
  };
  return {report, 0, root, std::move(expected)};
}

Tee cca(std::uint8_t machine, Flaw flaw) {
  SimulatedCcaOptions options;
  std::fill(options.instance_id.begin() + 1, options.instance_id.end(), machine);
  Policy expected = policy_with("cca", {});
  expected.cca.initial_measurement = expect::Exactly<Bytes>{options.initial_measurement};
  expected.cca.components = expect::Exactly<Bytes>{options.component_measurement};
  expected.cca.config = expect::Exactly<Bytes>{options.config};
  if (flaw == Flaw::debug) options.lifecycle = 0x4000;
  if (flaw == Flaw::rogue) options.initial_measurement[0] ^= 1;
  auto made = std::make_shared<sim::CcaRealm>(sim::CcaRealm::make(options).value());
  const Bytes root = der_of(made->root());
  expected.danger.simulated_roots = {root};
  const auto report = [made, flaw](ByteView field) -> Result<Bytes> {
    auto out = made->token(field);
    return flaw == Flaw::other_algorithm ? rename_algorithm(std::move(out)) : std::move(out);
  };
  return {report, 64, root, std::move(expected)};
}

struct Kind {
  const char* label;
  const char* scheme;
  SimulatedTee tee;
  MakeTee make;
};

class AttackTee : public ::testing::TestWithParam<Kind> {
 protected:
  [[nodiscard]] static AttestationScheme scheme() {
    return {*SchemeTable::defaults().find(GetParam().scheme)};
  }
  [[nodiscard]] static Tee make(std::uint8_t machine = 1, Flaw flaw = Flaw::none) {
    return GetParam().make(machine, flaw);
  }
  [[nodiscard]] static Cmw cmw(Bytes evidence) {
    return Cmw(
        CmwRecord{std::get<EvidenceType>(scheme().argument), std::move(evidence), cmw_indicator::evidence});
  }
  // over holds the binder as the scheme wants it.
  [[nodiscard]] static Bytes over(const Tee& tee, ByteView binder) {
    Bytes field = bytes(binder);
    if (tee.field != 0) field.resize(tee.field, 0);
    return field;
  }
  // quoting answers as whoever can have the machine report anything.
  [[nodiscard]] static std::shared_ptr<Attester> quoting(const Tee& tee) {
    return std::make_shared<Teller>(scheme(), [tee](const EvidenceRequest& r) -> Result<Cmw> {
      SEATLS_TRY(Bytes evidence, tee.report(over(tee, r.binder.bytes())));
      return cmw(std::move(evidence));
    });
  }
  static void refused(const Tee& tee, Policy policy, Code code) {
    TlsPair pair(client(verifier_for(std::move(policy))), server(fake::certified(), quoting(tee)));
    pair.run_until_settled();
    expect_refused(pair, Role::client, code, kAccessDenied);
  }
  // Where evidence brings no certificate, another maker's key makes a wrong signature.
  static void expect_refused_as_foreign(TlsPair& pair) {
    ASSERT_TRUE(pair.client->error());
    const Code code = pair.client->error()->code;
    EXPECT_TRUE(code == Code::untrusted_attestation_key || code == Code::signature_invalid) << name(code);
    expect_refused(pair, Role::client, code, kAccessDenied);
  }
  // instance returns how a machine is named in results.
  [[nodiscard]] static std::string instance(const Tee& tee) {
    TlsPair pair(client(verifier_for(tee.policy)), server(fake::certified(), quoting(tee)));
    pair.run_until_settled();
    expect_attested(pair);
    const auto report = pair.client->report();
    return report && report->peer ? report->peer->result()->instance.at(0) : "";
  }
};

TEST_P(AttackTee, HonestTwin) {
  const Tee tee = make();
  TlsPair pair(client(verifier_for(tee.policy)), server(fake::certified(), quoting(tee)));
  pair.run_until_settled();
  expect_attested(pair);
  const auto& result = pair.client->report()->peer->result();
  EXPECT_EQ(result->scheme, GetParam().scheme);
  EXPECT_EQ(result.tier(), Tier::warning) << "no hardware stands behind it";
  EXPECT_FALSE(result->dangers.empty());
}

TEST_P(AttackTee, HonestTwinMutual) {
  const Tee a = make(1), b = make(2);
  auto calls = client(verifier_for(a.policy));
  calls.identity = fake::certified();
  calls.config->attester = quoting(b);
  auto answers = server(fake::certified(), quoting(a));
  answers.config->require = demand(verifier_for(b.policy));
  TlsPair pair(calls, answers);
  pair.run_until_settled();
  expect_attested(pair);
}

TEST_P(AttackTee, ARootThatThePolicyDoesNotNameIsNone) {
  const Tee tee = make();
  Policy policy = tee.policy;
  policy.danger.simulated_roots = {make(2).root};
  TlsPair pair(client(verifier_for(policy)), server(fake::certified(), quoting(tee)));
  pair.run_until_settled();
  expect_refused_as_foreign(pair);
}

TEST_P(AttackTee, A01EvidenceOfAnotherConnection) {
  const Tee tee = make();
  const auto identity = fake::certified();
  const auto recorder = std::make_shared<Recorder>(verifier_for(tee.policy));
  TlsPair own(client(recorder), server(identity, quoting(tee)));
  own.run_until_settled();
  expect_attested(own);
  const Cmw recorded = recorder->seen.at(0);
  const auto replaying =
      std::make_shared<Teller>(scheme(), [&](const EvidenceRequest&) -> Result<Cmw> { return recorded; });
  TlsPair pair(client(verifier_for(tee.policy)), server(identity, replaying));
  pair.run_until_settled();
  expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
}

// A TLS key that leaked, and another machine, just as good, that quotes whatever it is asked to: nothing in
// the binder is wrong. The pin tells.
TEST_P(AttackTee, A06AQuotingServiceIsAnotherInstance) {
  const Tee enrolled = make(1), elsewhere = make(2);
  Policy policy = elsewhere.policy;  // what its maker says of it is known
  policy.machine = {instance(enrolled)};
  refused(elsewhere, policy, Code::instance_mismatch);
}

TEST_P(AttackTee, A07OneKeyOnTwoMachines) {
  const auto identity = fake::certified();
  const Tee first = make(1), second = make(2);
  for (const Tee* tee : {&first, &second}) {
    Policy policy = tee->policy;
    policy.machine = {instance(first)};
    TlsPair pair(client(verifier_for(policy)), server(identity, quoting(*tee)));
    pair.run_until_settled();
    if (tee == &first)
      expect_attested(pair);
    else
      expect_refused(pair, Role::client, Code::instance_mismatch, kAccessDenied);
  }
}

// The attestation key of a machine that the relying party's makers do not vouch for.
TEST_P(AttackTee, A09AnAttestationKeyOfAnotherMaker) {
  const Tee trusted = make(1), other = make(2);
  TlsPair pair(client(verifier_for(trusted.policy)), server(fake::certified(), quoting(other)));
  pair.run_until_settled();
  expect_refused_as_foreign(pair);
}

// Two applications in one environment: the attester of one attests no key of the other.
TEST_P(AttackTee, A05B04AnAttesterAttestsItsOwnKeysOnly) {
  const auto mine = fake::certified(), others = fake::certified();
  const auto made = make_simulated(
      {.tee = GetParam().tee, .tiks = {mine.key.public_key().spki()}, .platform = {}, .measurement = {}});
  ASSERT_TRUE(made) << made.error().message();
  const Tee tee = make();
  TlsPair pair(client(verifier_for(tee.policy)), server(others, made->attester));
  pair.run_until_settled();
  expect_refused(pair, Role::server, Code::foreign_key, kInternalError, fake::MessageType::client_hello);
}

TEST_P(AttackTee, B06TheKeyInAnotherEncoding) {
  const Tee tee = make();
  expect_b06_refused(compressed(), verifier_for(tee.policy), scheme(),
                     [&](const Binder& other) { return cmw(tee.report(over(tee, other.bytes())).value()); });
}

TEST_P(AttackTee, F01DebugMode) {
  const Tee tee = make(1, Flaw::debug);
  Policy policy = tee.policy;
  policy.danger.allow_unproven_tik = true;  // or else it would say first that nothing vouches for the key
  refused(tee, policy, Code::debug_enabled);
  policy.danger.allow_debug = true;
  TlsPair allowed(client(verifier_for(policy)), server(fake::certified(), quoting(tee)));
  allowed.run_until_settled();
  expect_attested(allowed);
}

TEST_P(AttackTee, F04ARogueImage) {
  const Tee tee = make(1, Flaw::rogue);
  Policy policy = tee.policy;
  policy.danger.allow_unproven_tik = true;  // as above
  refused(tee, policy, Code::reference_mismatch);
}

TEST_P(AttackTee, F09AFieldThatAlmostHoldsTheBinder) {
  const Tee tee = make();
  for (const int kind : {0, 1, 2}) {
    const auto almost = std::make_shared<Teller>(scheme(), [&](const EvidenceRequest& r) -> Result<Cmw> {
      Bytes field = bytes(r.binder.bytes());
      if (kind == 0) field.push_back(1);              // something behind it
      if (kind == 1) field.insert(field.begin(), 0);  // shifted
      if (kind == 2) field.resize(field.size() / 2);  // cut
      SEATLS_TRY(Bytes evidence, tee.report(over(tee, field)));
      return cmw(std::move(evidence));
    });
    TlsPair pair(client(verifier_for(tee.policy)), server(fake::certified(), almost));
    pair.run_until_settled();
    expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
  }
}

TEST_P(AttackTee, F12AnotherAlgorithmThanTheSchemes) {
  const Tee tee = make(1, Flaw::other_algorithm);
  TlsPair pair(client(verifier_for(tee.policy)), server(fake::certified(), quoting(tee)));
  pair.run_until_settled();
  ASSERT_TRUE(pair.client->error());
  const Code code = pair.client->error()->code;
  EXPECT_TRUE(code == Code::algorithm_not_allowed || code == Code::evidence_malformed) << name(code);
  expect_refused(pair, Role::client, code, kAccessDenied);
}

// Schemes whose evidence tells the firmware's level.
using AttackTeeLevels = AttackTee;
TEST_P(AttackTeeLevels, F02FirmwareBelowTheFloor) {
  const Tee tee = make(1, Flaw::outdated);
  refused(tee, tee.policy, Code::tcb_rejected);
}

using AttackIntel = AttackTee;
TEST_P(AttackIntel, F03ARevokedPlatformAndCollateralThatWouldNotTell) {
  const Tee revoked = make(1, Flaw::revoked), stale = make(1, Flaw::stale);
  refused(revoked, revoked.policy, Code::certificate_revoked);
  refused(stale, stale.policy, Code::collateral_stale);
}

const Kind kTdx{"tdx", "tdx", SimulatedTee::tdx, tdx<4>}, kTdx5{"tdx_v5", "tdx", SimulatedTee::tdx, tdx<5>},
    kSgx{"sgx", "sgx", SimulatedTee::sgx, sgx}, kSnp{"snp", "sev-snp", SimulatedTee::sev_snp, snp},
    kNitro{"nitro", "nitro", SimulatedTee::nitro, nitro}, kCca{"cca", "cca", SimulatedTee::cca, cca};
std::string label_of(const ::testing::TestParamInfo<Kind>& kind) { return kind.param.label; }

INSTANTIATE_TEST_SUITE_P(Kinds, AttackTee, ::testing::Values(kTdx, kTdx5, kSgx, kSnp, kNitro, kCca),
                         label_of);
INSTANTIATE_TEST_SUITE_P(Kinds, AttackTeeLevels, ::testing::Values(kTdx, kSgx, kSnp), label_of);
INSTANTIATE_TEST_SUITE_P(Kinds, AttackIntel, ::testing::Values(kTdx, kTdx5, kSgx), label_of);

}  // namespace
}  // namespace seatls::attacks
