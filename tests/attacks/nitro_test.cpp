// The catalogue's rows A01, A05, A07, F01 and F04 with AWS Nitro: simulated enclaves, whose root the relying
// party names as such, and real handshakes.
#include <gtest/gtest.h>

#include "attacks/kit.h"
#include "crypto/x509.h"
#include "seatls/simulated_nitro.h"

namespace seatls::attacks {
namespace {

using fake::TlsPair;

constexpr int kInternalError = 80, kAccessDenied = 49;

struct Enclave {
  explicit Enclave(SimulatedNitroOptions options = {}) {
    options.tiks = {identity.key.public_key().spki()};
    pcrs = options.pcrs;
    auto made = make_simulated_nitro(std::move(options));
    EXPECT_TRUE(made) << made.error().message();
    attester = made->attester;
    root = bytes(crypto::parse_pem_certificates(made->root_pem)->at(0).der());
  }

  fake::TlsIdentity identity = fake::certified();
  std::shared_ptr<Attester> attester;
  Bytes root;
  std::map<unsigned, Bytes> pcrs;
};

Policy policy_of(const Enclave& enclave) {
  Policy policy;
  policy.id = "attacks";
  policy.schemes = {"nitro"};
  for (const auto& [index, value] : enclave.pcrs) policy.nitro.pcrs[index] = expect::Exactly<Bytes>{value};
  policy.danger.simulated_roots = {enclave.root};
  return policy;
}

fake::TlsSetup relying(const Policy& policy) { return client(verifier_for(policy)); }

TEST(AttackNitro, HonestTwin) {
  const Enclave enclave;
  TlsPair pair(relying(policy_of(enclave)), server(enclave.identity, enclave.attester));
  expect_attested(pair);
  const auto report = pair.client->report();
  ASSERT_TRUE(report && report->peer);
  EXPECT_EQ(report->peer->result()->scheme, "nitro");
  EXPECT_EQ(report->peer->result()->key, KeyProvenance::measured);
  EXPECT_EQ(report->peer->result().tier(), Tier::warning) << "no hardware stands behind it";
}

TEST(AttackNitro, ARootThatThePolicyDoesNotNameIsNone) {
  const Enclave enclave;
  auto policy = policy_of(enclave);
  policy.danger.simulated_roots.clear();
  TlsPair pair(relying(policy), server(enclave.identity, enclave.attester));
  expect_refused(pair, Role::client, Code::untrusted_attestation_key, kAccessDenied);
}

TEST(AttackNitro, A01RelayOfADocument) {
  const Enclave enclave;
  auto recorder = std::make_shared<Recorder>(verifier_for(policy_of(enclave)));
  TlsPair own(client(recorder), server(enclave.identity, enclave.attester));
  expect_attested(own);
  const Cmw relayed = recorder->seen.at(0);
  const AttestationScheme scheme{*SchemeTable::defaults().find("nitro")};
  TlsPair pair(
      relying(policy_of(enclave)),
      server(enclave.identity, std::make_shared<Teller>(scheme, [&](const auto&) { return relayed; })));
  expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
}

TEST(AttackNitro, A05AnAttesterRefusesAKeyThatItDoesNotHold) {
  const Enclave enclave;
  TlsPair pair(relying(policy_of(enclave)), server(fake::certified(), enclave.attester));
  expect_refused(pair, Role::server, Code::foreign_key, kInternalError, fake::MessageType::client_hello);
}

TEST(AttackNitro, A07AForeignInstanceEndsAtThePin) {
  const Enclave enclave;
  auto policy = policy_of(enclave);
  policy.machine = {"instance_id:i-0123456789abcdef0"};
  TlsPair twin(relying(policy), server(enclave.identity, enclave.attester));
  expect_attested(twin);
  policy.machine = {"instance_id:i-0fedcba9876543210"};
  TlsPair pair(relying(policy), server(enclave.identity, enclave.attester));
  expect_refused(pair, Role::client, Code::instance_mismatch, kAccessDenied);
}

TEST(AttackNitro, F01AnEnclaveInDebugMode) {
  SimulatedNitroOptions options;
  options.pcrs = {{0, Bytes(48, 0)}, {1, Bytes(48, 0)}, {2, Bytes(48, 0)}};
  const Enclave enclave(std::move(options));
  auto policy = policy_of(enclave);
  policy.danger.allow_unproven_tik = true;  // zeros vouch for no key, which would be told first
  TlsPair pair(relying(policy), server(enclave.identity, enclave.attester));
  expect_refused(pair, Role::client, Code::debug_enabled, kAccessDenied);
}

TEST(AttackNitro, F04ARogueImage) {
  const Enclave enclave;
  auto policy = policy_of(enclave);
  policy.nitro.pcrs[2] = expect::Exactly<Bytes>{Bytes(48, 1)};
  TlsPair pair(relying(policy), server(enclave.identity, enclave.attester));
  expect_refused(pair, Role::client, Code::reference_mismatch, kAccessDenied);
}

}  // namespace
}  // namespace seatls::attacks
