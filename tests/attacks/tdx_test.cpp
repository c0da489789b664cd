// The catalogue's rows A01, F01, F02, F03, F04 and F09 with quotes of TDX, over real handshakes: each
// machine has a made-up platform, whose root the relying party names.
#include <gtest/gtest.h>

#include "attacks/kit.h"
#include "attest/simulated/intel_platform.h"
#include "seatls/simulated_tdx.h"

namespace seatls::attacks {
namespace {

using attest::simulated::IntelPlatform;
using fake::TlsPair;

constexpr int kAccessDenied = 49;

const AttestationScheme& scheme() {
  static const AttestationScheme value{*SchemeTable::defaults().find("tdx")};
  return value;
}

// TdxMachine is a trust domain with a TLS identity, and a relying party's policy that accepts it.
struct TdxMachine {
  explicit TdxMachine(SimulatedTdxOptions options = {}) : identity(fake::certified()) {
    options.tiks = {identity.key.public_key().spki()};
    simulated.emplace(make_simulated_tdx(options).value());
  }
  [[nodiscard]] Policy policy() const { return policy_with(simulated->collateral, simulated->root_pem); }
  [[nodiscard]] Policy policy_with(const std::string& collateral, const std::string& root) const {
    Policy p;
    p.id = "tdx";
    p.schemes = {"tdx"};
    p.tdx.tcb.collateral = {IntelCollateral::parse(collateral).value()};
    p.tdx.mr_td = expect::OneOf<Bytes>{{Bytes(48, 0x7d)}};
    for (std::size_t i = 0; i < 4; ++i) p.tdx.rtmr[i] = expect::OneOf<Bytes>{{SimulatedTdxOptions{}.rtmr[i]}};
    p.danger.simulated_roots = {bytes(crypto::parse_pem_certificates(root).value().front().der())};
    return p;
  }

  fake::TlsIdentity identity;
  std::optional<Simulated> simulated;
};

void refused(const TdxMachine& machine, Policy policy, Code code) {
  TlsPair pair(client(verifier_for(std::move(policy))),
               server(machine.identity, machine.simulated->attester));
  pair.run_until_settled();
  expect_refused(pair, Role::client, code, kAccessDenied);
}

TEST(AttackTdx, AGoodMachineIsAttested) {
  for (const unsigned version : {4U, 5U}) {
    SimulatedTdxOptions options;
    options.quote_version = version;
    const TdxMachine machine(std::move(options));
    TlsPair pair(client(verifier_for(machine.policy())),
                 server(machine.identity, machine.simulated->attester));
    pair.run_until_settled();
    expect_attested(pair);
    EXPECT_EQ(pair.client->report()->peer->result()->scheme, "tdx");
  }
}

// A01: evidence that was made for another connection.
TEST(AttackTdx, A01ARecordedQuote) {
  const TdxMachine machine;
  std::optional<Cmw> recorded;
  const auto recording =
      std::make_shared<Teller>(scheme(), [&](const EvidenceRequest& request) -> Result<Cmw> {
        Result<Cmw> out = Error{};
        machine.simulated->attester->attest(request, [&](Result<Cmw> made) { out = std::move(made); });
        if (out) recorded = *out;
        return out;
      });
  TlsPair first(client(verifier_for(machine.policy())), server(machine.identity, recording));
  first.run_until_settled();
  expect_attested(first);
  ASSERT_TRUE(recorded);
  const auto replaying =
      std::make_shared<Teller>(scheme(), [&](const EvidenceRequest&) -> Result<Cmw> { return *recorded; });
  TlsPair pair(client(verifier_for(machine.policy())), server(machine.identity, replaying));
  pair.run_until_settled();
  expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
}

// F09: a quote by the right platform over something that is almost the binder.
TEST(AttackTdx, F09ReportDataThatIsNotTheBinderAlone) {
  const TdxMachine machine;
  const auto platform = IntelPlatform::make({}).value();
  for (const int kind : {0, 1, 2}) {
    const auto teller =
        std::make_shared<Teller>(scheme(), [&](const EvidenceRequest& request) -> Result<Cmw> {
          Bytes data = bytes(request.binder.bytes());
          if (kind == 0) data.resize(64, 0xff);                             // other padding
          if (kind == 1) data.insert(data.begin(), 0), data.resize(64, 0);  // shifted
          if (kind == 2) data.resize(16), data.resize(64, 0);               // cut
          SEATLS_TRY(auto quote, platform.quote(data));
          return Cmw(CmwRecord{std::get<EvidenceType>(scheme().argument), std::move(quote),
                               cmw_indicator::evidence});
        });
    TlsPair pair(client(verifier_for(machine.policy_with(platform.collateral(), to_pem(platform.root())))),
                 server(machine.identity, teller));
    pair.run_until_settled();
    expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
  }
}

TEST(AttackTdx, F01ADebuggedTrustDomain) {
  SimulatedTdxOptions options;
  options.td_attributes[0] |= 1;
  const TdxMachine machine(std::move(options));
  refused(machine, machine.policy(), Code::debug_enabled);
}

TEST(AttackTdx, F02APlatformThatIsOutOfDate) {
  SimulatedTdxOptions options;
  options.tcb_status = "OutOfDate";
  const TdxMachine machine(std::move(options));
  refused(machine, machine.policy(), Code::tcb_rejected);
}

TEST(AttackTdx, F03ARevokedPlatformAndCollateralThatWouldNotTell) {
  SimulatedTdxOptions revoked;
  revoked.revoked = true;
  const TdxMachine withdrawn(std::move(revoked));
  refused(withdrawn, withdrawn.policy(), Code::certificate_revoked);
  SimulatedTdxOptions stale;
  stale.collateral_lifetime = std::chrono::minutes(30);  // counted from an hour ago
  const TdxMachine old(std::move(stale));
  refused(old, old.policy(), Code::collateral_stale);
}

TEST(AttackTdx, F04AnotherImageOnAGoodPlatform) {
  SimulatedTdxOptions options;
  options.rtmr[2] = Bytes(48, 0x66);
  const TdxMachine machine(std::move(options));
  refused(machine, machine.policy(), Code::reference_mismatch);
}

TEST(AttackTdx, ARootThatNobodyNamed) {
  const TdxMachine machine, other;
  refused(machine, machine.policy_with(machine.simulated->collateral, other.simulated->root_pem),
          Code::untrusted_attestation_key);
  Policy policy = machine.policy();
  policy.danger.simulated_roots.clear();
  refused(machine, std::move(policy), Code::untrusted_attestation_key);
}

}  // namespace
}  // namespace seatls::attacks
