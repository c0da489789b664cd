// The catalogue's rows A01, A05, A07, F01, F02, F04 and F09 with SEV-SNP: simulated processors, whose
// root the relying party names as such, and real handshakes.
#include <gtest/gtest.h>

#include "attacks/kit.h"
#include "base/encoding.h"
#include "crypto/x509.h"
#include "seatls/simulated_snp.h"

namespace seatls::attacks {
namespace {

using fake::TlsPair;
using fake::TlsSetup;

constexpr int kInternalError = 80, kAccessDenied = 49;
constexpr SnpTcb kLevel{.bootloader = 10, .tee = 0, .snp = 23, .microcode = 84};

const AttestationScheme& scheme() {
  static const AttestationScheme value{*SchemeTable::defaults().find("sev-snp")};
  return value;
}

// Guest runs on a simulated processor, and has a certificate for the test's names.
struct Guest {
  explicit Guest(SimulatedSnpOptions options = {}) {
    options.tiks = {identity.key.public_key().spki()};
    if (options.tcb == SnpTcb{}) options.tcb = kLevel;
    measurement = options.measurement;
    chip_id = options.chip_id;
    auto made = make_simulated_snp(std::move(options));
    EXPECT_TRUE(made) << made.error().message();
    attester = made->attester;
    root = bytes(crypto::parse_pem_certificates(made->root_pem)->at(0).der());
  }
  // about has the processor report any binder, as a guest's kernel does for every process.
  [[nodiscard]] Cmw about(ByteView binder) const {
    std::optional<Result<Cmw>> made;
    attester->attest(
        {scheme(), danger::binder_from_bytes(bytes(binder), Hash::sha256, identity.key.public_key().spki())},
        [&](Result<Cmw> r) { made = std::move(r); });
    return made->value();
  }

  fake::TlsIdentity identity = fake::certified();
  std::shared_ptr<Attester> attester;
  Bytes root, measurement, chip_id;
};

Policy policy_of(const Guest& guest) {
  Policy policy;
  policy.id = "attacks";
  policy.schemes = {"sev-snp"};
  policy.snp.measurement = expect::Exactly<Bytes>{guest.measurement};
  policy.snp.tcb[SnpProduct::genoa].reported = kLevel;
  policy.danger.simulated_roots = {guest.root};
  return policy;
}

TlsSetup relying(const Policy& policy) { return client(verifier_for(policy)); }
std::shared_ptr<Attester> teller(Teller::Tell tell) {
  return std::make_shared<Teller>(scheme(), std::move(tell));
}

TEST(AttackSnp, HonestTwin) {
  const Guest guest;
  TlsPair pair(relying(policy_of(guest)), server(guest.identity, guest.attester));
  expect_attested(pair);
  const auto report = pair.client->report();
  ASSERT_TRUE(report && report->peer);
  const auto& result = report->peer->result();
  EXPECT_EQ(result->scheme, "sev-snp");
  EXPECT_EQ(result->key, KeyProvenance::measured);
  EXPECT_EQ(result.tier(), Tier::warning) << "no hardware stands behind it";
  EXPECT_FALSE(result->dangers.empty());
}

TEST(AttackSnp, HonestTwinMutual) {
  const Guest a, b;
  auto calls = relying(policy_of(a));
  calls.identity = b.identity;
  calls.config->attester = b.attester;
  auto answers = server(a.identity, a.attester);
  answers.config->require = demand(verifier_for(policy_of(b)));
  TlsPair pair(calls, answers);
  expect_attested(pair);
}

TEST(AttackSnp, ARootThatThePolicyDoesNotNameIsNone) {
  const Guest guest;
  auto policy = policy_of(guest);
  policy.danger.simulated_roots.clear();
  TlsPair pair(relying(policy), server(guest.identity, guest.attester));
  expect_refused(pair, Role::client, Code::untrusted_attestation_key, kAccessDenied);
}

// What the guest said on one connection, shown on another.
TEST(AttackSnp, A01RelayOfAReport) {
  const Guest guest;
  auto recorder = std::make_shared<Recorder>(verifier_for(policy_of(guest)));
  TlsPair own(client(recorder), server(guest.identity, guest.attester));
  expect_attested(own);
  const Cmw relayed = recorder->seen.at(0);
  TlsPair pair(relying(policy_of(guest)),
               server(guest.identity, teller([&](const auto&) { return relayed; })));
  expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
}

TEST(AttackSnp, A05AnAttesterRefusesAKeyThatItDoesNotHold) {
  const Guest guest;
  TlsPair pair(relying(policy_of(guest)), server(fake::certified(), guest.attester));
  expect_refused(pair, Role::server, Code::foreign_key, kInternalError, fake::MessageType::client_hello);
}

// One TLS key on two genuine chips, with the right software on both.
TEST(AttackSnp, A07AForeignChipEndsAtThePin) {
  const Guest guest;
  auto policy = policy_of(guest);
  policy.machine = {"chip_id:" + base::to_hex(guest.chip_id)};
  TlsPair twin(relying(policy), server(guest.identity, guest.attester));
  expect_attested(twin);

  SimulatedSnpOptions elsewhere;
  elsewhere.chip_id = Bytes(64, 0xF0);
  const Guest foreign(std::move(elsewhere));
  policy.danger.simulated_roots.push_back(foreign.root);
  TlsPair pair(relying(policy), server(foreign.identity, foreign.attester));
  expect_refused(pair, Role::client, Code::instance_mismatch, kAccessDenied);
}

TEST(AttackSnp, F01ADebuggerReadsTheGuest) {
  SimulatedSnpOptions options;
  options.policy |= snp::policy_debug;
  const Guest guest(std::move(options));
  TlsPair pair(relying(policy_of(guest)), server(guest.identity, guest.attester));
  expect_refused(pair, Role::client, Code::debug_enabled, kAccessDenied);
  auto policy = policy_of(guest);
  policy.danger.allow_debug = true;
  TlsPair allowed(relying(policy), server(guest.identity, guest.attester));
  expect_attested(allowed);
}

TEST(AttackSnp, F02FirmwareBelowTheFloor) {
  const Guest guest;
  auto policy = policy_of(guest);
  policy.snp.tcb[SnpProduct::genoa].reported->microcode = 85;
  TlsPair pair(relying(policy), server(guest.identity, guest.attester));
  expect_refused(pair, Role::client, Code::tcb_rejected, kAccessDenied);
}

TEST(AttackSnp, F04ARogueImage) {
  const Guest guest;
  auto policy = policy_of(guest);
  policy.snp.measurement = expect::Exactly<Bytes>{Bytes(48, 1)};
  policy.danger.allow_unproven_tik = true;  // what the rogue image did to the key would be told first
  TlsPair pair(relying(policy), server(guest.identity, guest.attester));
  expect_refused(pair, Role::client, Code::reference_mismatch, kAccessDenied);
}

// The binder stands there, and something else behind it.
TEST(AttackSnp, F09ReportDataThatIsNotPaddedWithZeros) {
  const Guest guest;
  const auto padded = [&](const EvidenceRequest& r) {
    Bytes field = bytes(r.binder.bytes());
    field.resize(field.size() + 1, 1);
    return guest.about(field);
  };
  TlsPair pair(relying(policy_of(guest)), server(guest.identity, teller(padded)));
  expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
}

}  // namespace
}  // namespace seatls::attacks
