// One connection's re-attestation, by a clock that the tests turn: seat-protocol's section on hybrid and
// re-attestation.
#include <gmock/gmock.h>

#include <algorithm>

#include "fixture.h"

namespace seatls {
namespace {

using namespace seatls::testing;
using reattest::OnFailure;

struct Reattestation : ::testing::Test, Link {
  static Plan every(milliseconds period) {
    Plan plan;
    plan.every = period;
    return plan;
  }
  static Plan confirmed() {
    Plan plan;
    plan.confirm = true;
    return plan;
  }
  // begin_confirmed has the first authenticator accepted.
  void begin_confirmed(Plan plan) {
    plan.confirm = true;
    begin(std::move(plan));
    tick();
    deliver();
    ASSERT_EQ(c.watch->report().standing, Standing::trusted)
        << (c.closed ? c.closed->message() : std::string("no refusal"));
  }
};

TEST_F(Reattestation, ConfirmationOpensTheGate) {
  begin(confirmed());
  EXPECT_EQ(c.watch->report().standing, Standing::unconfirmed);
  EXPECT_FALSE(c.watch->data_may_pass());
  EXPECT_EQ(c.watch->next(), now);
  tick();
  EXPECT_FALSE(c.watch->data_may_pass()) << "asked is not answered";
  deliver();
  EXPECT_TRUE(c.watch->data_may_pass());
  EXPECT_EQ(c.changes, (std::vector{Standing::trusted}));
  EXPECT_EQ(c.watch->report().attested, 1U);
  EXPECT_EQ(c.watch->report().latest->tik(), server.identity.spki());
  EXPECT_FALSE(c.watch->next().has_value()) << "this plan asks for nothing more";
}

TEST_F(Reattestation, IsPeriodicAndNeverLate) {
  begin_confirmed(every(60s));
  for (unsigned i = 2; i < 50; ++i) {
    const auto last = c.watch->report().asked_at;
    ASSERT_TRUE(c.watch->report().due.has_value());
    EXPECT_EQ(c.watch->next(), c.watch->report().due);
    EXPECT_GE(*c.watch->next(), last + 48s) << "jitter is a fifth";
    EXPECT_LE(*c.watch->next(), last + 60s);
    now = *c.watch->next() - 1ms;
    EXPECT_TRUE(c.watch->on_time(now).empty()) << "not yet";
    tick();
    deliver();
    EXPECT_EQ(c.watch->report().attested, i);
    EXPECT_EQ(c.watch->report().asked_at, now);
  }
  EXPECT_EQ(server.attester->asked.size(), 49U);
  EXPECT_EQ(c.watch->endpoint().requests_in_flight(), 0U);
}

TEST_F(Reattestation, EitherSideMayWatchTheOther) {
  start();
  c.start(every(60s), now);
  s.start(confirmed(), now);
  s.carry_out(s.watch->on_time(now), now);
  tick();
  deliver();
  EXPECT_EQ(c.watch->report().attested, 1U);
  EXPECT_EQ(s.watch->report().attested, 1U);
  EXPECT_EQ(s.watch->report().latest->tik(), client.identity.spki());
}

TEST_F(Reattestation, AnOperationIsGrantedByFreshEvidenceAtOnce) {
  begin_confirmed({});
  now += 5s;
  const auto granted = require(5s);
  ASSERT_TRUE(granted.has_value());
  EXPECT_TRUE(granted->ok());
  EXPECT_TRUE(c.outbox.empty()) << "nobody was asked";
}

TEST_F(Reattestation, AnOperationWaitsForFreshEvidence) {
  begin_confirmed({});
  now += 5001ms;
  ASSERT_FALSE(require(5s).has_value());
  ASSERT_FALSE(require(5s).has_value());
  EXPECT_EQ(c.outbox.size(), 1U) << "one request serves both";
  deliver();
  ASSERT_EQ(c.answered.size(), 2U);
  for (const auto& [demand, result] : c.answered) EXPECT_TRUE(result.ok());
}

TEST_F(Reattestation, ARequestInFlightThatIsTooOldDoesNotServe) {
  begin_confirmed({});
  now += 10s;
  ASSERT_FALSE(require(0s).has_value());
  now += 2s;
  ASSERT_FALSE(require(1s).has_value());
  EXPECT_EQ(c.outbox.size(), 2U);
  const auto first = c.outbox.front();
  // The older answer alone grants the first operation alone.
  c.outbox.pop_front();
  s.take(first, now);
  auto answer = s.outbox.front();
  s.outbox.pop_front();
  c.take(answer, now);
  EXPECT_EQ(c.answered.size(), 1U);
  deliver();
  EXPECT_EQ(c.answered.size(), 2U);
}

TEST_F(Reattestation, AnOperationMayDemandClaims) {
  client.verifier->lie = [](ResultParts& p) { p.claims = {{"fake.region", "eu"}}; };
  begin_confirmed({});
  EXPECT_TRUE(require(1s, {{"fake.region", "eu"}})->ok());
  EXPECT_EQ(require(1s, {{"fake.region", "us"}})->error().code, Code::reference_mismatch);
  EXPECT_EQ(require(1s, {{"fake.zone", "1"}})->error().code, Code::reference_mismatch);
  now += 2s;
  ASSERT_FALSE(require(1s, {{"fake.region", "us"}}).has_value());
  deliver();
  EXPECT_EQ(c.answered.back().second.error().code, Code::reference_mismatch);
  EXPECT_EQ(c.watch->report().standing, Standing::trusted) << "only that operation is refused";
}

TEST_F(Reattestation, OperationsThatWaitAreBounded) {
  Plan plan;
  plan.demands = 3;
  begin_confirmed(plan);
  now += 10s;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(require(1s).has_value());
  EXPECT_EQ(require(1s)->error().code, Code::limit_exceeded);
}

TEST_F(Reattestation, ARefusalClosesAndRefusesAllThatWaits) {
  begin_confirmed(every(60s));
  server.tee->measurement = Bytes(32, 0x66);
  now += 1s;
  ASSERT_FALSE(require(0s).has_value());
  deliver();
  ASSERT_TRUE(c.closed.has_value());
  EXPECT_EQ(c.closed->code, Code::reference_mismatch);
  EXPECT_EQ(c.answered.back().second.error().code, Code::reference_mismatch);
  EXPECT_EQ(c.watch->report().standing, Standing::refused);
  EXPECT_FALSE(c.watch->data_may_pass());
  EXPECT_FALSE(c.watch->next().has_value());
  EXPECT_EQ(require(1h)->error().code, Code::reference_mismatch) << "old evidence does not outlive it";
}

TEST_F(Reattestation, ARefusalMayRestrictUntilThePeerIsItselfAgain) {
  Plan plan = every(60s);
  plan.on_failure = OnFailure::restrict;
  begin_confirmed(plan);
  server.tee->debug = true;
  tick();
  deliver();
  EXPECT_FALSE(c.closed.has_value());
  EXPECT_EQ(c.watch->report().standing, Standing::restricted);
  EXPECT_TRUE(c.watch->data_may_pass()) << "the application sees the standing, and decides";
  EXPECT_EQ(c.watch->report().last_failure->code, Code::debug_enabled);
  EXPECT_FALSE(require(1h).has_value()) << "evidence from before the failure grants nothing";
  deliver();
  EXPECT_EQ(c.answered.back().second.error().code, Code::debug_enabled);

  server.tee->debug = false;
  const auto restricted_at = now;
  tick();
  EXPECT_GT(now, restricted_at) << "tried again after a pause";
  deliver();
  EXPECT_EQ(c.watch->report().standing, Standing::trusted);
}

TEST_F(Reattestation, WhatIsUnavailableIsTriedAgainAfterPausesThatDouble) {
  Plan plan = every(60s);
  plan.attempts = 5;
  begin_confirmed(plan);
  client.verifier->fails = Error{Code::verifier_unavailable, "it sleeps", ""};
  milliseconds longest{1s};
  for (int i = 0; i < 4; ++i) {
    tick();
    deliver();
    ASSERT_FALSE(c.closed.has_value());
    ASSERT_EQ(c.refused.size(), static_cast<std::size_t>(i + 1));
    EXPECT_EQ(c.refused.back().code, Code::verifier_unavailable);
    EXPECT_GE(*c.watch->next(), now + longest / 2);
    EXPECT_LE(*c.watch->next(), now + longest);
    EXPECT_EQ(c.watch->report().standing, Standing::trusted);
    longest *= 2;
  }
  tick();
  deliver();
  ASSERT_TRUE(c.closed.has_value()) << "five attempts are the plan's limit";
  EXPECT_EQ(c.closed->code, Code::verifier_unavailable);
}

TEST_F(Reattestation, OneGoodAnswerForgetsTheFailures) {
  begin_confirmed(every(60s));
  for (int round = 0; round < 5; ++round) {
    client.verifier->fails = Error{Code::verifier_unavailable, "", ""};
    for (int i = 0; i < 2; ++i) {
      tick();
      deliver();
    }
    client.verifier->fails.reset();
    tick();
    deliver();
    ASSERT_FALSE(c.closed.has_value());
  }
}

TEST_F(Reattestation, APeerThatStopsAnsweringIsNamed) {
  Plan plan = every(60s);
  plan.answer_within = 5s;
  plan.attempts = 2;
  begin_confirmed(plan);
  for (int i = 0; i < 2; ++i) {
    tick();
    c.outbox.clear();  // it never arrives
    const auto asked = now;
    tick();
    EXPECT_EQ(now, asked + 5s);
  }
  ASSERT_TRUE(c.closed.has_value());
  EXPECT_EQ(c.closed->code, Code::timed_out);
  EXPECT_THAT(c.closed->detail, ::testing::HasSubstr("answer_within"));
}

// The interactive passport: what only lacked a challenge is asked for again at once, and not for ever.
TEST_F(Reattestation, AResultWhoseKekWasUnknownIsAskedForAgain) {
  const auto kek =
      make_kem_key(crypto::PrivateKey::generate(crypto::KeyType::p256)->to_pem().value()).value();
  server.attester->list = client.verifier->list = {fake::passport_scheme()};
  client.verifier->lie = [&](ResultParts& parts) { parts.kek = kek->public_key(); };
  const auto with_kek = [&](post::Setup& setup) { setup.interactive_passport = {{kek}, true}; };
  Plan plan;
  plan.confirm = true;
  plan.every = 60s;
  start(with_kek);
  c.start(plan, now);
  s.start({}, now);
  const auto [demand, actions] = c.watch->require(1s, {}, now);
  c.carry_out(actions, now);
  c.carry_out(c.watch->on_time(now), now);
  deliver();
  EXPECT_EQ(c.watch->report().standing, Standing::trusted);
  EXPECT_EQ(c.watch->report().attested, 1U);
  ASSERT_EQ(c.answered.size(), 1U) << "the operation waited for the answer that counts";
  EXPECT_TRUE(c.answered[0].second.ok());
  EXPECT_TRUE(c.refused.empty());

  // Another keK each time: one that keeps the relying party asking is refused.
  client.verifier->lie = [](ResultParts& parts) {
    parts.kek = crypto::PrivateKey::generate(crypto::KeyType::p256)->public_key().spki();
  };
  const auto asked = client.verifier->asked.size();
  server.config.attester = server.attester;
  c.carry_out(c.watch->on_time(*c.watch->next()), *c.watch->next());
  deliver();
  ASSERT_TRUE(c.closed.has_value());
  EXPECT_LE(client.verifier->asked.size(), asked + 3);
}

TEST_F(Reattestation, AnAnswerThatComesTooLateIsRefused) {
  Plan plan = every(60s);
  plan.answer_within = 5s;
  begin_confirmed(plan);
  tick();
  auto request = c.outbox.front();
  c.outbox.clear();
  tick();  // given up
  s.take(request, now);
  c.take(s.outbox.front(), now);
  s.outbox.clear();
  EXPECT_EQ(c.watch->report().attested, 1U) << "it counts for nothing";
  ASSERT_EQ(c.refused.size(), 2U);
  EXPECT_EQ(c.refused[0].code, Code::timed_out);
  EXPECT_EQ(c.refused[1].code, Code::context_spent);
}

TEST_F(Reattestation, AnAnswerThatComesTwiceIsRefused) {
  begin_confirmed({});
  now += 10s;
  ASSERT_FALSE(require(1s).has_value());
  s.take(c.outbox.front(), now);
  c.outbox.clear();
  const auto answer = s.outbox.front();
  s.outbox.clear();
  c.take(answer, now);
  EXPECT_EQ(c.watch->report().attested, 2U);
  c.take(answer, now);
  EXPECT_EQ(c.watch->report().attested, 2U) << "it counts once";
  ASSERT_EQ(c.refused.size(), 1U);
  EXPECT_EQ(c.refused[0].code, Code::context_spent);
}

TEST_F(Reattestation, AnAnswerOfAnotherConnectionIsRefused) {
  begin_confirmed({});
  Link other;
  other.begin({});
  now += 10s;
  ASSERT_FALSE(require(1s).has_value());
  other.s.take(c.outbox.front(), now);  // the same request, on another connection of the same peer
  ASSERT_EQ(other.s.outbox.size(), 1U);
  // `other` has the same exporter secret by default; this one must not.
  Pair stranger;
  stranger.start([](post::Setup&) {}, "another secret");
  const Bytes foreign = stranger.server.answer(c.outbox.front().message);
  c.take({watch_action::Send::Kind::authenticator, foreign}, now);
  ASSERT_TRUE(c.closed.has_value());
  EXPECT_EQ(c.closed->code, Code::finished_invalid);
}

// C10: the attester moved, was reset, or became something else while the connection lived.
struct AttackC : Reattestation {};

TEST_F(AttackC, C10HonestTwinStaysTheSame) {
  begin_confirmed(every(60s));
  tick();
  deliver();
  EXPECT_EQ(c.watch->report().attested, 2U);
}

TEST_F(AttackC, C10AnotherMachineAnswersLater) {
  begin_confirmed(every(60s));
  server.tee->ueid = "machine-t";
  tick();
  deliver();
  ASSERT_TRUE(c.closed.has_value());
  EXPECT_EQ(c.closed->code, Code::instance_mismatch);
  EXPECT_THAT(c.closed->detail, ::testing::HasSubstr("machine-t"));
}

TEST_F(AttackC, C10AMeasurementChangesToAnotherGoodOne) {
  std::string image = "1";
  client.verifier->lie = [&](ResultParts& p) {
    p.claims = {{"fake.image", image}, {"ear.verifier_id", image}};
  };
  begin_confirmed(every(60s));
  image = "2";  // the policy accepts both
  tick();
  deliver();
  ASSERT_TRUE(c.closed.has_value());
  EXPECT_EQ(c.closed->code, Code::reference_mismatch);
  EXPECT_THAT(c.closed->detail, ::testing::HasSubstr("fake.image"));
}

TEST_F(AttackC, C10UnlessThePlanLetsItChange) {
  std::string image = "1";
  client.verifier->lie = [&](ResultParts& p) { p.claims = {{"fake.image", image}}; };
  Plan plan = every(60s);
  plan.may_change = {"fake.*"};
  begin_confirmed(plan);
  image = "2";
  tick();
  deliver();
  EXPECT_FALSE(c.closed.has_value());
}

TEST_F(AttackC, C10AClaimAppearsOrVanishes) {
  for (const bool appears : {true, false}) {
    Link link;
    bool there = !appears;
    link.client.verifier->lie = [&](ResultParts& p) {
      if (there) p.claims = {{"fake.module", "x"}};
    };
    Plan plan = confirmed();
    plan.every = 60s;
    link.begin(plan);
    link.tick();
    link.deliver();
    there = !there;
    link.tick();
    link.deliver();
    ASSERT_TRUE(link.c.closed.has_value());
    EXPECT_EQ(link.c.closed->code, Code::reference_mismatch);
  }
}

TEST_F(AttackC, C10TheKeyIsNoLongerProven) {
  begin_confirmed(every(60s));
  client.verifier->proves = KeyProvenance::none;
  tick();
  deliver();
  ASSERT_TRUE(c.closed.has_value());
  EXPECT_EQ(c.closed->code, Code::key_unproven);
}

TEST(ReattestationPlan, RefusesWhatCannotWork) {
  const auto refuses = [](auto change) {
    Plan plan;
    change(plan);
    const auto valid = plan.validate();
    return !valid.ok() && valid.error().code == Code::configuration && !valid.error().path.empty();
  };
  EXPECT_TRUE(Plan{}.validate().ok());
  EXPECT_TRUE(refuses([](Plan& p) { p.every = 999ms; }));
  EXPECT_TRUE(refuses([](Plan& p) { p.every = -1ms; }));
  EXPECT_TRUE(refuses([](Plan& p) { p.jitter = 0.91; }));
  EXPECT_TRUE(refuses([](Plan& p) { p.jitter = -0.1; }));
  EXPECT_TRUE(refuses([](Plan& p) { p.answer_within = 0ms; }));
  EXPECT_TRUE(refuses([](Plan& p) { p.attempts = 0; }));
  EXPECT_TRUE(refuses([](Plan& p) { p.back_off = 0ms; }));
  EXPECT_TRUE(refuses([](Plan& p) { p.longest_back_off = 1ms; }));
}

}  // namespace
}  // namespace seatls
