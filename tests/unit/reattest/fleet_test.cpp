// Many connections of one thread, and one connection over a very long time.
#include <algorithm>
#include <iostream>
#include <map>

#include "fixture.h"

namespace seatls {
namespace {

using namespace seatls::testing;
using reattest::Timetable;

TEST(Timetable, GivesTheEarliestThatIsDue) {
  const Clock::time_point t{};
  Timetable table;
  EXPECT_FALSE(table.next().has_value());
  table.set(1, t + 3s);
  table.set(2, t + 1s);
  table.set(3, t + 1s);
  table.set(1, t + 2s);  // earlier after all
  table.set(3, std::nullopt);
  EXPECT_EQ(table.size(), 2U);
  EXPECT_EQ(table.next(), t + 1s);
  EXPECT_FALSE(table.take(t).has_value());
  EXPECT_EQ(table.take(t + 5s), 2U);
  EXPECT_EQ(table.take(t + 5s), 1U);
  EXPECT_FALSE(table.take(t + 5s).has_value());
}

// Ten thousand idle sessions began at the same moment and have the same period: by the clock of the test
// each is asked within the jitter, none late, and no second has to carry more than its share.
TEST(Fleet, TenThousandSessionsOfTheSameMinuteAreSpread) {
  constexpr std::size_t count = 10'000;
  constexpr auto period = 60s;
  constexpr double jitter = 0.2;
  Pair pair;  // one pair of keys and machines; each session has endpoints of its own
  std::vector<Watch> watches;
  Timetable table;
  Clock::time_point now{std::chrono::hours(1)};
  const auto began = now;
  for (std::size_t i = 0; i < count; ++i) {
    pair.start();
    Plan plan;
    plan.every = period;
    plan.jitter = jitter;
    auto made = Watch::make(plan, std::move(*pair.client.endpoint), std::nullopt, now);
    ASSERT_TRUE(made.ok());
    table.set(i, made->next());
    watches.push_back(std::move(made).value());
  }
  std::map<std::chrono::seconds, std::size_t> per_second;
  std::size_t asked = 0;
  while (asked < count) {
    ASSERT_TRUE(table.next().has_value());
    now = *table.next();
    while (const auto key = table.take(now)) {
      Watch& watch = watches[*key];
      const auto actions = watch.on_time(now);
      ASSERT_EQ(actions.size(), 1U);
      ASSERT_TRUE(std::holds_alternative<watch_action::Send>(actions.front()));
      EXPECT_GE(now, began + 48s);
      EXPECT_LE(now, began + period) << "late";
      ++per_second[std::chrono::duration_cast<std::chrono::seconds>(now - began)];
      ++asked;
    }
  }
  // 12 seconds of jitter: 833 each on average. Six standard deviations are 166.
  std::size_t most = 0;
  for (const auto& [second, n] : per_second) most = std::max(most, n);
  EXPECT_LE(most, 1000U);
  std::cout << "10000 sessions over " << per_second.size() << " seconds, at most " << most << " in one\n";
}

// Decision 13: what grows is the set of spent contexts, 16 bytes each, and it has an end.
TEST(Fleet, AConnectionIsReattestedTenThousandTimes) {
  constexpr unsigned times = 10'000;
  Link link;
  Plan plan;
  plan.every = 1s;
  plan.jitter = 0;
  link.begin(plan);
  for (unsigned i = 1; i <= times; ++i) {
    link.tick();
    link.deliver();
    ASSERT_FALSE(link.c.closed.has_value()) << link.c.closed->message();
    ASSERT_EQ(link.c.watch->report().attested, i);
    link.server.attester->asked.clear();  // the doubles keep books
    link.client.verifier->asked.clear();
    EXPECT_EQ(link.c.watch->endpoint().requests_in_flight(), 0U);
    EXPECT_EQ(link.s.watch->endpoint().answers_in_flight(), 0U);
  }
  EXPECT_EQ(link.s.watch->endpoint().contexts_remembered(), times) << "the peer's, to refuse a second use";
  EXPECT_EQ(link.c.watch->endpoint().contexts_remembered(), 0U) << "own ones are forgotten once answered";
  std::cout << times
            << " re-attestations; spent contexts: " << link.s.watch->endpoint().contexts_remembered() * 16
            << " bytes\n";
}

}  // namespace
}  // namespace seatls
