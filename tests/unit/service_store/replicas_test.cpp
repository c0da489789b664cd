// Many threads and two replicas at once.
#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <numeric>
#include <set>

#include "fixture.h"

namespace seatls::service {
namespace {

using Opened = Store::Opened;
using Outcome = Store::Claim::Outcome;

TEST_P(StoreTest, OfManyThatOpenWithANonceOneDoes) {
  for (unsigned round = 0; round < 10; ++round) {
    std::atomic<unsigned> opened = 0, spent = 0;
    in_parallel(8, [&](unsigned i) {
      Session s = session_of(round);
      s.id += "-" + std::to_string(i);
      const auto answer = either(i).open_session(s, start);
      ASSERT_TRUE(answer.ok()) << answer.error().message();
      ++(*answer == Opened::opened ? opened : spent);
    });
    EXPECT_EQ(opened, 1U);
    EXPECT_EQ(spent, 7U);
  }
  EXPECT_EQ(store().open_sessions(start).value(), 10U);
}

TEST_P(StoreTest, OfManyThatClaimASessionOneDoes) {
  for (unsigned round = 0; round < 10; ++round) {
    const Session s = session_of(round);
    ASSERT_EQ(open(s), Opened::opened);
    std::atomic<unsigned> claimed = 0, spent = 0;
    std::atomic<int> winner = -1;
    in_parallel(8, [&](unsigned i) {
      const auto answer = either(i).claim_session(s.id, evidence_of(i), start);
      ASSERT_TRUE(answer.ok()) << answer.error().message();
      if (answer->outcome == Outcome::claimed) {
        ++claimed;
        winner = static_cast<int>(i);
      } else {
        EXPECT_EQ(answer->outcome, Outcome::spent);
        ++spent;
      }
    });
    EXPECT_EQ(claimed, 1U);
    EXPECT_EQ(spent, 7U);
    ASSERT_GE(winner, 0);
    EXPECT_EQ(find(s.id)->evidence_digest, evidence_of(static_cast<unsigned>(winner)).digest);
  }
}

TEST_P(StoreTest, OfManyThatEndASessionOneDoes) {
  ASSERT_NO_FATAL_FAILURE(open_and_claim(session_of(1)));
  std::atomic<unsigned> ended = 0;
  in_parallel(8, [&](unsigned i) {
    const bool done = i < 4 ? either(i).complete_session("session-1", "result", verdict_of(i)).ok()
                            : either(i).fail_session("session-1").ok();
    if (done) ++ended;
  });
  EXPECT_EQ(ended, 1U);
  const bool completed = find("session-1")->status == Session::Status::complete;
  EXPECT_EQ(store().verdicts(10)->size(), completed ? 1U : 0U);
}

TEST_P(StoreTest, VersionsOfManyHaveNoGapsAndNoTwins) {
  constexpr unsigned threads = 6, each = 5;
  std::mutex mutex;
  std::set<unsigned> numbers;
  in_parallel(threads, [&](unsigned i) {
    for (unsigned n = 0; n < each; ++n) {
      const std::string text = std::to_string(i) + "/" + std::to_string(n);
      const auto version = either(i).add_policy("default", text, start);
      ASSERT_TRUE(version.ok()) << version.error().message();
      {
        const std::lock_guard lock(mutex);
        EXPECT_TRUE(numbers.insert(*version).second);
      }
      const auto all = either(i + 1).policies();
      ASSERT_TRUE(all.ok());
      ASSERT_LE(*version, all->size());
      EXPECT_EQ((*all)[*version - 1].text, text) << "what is acknowledged is seen by the other replica";
    }
  });
  EXPECT_EQ(numbers.size(), threads * each);
  EXPECT_EQ(*numbers.rbegin(), threads * each);
  EXPECT_EQ(revision(), threads * each);
}

TEST_P(StoreTest, OneVersionIsActiveWhoeverActivates) {
  for (unsigned i = 0; i < 4; ++i) add("default", std::to_string(i));
  in_parallel(4, [&](unsigned i) {
    for (unsigned n = 0; n < 5; ++n) {
      ASSERT_TRUE(either(i).activate_policy("default", i + 1, start).value());
      const auto judging = either(i + 1).judging();
      ASSERT_TRUE(judging.ok());
      ASSERT_EQ(judging->policies.size(), 1U);
      if (n % 2 == 0) {
        ASSERT_TRUE(either(i).roll_back_policy("default", start).ok());
      }
    }
  });
}

TEST_P(StoreTest, LimitsHoldWhoeverOpens) {
  ASSERT_NO_FATAL_FAILURE(reopen({.sessions = 25}));
  std::atomic<unsigned> opened = 0;
  in_parallel(8, [&](unsigned i) {
    for (unsigned n = 0; n < 6; ++n) {
      const auto answer = either(i).open_session(session_of(i * 100 + n), start);
      ASSERT_TRUE(answer.ok()) << answer.error().message();
      if (*answer == Opened::opened) ++opened;
    }
  });
  EXPECT_EQ(opened, 25U);
  EXPECT_EQ(store().open_sessions(start).value(), 25U);
}

TEST_P(StoreTest, SweepsBesideEachOtherForgetEachSessionOnce) {
  for (unsigned i = 0; i < 60; ++i) ASSERT_EQ(open(session_of(i)), Opened::opened);
  const Time expired = session_of(0).expires;
  std::atomic<std::size_t> swept = 0;
  in_parallel(6, [&](unsigned i) {
    if (i < 4) {
      for (unsigned n = 0; n < 3; ++n) {
        const auto some = either(i).sweep(expired);
        ASSERT_TRUE(some.ok()) << some.error().message();
        swept += *some;
      }
    } else {
      for (unsigned n = 0; n < 10; ++n) {
        Session s = session_of(100 * i + n);
        s.expires = expired + 100s;
        ASSERT_EQ(either(i).open_session(s, expired).value(), Opened::opened);
        if (n % 2 == 0) {
          ASSERT_TRUE(either(i + 1).delete_session(s.id, expired).value());
        }
      }
    }
  });
  swept += store().sweep(expired).value();
  EXPECT_EQ(swept, 60U);
  EXPECT_EQ(store().open_sessions(expired).value(), 10U);
}

TEST_P(StoreTest, WatchersHearOfChangesByAnyReplica) {
  struct Counter {
    std::atomic<unsigned> calls = 0;
  };
  auto own = std::make_shared<Counter>(), others = std::make_shared<Counter>(),
       second = std::make_shared<Counter>();
  store().watch([own] { ++own->calls; });
  replica().watch([others] { ++others->calls; });
  replica().watch([second] { ++second->calls; });
  add("default", "a");
  add("default", "b");
  const Endorsement e = endorsement_of(1);
  const std::function<bool()> changes[] = {
      [&] { return add("default", "c") == 3; },
      [&] { return store().activate_policy("default", 1, start).value(); },
      [&] { return store().activate_policy("default", 2, start).value(); },
      [&] { return store().roll_back_policy("default", start)->has_value(); },
      [&] { return store().add_endorsement(e).ok(); },
      [&] { return store().activate_endorsement(e.digest, false).value(); },
  };
  for (const auto& change : changes) {
    // Let what was called without cause, or for changes before, come to rest.
    unsigned before = 0;
    do {
      before = own->calls + others->calls + second->calls;
      std::this_thread::sleep_for(300ms);
    } while (before != own->calls + others->calls + second->calls);
    const unsigned a = own->calls, b = others->calls, c = second->calls;
    ASSERT_TRUE(change());
    EXPECT_TRUE(soon([&] { return own->calls > a && others->calls > b && second->calls > c; }));
  }
  store_.reset();
  replica_.reset();
  const unsigned last = own->calls + others->calls;
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(own->calls + others->calls, last) << "nobody is called once the store is gone";
}

}  // namespace
}  // namespace seatls::service
