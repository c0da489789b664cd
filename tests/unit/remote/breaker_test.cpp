#include "remote/breaker.h"

#include <gtest/gtest.h>

namespace seatls::remote {
namespace {

using std::chrono::milliseconds;

struct Clock {
  Breaker::Time now{std::chrono::hours(1)};
  void turn(int ms) { now += milliseconds(ms); }
};
const Breaker::Rule rule{.failures = 3, .pause = milliseconds(1000)};

void open(Breaker& b, Clock& clock) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(b.admit(clock.now));
    b.failed(clock.now);
  }
  ASSERT_TRUE(b.is_open());
}

TEST(Breaker, OpensAfterFailuresInARow) {
  Clock clock;
  Breaker b(rule);
  for (int round = 0; round < 3; ++round) {
    b.failed(clock.now);
    b.failed(clock.now);
    b.succeeded();
  }
  EXPECT_TRUE(b.admit(clock.now)) << "not in a row";
  open(b, clock);
  EXPECT_FALSE(b.admit(clock.now));
  clock.turn(999);
  EXPECT_FALSE(b.admit(clock.now));
}

TEST(Breaker, OneProbesAfterThePauseAndClosesItWhenThatSucceeds) {
  Clock clock;
  Breaker b(rule);
  open(b, clock);
  clock.turn(1000);
  EXPECT_TRUE(b.admit(clock.now));
  EXPECT_FALSE(b.admit(clock.now)) << "a second one waits for the probe";
  b.succeeded();
  EXPECT_TRUE(b.admit(clock.now));
  EXPECT_TRUE(b.admit(clock.now));
  EXPECT_FALSE(b.is_open());
}

TEST(Breaker, AProbeThatFailsBeginsThePauseAnew) {
  Clock clock;
  Breaker b(rule);
  open(b, clock);
  clock.turn(1500);
  ASSERT_TRUE(b.admit(clock.now));
  b.failed(clock.now);
  clock.turn(999);
  EXPECT_FALSE(b.admit(clock.now));
  clock.turn(1);
  EXPECT_TRUE(b.admit(clock.now));
}

TEST(Breaker, AProbeThatWasGivenUpIsFollowedByAnother) {
  Clock clock;
  Breaker b(rule);
  open(b, clock);
  clock.turn(1000);
  ASSERT_TRUE(b.admit(clock.now));
  b.gave_up();
  EXPECT_TRUE(b.admit(clock.now));
  EXPECT_FALSE(b.admit(clock.now));
}

}  // namespace
}  // namespace seatls::remote
