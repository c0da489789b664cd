// The properties that draft-mihalcea-seat-use-cases asks for, each in one sentence and one run.
#include <gtest/gtest.h>

#include "attacks/line.h"
#include "rats/ear.h"

namespace seatls::attacks {
namespace {

constexpr int kAccessDenied = 49;

fake::TlsSetup relying(const Machine& m) { return client(verifier_for(policy_for({&m}))); }

TEST(Property, P01EvidenceIsBoundToTheChannel) {
  const Machine s;
  Bytes first, second;
  for (Bytes* binder : {&first, &second}) {
    fake::TlsPair pair(relying(s), server(s.identity, s.attester));
    expect_attested(pair);
    *binder = pair.client->report()->peer_binder;
    EXPECT_EQ(*binder, pair.server->report()->self_binder) << "both ends derive the same binder";
  }
  EXPECT_NE(first, second) << "the same key and machine on another connection: another binder";

  const Cmw relayed = record_evidence(s);
  fake::TlsPair elsewhere(relying(s),
                          server(s.identity, std::make_shared<Teller>([&](const auto&) { return relayed; })));
  expect_refused(elsewhere, Role::client, Code::binder_mismatch, kAccessDenied);
}

TEST(Property, P02AttestationAddsToTheCertificate) {
  const Machine s;
  auto uncertified = server(s.identity, s.attester);
  auto stranger = relying(s);
  stranger.server_name = "another.test";
  fake::TlsPair wrong_name(stranger, uncertified);  // evidence alone does not do
  wrong_name.run_until_settled();
  EXPECT_FALSE(wrong_name.established());

  auto plain = uncertified;
  plain.config.reset();
  fake::TlsPair no_evidence(relying(s), plain);  // the certificate alone does not do
  expect_refused(no_evidence, Role::client, Code::attestation_required, 40);

  fake::TlsPair both(relying(s), uncertified);
  expect_attested(both);
  EXPECT_TRUE(both.client->report()->peer->pki_verified());
}

TEST(Property, P03APinNamesTheMachine) {
  const Machine here({.ueid = Bytes(17, 1)}), there({.ueid = Bytes(17, 2)});
  auto policy = policy_for({&here, &there});
  policy.machine = {"ueid:0101010101010101010101010101010101"};
  fake::TlsPair diverted(client(verifier_for(policy)), server(there.identity, there.attester));
  expect_refused(diverted, Role::client, Code::instance_mismatch, kAccessDenied);
  fake::TlsPair direct(client(verifier_for(policy)), server(here.identity, here.attester));
  expect_attested(direct);
}

TEST(Property, P04EvidenceIsFresh) {
  const Machine s;
  auto recorder = std::make_shared<Recorder>(verifier_for(policy_for({&s})));
  for (int i = 0; i < 3; ++i) {
    fake::TlsPair pair(client(recorder), server(s.identity, s.attester));
    expect_attested(pair);
  }
  EXPECT_FALSE(recorder->seen[0] == recorder->seen[1]);
  EXPECT_FALSE(recorder->seen[1] == recorder->seen[2]);
}

// After the handshake every request has its own, too, on one and the same connection.
TEST(Property, P04EvidenceIsFreshForEachRequest) {
  const Machine s;
  auto recorder = std::make_shared<Recorder>(verifier_for(policy_for({&s})));
  Line line(client(recorder), server(s.identity, s.attester));
  line.open(Role::client, confirming());
  line.open(Role::server);
  expect_confirmed(line);
  const auto& report = line.client.channel->attestation();
  std::vector<Bytes> binders{line.client.channel->connection().report().peer_binder};
  for (std::uint64_t n = 1; n <= 3; ++n) {
    ASSERT_TRUE(line.run([&] { return report.attested == n; }));
    binders.push_back(report.latest->result()->binder);
    line.now = *report.due;
  }
  ASSERT_GE(recorder->seen.size(), binders.size()) << "of the handshake, and of each request";
  for (std::size_t i = 0; i < binders.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) {
      EXPECT_NE(binders[i], binders[k]);
      EXPECT_FALSE(recorder->seen[i] == recorder->seen[k]);
    }
}

TEST(Property, P05BothSidesAgreeOnTheSchemeAndRequiredFailsClosed) {
  const Machine s;
  fake::TlsPair agreed(relying(s), server(s.identity, s.attester));
  expect_attested(agreed);
  EXPECT_EQ(agreed.client->report()->peer_scheme, agreed.server->report()->self_scheme);

  auto other = std::make_shared<Teller>(AttestationScheme{EvidenceType{ContentFormat{64'999}}},
                                        [](const auto&) -> Result<Cmw> {
                                          return Error{Code::internal, "not asked for", ""};
                                        });
  fake::TlsPair nothing_common(relying(s), server(s.identity, other));
  expect_refused(nothing_common, Role::server, Code::unsupported_attestation_schemes, 40,
                 fake::MessageType::client_hello);

  auto optional = relying(s);
  optional.config->require->attestation = Requirement::optional;
  optional.config->require->identity = IdentityRule::pki;
  auto plain = server(s.identity, nullptr);
  plain.config.reset();
  fake::TlsPair unattested(optional, plain);
  expect_attested(unattested);  // data passes, and …
  EXPECT_FALSE(unattested.client->report()->peer.has_value()) << "… nothing looks attested";
}

TEST(Property, P06BackgroundCheckAndPassport) {
  const Machine s;
  fake::TlsPair background(relying(s), server(s.identity, s.attester));
  expect_attested(background);
  EXPECT_EQ(background.client->report()->peer->result()->model, ConveyanceModel::background_check);
  EXPECT_EQ(background.client->report()->peer->result()->freshness, Freshness::binder);
  // The passport is AttackC.HonestTwinSaysThatItIsAPassport, beside its attacks.
}

TEST(Property, P07OnboardingWithAnAttestedKeyAlone) {
  const Machine s, device;
  const auto ephemeral = fake::self_signed();
  auto registrar = server(s.identity, s.attester);
  registrar.config->require = demand(verifier_for(policy_for({&device})));
  auto joins = relying(s);
  joins.identity = ephemeral;
  joins.config->attester = std::make_shared<Teller>([&](const EvidenceRequest& r) {
    return cwt(proven(device.claims(r.binder), ephemeral.key.public_key()), device.attestation_key);
  });

  fake::TlsPair refused(joins, registrar);  // by default a certificate is needed as well
  refused.run_until_settled();
  ASSERT_TRUE(refused.server->error());
  EXPECT_EQ(refused.server->error()->code, Code::identity_rejected) << refused.server->error()->message();
  EXPECT_EQ(refused.leak(), "");

  registrar.config->require->identity = IdentityRule::attested_key;
  registrar.config->require->verifier = verifier_for(policy_for({&device}));
  fake::TlsPair onboarded(joins, registrar);
  expect_attested(onboarded);
  EXPECT_FALSE(onboarded.server->report()->peer->pki_verified());
}

// While the connection lives: by the clock, and whenever an operation asks for it; by either side.
TEST(Property, P08AttestationAtRunTime) {
  using namespace std::chrono_literals;
  const Machine s, c;
  auto calls = relying(s);
  calls.identity = c.identity;
  calls.config->attester = c.attester;
  auto answers = server(s.identity, s.attester);
  answers.config->require = demand(verifier_for(policy_for({&c})));
  Line line(calls, answers);
  for (const Role role : {Role::client, Role::server}) {
    auto options = confirming();
    options.plan.confirm = false;  // the handshake was enough to begin with
    line.open(role, options);
  }
  expect_confirmed(line);
  for (const Role role : {Role::client, Role::server}) {
    Channel& channel = *line.end(role).channel;
    const auto& report = channel.attestation();
    const auto before = report.attested;
    line.now = std::max(line.now, *report.due);
    ASSERT_TRUE(line.run([&] { return report.attested == before + 1; })) << "periodic";
    EXPECT_EQ(report.asked_at, line.now);

    line.now += 10s;
    std::optional<Result<void>> answered;
    channel.require(
        5s, {{"eat.swname", "approved"}}, [&](Result<void> r) { answered = std::move(r); }, line.now);
    EXPECT_FALSE(answered.has_value()) << "what is known is 10 s old";
    ASSERT_TRUE(line.run([&] { return answered.has_value(); })) << "on demand";
    EXPECT_TRUE(answered->ok()) << answered->error().message();
    EXPECT_EQ(report.asked_at, line.now);
    channel.require(
        5s, {{"eat.swname", "another"}}, [&](Result<void> r) { answered = std::move(r); }, line.now);
    EXPECT_EQ(name(answered->error().code), name(Code::reference_mismatch));
  }
  expect_confirmed(line);
}

}  // namespace
}  // namespace seatls::attacks
