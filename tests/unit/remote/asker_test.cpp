// What a service can do to who asks it: hang, fail, be busy, be wrong. The clock is the test's.
#include <set>

#include "remote/asker.h"
#include "unit/remote/kit.h"

namespace seatls::remote {
namespace {

using ::testing::HasSubstr;

void expect_unavailable(const World::Got& got, const std::string& why) {
  ASSERT_TRUE(*got) << "no answer";
  ASSERT_FALSE(**got) << "it was judged";
  EXPECT_EQ((*got)->error().code, Code::verifier_unavailable);
  EXPECT_THAT((*got)->error().detail, HasSubstr(why));
}
void expect_judged(const World::Got& got) {
  ASSERT_TRUE(*got) << "no answer";
  ASSERT_TRUE(**got) << (*got)->error().message();
  EXPECT_EQ((**got)->tier(), Tier::affirming);
}
const auto two = [](RemoteVerifierOptions& o) {
  o.services.push_back({"verifier.example", "https://second.example"});
};

TEST(Asker, F13AServiceThatHangsIsLeftWhenTheTimeIsOver) {
  World world([](auto& o) { o.retries = 10; });
  const auto got = world.ask(world.peer.request());
  milliseconds passed{0};
  while (!*got && passed < milliseconds(60'000)) {
    const auto sent = world.loop->taken();
    world.loop->turn(sent.limits.timeout);
    passed += sent.limits.timeout;
    sent.then(Error{Code::timed_out, "no whole answer", "http"});
    const auto before = world.loop->now();
    while (!*got && world.loop->waiting() == 0) world.loop->turn(milliseconds(50));
    passed += std::chrono::duration_cast<milliseconds>(world.loop->now() - before);
  }
  expect_unavailable(got, "no whole answer");
  EXPECT_LE(passed, milliseconds(8'000));
  EXPECT_EQ(world.loop->waiting(), 0U);
}

TEST(Asker, ANetworkThatFailsOnceIsAskedAgain) {
  World world;
  const auto got = world.ask(world.peer.request());
  world.answer(network());
  EXPECT_EQ(world.loop->waiting(), 0U) << "after a pause";
  world.loop->turn(milliseconds(100));
  world.serve_all();
  expect_judged(got);
}

TEST(Asker, RetriesAreBounded) {
  World world;
  const auto got = world.ask(world.peer.request());
  world.answer(network());
  world.loop->turn(milliseconds(100));
  world.answer(network());
  expect_unavailable(got, "connection refused (2 attempts)");
}

TEST(Asker, EvidenceIsHandedInOnceWhateverIsLost) {
  World world;
  const auto got = world.ask(world.peer.request());
  world.serve();  // the session
  auto lost = world.loop->taken();
  const auto path = lost.request.url.substr(lost.request.url.find('/', 8));
  world.service.answer("POST", path, lost.request.body, "application/cmw+cbor");  // it arrived
  lost.then(network());
  world.loop->turn(milliseconds(100));
  world.serve_all();
  expect_judged(got);

  const auto again = world.ask(world.peer.request(9));
  world.serve();
  world.answer(network());  // it did not arrive
  world.loop->turn(milliseconds(100));
  world.serve_all();
  expect_judged(again);
  EXPECT_EQ(world.service.sessions(), 2U);
}

TEST(Asker, ABusyServiceIsAskedAgainWhenItSays) {
  World world;
  const auto got = world.ask(world.peer.request());
  world.answer(status(429, {{"retry-after", "2"}}));
  world.loop->turn(milliseconds(1'999));
  EXPECT_EQ(world.loop->waiting(), 0U);
  world.loop->turn(milliseconds(1));
  world.serve_all();
  expect_judged(got);
}

TEST(Asker, NobodyWaitsBeyondTheBudget) {
  World world;
  const auto got = world.ask(world.peer.request());
  world.answer(status(503, {{"retry-after", "3600"}}));
  expect_unavailable(got, "longer than the budget");
}

TEST(Asker, WhatWillNotPassIsNotAskedAgain) {
  for (const unsigned code : {400U, 401U, 404U, 406U, 409U, 413U, 415U, 500U, 302U}) {
    World world;
    const auto got = world.ask(world.peer.request());
    world.answer(status(code));
    expect_unavailable(got, "status " + std::to_string(code));
    EXPECT_EQ(world.loop->waiting(), 0U);
  }
}

TEST(Asker, GarbageIsNoAnswer) {
  for (const char* body : {"", "{", "<html>", "{\"status\":\"complete\"}"}) {
    World world;
    const auto got = world.ask(world.peer.request());
    auto r = status(201, {{"content-type", fake::VerifierService::session_type}, {"location", "session/1"}});
    r.body = bytes(std::string_view(body));
    world.answer(std::move(r));
    expect_unavailable(got, "cannot be read");
  }
  World huge;
  const auto got = huge.ask(huge.peer.request());
  huge.answer(Error{Code::limit_exceeded, "answers with more than 1048576 bytes", "http"});
  expect_unavailable(got, "more than");
}

TEST(Asker, TheNextServiceIsAsked) {
  World world(two);
  const auto got = world.ask(world.peer.request());
  world.answer(status(500));
  ASSERT_EQ(world.loop->waiting(), 1U);
  const auto sent = world.loop->taken();
  EXPECT_TRUE(sent.request.url.starts_with("https://second.example/"));
  sent.then(status(500));
  world.loop->turn();
  expect_unavailable(got, "https://verifier.example:8443: it answers with status 500");
  expect_unavailable(got, "https://second.example: it answers with status 500");
}

TEST(Asker, AVerdictIsFinalWhateverAnotherServiceWouldSay) {
  World world(two);
  world.service.edit = [](auto& c) { c.evidence_digest = Bytes(32, 1); };
  const auto got = world.judge(world.peer.request());
  ASSERT_TRUE(*got && **got);
  EXPECT_EQ((**got)->tier(), Tier::contraindicated);
  EXPECT_EQ(world.service.sessions(), 1U);
}

TEST(Asker, ASlowAppraisalIsAskedFor) {
  World world;
  world.service.processing = 3;
  const auto got = world.ask(world.peer.request());
  for (int i = 0; i < 20 && !*got; ++i) {
    world.serve_all();
    world.loop->turn(milliseconds(1'000));
  }
  expect_judged(got);

  World never;
  never.service.processing = 1'000;
  const auto waits = never.ask(never.peer.request());
  for (int i = 0; i < 100 && !*waits; ++i) {
    never.serve_all();
    never.loop->turn(milliseconds(100));
  }
  expect_unavailable(waits, "no verdict within 8000 ms");
}

TEST(Asker, AServiceThatFailsAgainAndAgainIsLeftAlone) {
  World world([](auto& o) { o.retries = 0; });
  const auto fails = [&] {
    const auto got = world.ask(world.peer.request());
    world.answer(status(500));
    expect_unavailable(got, "status 500");
  };
  for (int i = 0; i < 5; ++i) fails();
  expect_unavailable(world.ask(world.peer.request()), "left alone");
  EXPECT_EQ(world.loop->waiting(), 0U);
  world.loop->turn(milliseconds(10'000));
  const auto probe = world.ask(world.peer.request());
  expect_unavailable(world.ask(world.peer.request()), "left alone");
  world.serve_all();
  expect_judged(probe);
  expect_judged(world.judge(world.peer.request(8)));
}

TEST(Asker, PeersCannotHaveAServiceLeftAlone) {
  World world([](auto& o) { o.retries = 0; });
  for (int i = 0; i < 20; ++i) {
    const auto got = world.ask(world.peer.request(static_cast<std::uint8_t>(i)));
    world.serve();
    world.answer(status(i % 2 == 0 ? 500 : 429));
    expect_unavailable(got, "status");
  }
  expect_judged(world.judge(world.peer.request(99)));
}

TEST(Asker, F13NoMoreAreOutstandingThanMayBe) {
  World world([](auto& o) { o.outstanding = 2; });
  const auto first = world.ask(world.peer.request(1));
  const auto second = world.ask(world.peer.request(2));
  const auto third = world.ask(world.peer.request(3));
  expect_unavailable(third, "2 questions are outstanding");
  EXPECT_EQ(world.loop->waiting(), 2U);
  world.serve_all();
  expect_judged(first);
  expect_judged(second);
  expect_judged(world.judge(world.peer.request(4)));
}

TEST(Asker, ItsEndAnswersWhatIsOutstanding) {
  World world;
  const auto begun = world.ask(world.peer.request(1));
  const auto paused = world.ask(world.peer.request(2));
  auto sent = world.loop->taken();
  world.answer(network());  // the second one's
  sent.then(network());
  const auto third = world.ask(world.peer.request(3));
  world.verifier.reset();
  for (const auto& got : {begun, paused, third}) expect_unavailable(got, "the verifier was stopped");
}

TEST(Asker, PausesGrowAndAreNotTheSame) {
  EXPECT_EQ(back_off(0, 0), milliseconds(50));
  EXPECT_EQ(back_off(0, 1), milliseconds(100));
  EXPECT_EQ(back_off(1, 0.5), milliseconds(150));
  EXPECT_EQ(back_off(50, 1), milliseconds(2'000));
}

}  // namespace
}  // namespace seatls::remote
