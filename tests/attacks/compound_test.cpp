// The catalogue's rows A01, A05, C09, D07 and F04 with compounds, over real handshakes: a peer of three
// parts, of which each speaks for the connection, or nothing does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "attacks/kit.h"
#include "crypto/x509.h"
#include "fake/nvidia_device.h"
#include "seatls/compound.h"
#include "seatls/simulated_snp.h"
#include "seatls/simulated_tdx.h"

namespace seatls::attacks {
namespace {

using fake::TlsPair;
using ::testing::StartsWith;

constexpr int kAccessDenied = 49;
constexpr SnpTcb kLevel{.bootloader = 10, .tee = 0, .snp = 23, .microcode = 84};

const AttestationScheme& scheme_named(std::string_view name) {
  static std::map<std::string, AttestationScheme, std::less<>> known;
  const auto at = known.find(name);
  if (at != known.end()) return at->second;
  return known.emplace(std::string(name), AttestationScheme{*SchemeTable::defaults().find(name)})
      .first->second;
}

Bytes root_of(const Simulated& simulated) {
  return bytes(crypto::parse_pem_certificates(simulated.root_pem).value().front().der());
}

Cmw shown_by(Attester& attester, const Binder& binder) {
  std::optional<Result<Cmw>> made;
  attester.attest({attester.schemes().at(0), binder}, [&](Result<Cmw> r) { made = std::move(r); });
  return made.value().value();
}

// Peer is one TLS identity with a trust domain, a guest of another processor and software beside it.
struct Peer {
  Peer() {
    const auto spki = machine.identity.key.public_key().spki();
    SimulatedTdxOptions tdx_options;
    tdx_options.tiks = {spki};
    tdx.emplace(make_simulated_tdx(tdx_options).value());
    SimulatedSnpOptions snp_options;
    snp_options.tiks = {spki};
    snp_options.tcb = kLevel;
    measurement = snp_options.measurement;
    snp.emplace(make_simulated_snp(snp_options).value());
  }
  [[nodiscard]] std::shared_ptr<Attester> attester() const {
    CompoundOptions options;
    options.parts = {{"cpu", tdx->attester}, {"guest", snp->attester}, {"app", machine.attester}};
    return make_compound_attester(std::move(options)).value();
  }
  [[nodiscard]] Policy policy() const {
    Policy p = policy_for({&machine});
    p.software.key.reset();
    p.danger.allow_unproven_tik = false;
    p.schemes = {"compound"};
    p.compound.parts = {{"cpu", {{"tdx"}, {}}}, {"guest", {{"sev-snp"}, {}}}, {"app", {{"software"}, {}}}};
    p.tdx.tcb.collateral = {IntelCollateral::parse(tdx->collateral).value()};
    p.tdx.mr_td = expect::OneOf<Bytes>{{Bytes(48, 0x7d)}};
    for (std::size_t i = 0; i < 4; ++i) p.tdx.rtmr[i] = expect::OneOf<Bytes>{{SimulatedTdxOptions{}.rtmr[i]}};
    p.snp.measurement = expect::Exactly<Bytes>{measurement};
    p.snp.tcb[SnpProduct::genoa].reported = kLevel;
    p.danger.simulated_roots = {root_of(*tdx), root_of(*snp)};
    return p;
  }

  Machine machine;
  std::optional<Simulated> tdx, snp;
  Bytes measurement;
};

// Edit changes what a peer shows.
using Edit = std::function<void(CmwCollection&, const EvidenceRequest&)>;

TlsPair pair_with(const Peer& peer, Policy policy, const Edit& edit) {
  const auto teller = std::make_shared<Teller>(
      scheme_named("compound"), [&peer, edit](const EvidenceRequest& request) -> Result<Cmw> {
        CmwCollection collection = *shown_by(*peer.attester(), request.binder).collection();
        edit(collection, request);
        return Cmw(std::move(collection));
      });
  return {client(verifier_for(std::move(policy))), server(peer.machine.identity, teller)};
}

void refused(const Peer& peer, const Policy& policy, Code code, const std::string& path, const Edit& edit) {
  TlsPair pair = pair_with(peer, policy, edit);
  pair.run_until_settled();
  expect_refused(pair, Role::client, code, kAccessDenied);
  EXPECT_THAT(pair.client->error()->path, ::testing::HasSubstr(path)) << pair.client->error()->message();
}

Cmw& entry(CmwCollection& collection, const std::string& label) {
  for (auto& [name, part] : collection.entries)
    if (name == CmwCollection::Label(label)) return part;
  throw std::logic_error("no part " + label);
}

TEST(AttackCompound, HonestTwin) {
  const Peer peer;
  TlsPair pair(client(verifier_for(peer.policy())), server(peer.machine.identity, peer.attester()));
  expect_attested(pair);
  const auto& result = pair.client->report()->peer->result();
  EXPECT_EQ(result->scheme, "compound");
  EXPECT_EQ(result->key, KeyProvenance::none) << "software proves nothing of the key";
  EXPECT_EQ(result.tier(), Tier::warning);
  ASSERT_EQ(result->submods.size(), 3U);
  EXPECT_EQ(result->submods[1].label, "cpu");
  EXPECT_EQ(result->submods[1].scheme, "tdx");
}

// A01, A05: one part speaks of another connection. That the others are genuine does not help it.
TEST(AttackCompound, A01OnePartIsRelayed) {
  const Peer peer;
  for (const auto& [label, attester] :
       {std::pair{"cpu", peer.tdx->attester}, std::pair{"guest", peer.snp->attester},
        std::pair{"app", peer.machine.attester}}) {
    refused(peer, peer.policy(), Code::binder_mismatch, std::string(label) + " > ",
            [&, part = label, by = attester](CmwCollection& c, const EvidenceRequest& request) {
              const auto other = danger::binder_from_bytes(Bytes(request.binder.bytes().size(), 0x5a),
                                                           request.binder.hash(), request.binder.tik());
              entry(c, part) = shown_by(*by, other);
            });
  }
}

TEST(AttackCompound, A05APartOfAnotherPeerNamesItsOwnKey) {
  const Peer peer, other;
  Policy policy = peer.policy();
  policy.software.ak.push_back(other.machine.attestation_key.public_key().spki());
  refused(peer, policy, Code::tik_mismatch, "app > ", [&](CmwCollection& c, const EvidenceRequest& request) {
    entry(c, "app") = cwt(other.machine.claims(request.binder), other.machine.attestation_key);
  });
}

TEST(AttackCompound, D03APartIsLeftOut) {
  const Peer peer;
  for (const std::string label : {"cpu", "guest", "app"})
    refused(peer, peer.policy(), Code::evidence_missing, label,
            [&](CmwCollection& c, const EvidenceRequest&) {
              std::erase_if(c.entries, [&](const auto& e) { return e.first == CmwCollection::Label(label); });
            });
}

TEST(AttackCompound, D04APartThatNobodyAskedFor) {
  const Peer peer;
  refused(peer, peer.policy(), Code::credential_type_mismatch, "more",
          [](CmwCollection& c, const EvidenceRequest&) { c.entries.emplace_back("more", entry(c, "app")); });
}

// C09: two labels, one attester.
TEST(AttackCompound, C09OnePartStandsForTwo) {
  const Peer peer;
  Policy policy = peer.policy();
  policy.compound.parts["second"] = {{"tdx"}, {}};
  refused(peer, policy, Code::evidence_reused, "second", [](CmwCollection& c, const EvidenceRequest&) {
    c.entries.emplace_back("second", entry(c, "cpu"));
  });
}

TEST(AttackCompound, D07APartOfAnotherSchemeThanItsLabelTakes) {
  const Peer peer;
  refused(peer, peer.policy(), Code::scheme_below_policy, "cpu",
          [](CmwCollection& c, const EvidenceRequest&) { entry(c, "cpu") = entry(c, "app"); });
}

TEST(AttackCompound, D07ASingleRecordInPlaceOfTheCollection) {
  const Peer peer;
  for (const bool dressed_up : {false, true}) {
    const auto teller = std::make_shared<Teller>(
        scheme_named("compound"), [&](const EvidenceRequest& request) -> Result<Cmw> {
          const Cmw single = shown_by(*peer.tdx->attester, request.binder);
          if (!dressed_up) return single;
          return Cmw(CmwRecord{ContentFormat{273}, single.record()->value, cmw_indicator::evidence});
        });
    // An endpoint of ours does not even send it; what a relying party makes of it is told by
    // Compound.ASingleRecordIsNoCompound.
    TlsPair pair(client(verifier_for(peer.policy())), server(peer.machine.identity, teller));
    pair.run_until_settled();
    EXPECT_FALSE(pair.established());
    EXPECT_FALSE(pair.client->report().has_value());
    EXPECT_EQ(pair.leak(), "");
  }
}

TEST(AttackCompound, D12ACollectionWithinTheCollection) {
  const Peer peer;
  refused(peer, peer.policy(), Code::evidence_malformed, "cpu", [](CmwCollection& c, const EvidenceRequest&) {
    CmwCollection inner;
    inner.entries.emplace_back("cpu", entry(c, "cpu"));
    entry(c, "cpu") = Cmw(std::move(inner));
  });
}

// F04: the other parts do not make up for what runs in one.
TEST(AttackCompound, F04AnotherImageInOnePart) {
  const Peer peer;
  Policy policy = peer.policy();
  policy.tdx.mr_td = expect::OneOf<Bytes>{{Bytes(48, 0x99)}};
  refused(peer, policy, Code::reference_mismatch, "cpu > ", [](CmwCollection&, const EvidenceRequest&) {});
}

// A GPU beside the trust domain: it answers with the binder as its nonce, and for nothing else.
struct WithGpu : Peer {
  [[nodiscard]] std::shared_ptr<Attester> gpu(bool relayed = false) const {
    return std::make_shared<Teller>(
        scheme_named("nvidia"), [this, relayed](const EvidenceRequest& request) -> Result<Cmw> {
          const Bytes nonce = relayed ? Bytes(32, 0x5a) : bytes(request.binder.bytes());
          return Cmw(CmwRecord{std::get<EvidenceType>(scheme_named("nvidia").argument),
                               device.evidence(nonce), cmw_indicator::evidence});
        });
  }
  [[nodiscard]] fake::TlsSetup shows(bool relayed = false) const {
    CompoundOptions options;
    options.parts = {{"cpu", tdx->attester}, {"gpu", gpu(relayed)}};
    return server(machine.identity, make_compound_attester(std::move(options)).value());
  }
  [[nodiscard]] Policy policy() const {
    Policy p = Peer::policy();
    p.compound.parts = {{"cpu", {{"tdx"}, {}}}, {"gpu", {{"nvidia"}, {}}}};
    p.danger.software_evidence = false;
    p.danger.simulated_roots = {root_of(*tdx), bytes(device.root->der())};
    p.nvidia.architectures = {"HOPPER"};
    p.nvidia.driver = expect::OneOf<std::string>{{"590.12"}};
    p.nvidia.vbios = expect::OneOf<std::string>{{"96.00.A5.00.01"}};
    for (const auto& [index, value] : device.measurements)
      p.nvidia.measurements[index] = expect::OneOf<Bytes>{{value}};
    return p;
  }
  // A nonce has 32 bytes: the suites are those that make binders of that length.
  [[nodiscard]] static fake::TlsSetup asks(Policy policy) {
    auto setup = client(verifier_for(std::move(policy)));
    setup.before = [](SSL_CTX* ctx) { SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256"); };
    return setup;
  }

  fake::NvidiaDevice device;
};

TEST(AttackCompound, AGpuStandsBesideWhatSpeaksForTheKey) {
  const WithGpu peer;
  TlsPair pair(WithGpu::asks(peer.policy()), peer.shows());
  expect_attested(pair);
  const auto& result = pair.client->report()->peer->result();
  EXPECT_EQ(result->key, KeyProvenance::measured) << "the GPU takes nothing away";
  EXPECT_EQ(result->submods.at(1).scheme, "nvidia");
}

TEST(AttackCompound, A01ARelayedGpu) {
  const WithGpu peer;
  TlsPair pair(WithGpu::asks(peer.policy()), peer.shows(true));
  pair.run_until_settled();
  expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
}

TEST(AttackCompound, A06AGpuAloneSpeaksForNoKey) {
  const WithGpu peer;
  Policy policy = peer.policy();
  policy.schemes = {"nvidia"};
  TlsPair pair(WithGpu::asks(policy), server(peer.machine.identity, peer.gpu()));
  pair.run_until_settled();
  expect_refused(pair, Role::client, Code::key_unproven, kAccessDenied);
}

// A relying party that asks for the parts does not take one of them alone.
TEST(AttackCompound, D05OnePartIsNotNegotiated) {
  const Peer peer;
  TlsPair pair(client(verifier_for(peer.policy())), server(peer.machine.identity, peer.tdx->attester));
  pair.run_until_settled();
  EXPECT_FALSE(pair.established());
  EXPECT_EQ(pair.server->error()->code, Code::unsupported_attestation_schemes);
}

}  // namespace
}  // namespace seatls::attacks
