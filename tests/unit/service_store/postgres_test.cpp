// What PostgreSQL alone can do to a store: lose the answer to a commit, go away, come back, say nothing.
#include <gmock/gmock.h>

#include <atomic>

#include "fixture.h"
#include "service/postgres_database.h"
#include "service/sql_store.h"
#include "support/postgres.h"
#include "support/postgres_relay.h"

namespace seatls::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::PostgresRelay;
using testing::PostgresServer;
using Opened = Store::Opened;
using Outcome = Store::Claim::Outcome;
using Break = PostgresRelay::Break;

class PostgresStoreTest : public ::testing::Test {
 protected:
  PostgresStoreTest() : database_(Kind::postgres) {}
  void SetUp() override {
    if (!database_.missing().empty()) GTEST_SKIP() << database_.missing();
    std::string why;
    server_ = PostgresServer::shared(why);
    store_ = open(database_.address());
    ASSERT_NE(store_, nullptr);
  }
  static std::shared_ptr<Store> open(const std::string& address, PostgresTimes times = {}) {
    auto engine = open_postgres(address, times);
    EXPECT_TRUE(engine.ok()) << engine.error().message();
    if (!engine) return nullptr;
    const auto migrated = migrate(**engine, postgres_schema());
    EXPECT_TRUE(migrated.ok()) << migrated.error().message();
    return std::make_shared<SqlStore>(std::move(engine).value(), StoreLimits());
  }
  Database database_;
  PostgresServer* server_ = nullptr;
  std::shared_ptr<Store> store_;  // straight to the server
};

// The store under test goes through a relay that breaks one commit; what it reports must be what happened.
class PostgresCommitTest : public PostgresStoreTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(PostgresStoreTest::SetUp());
    if (IsSkipped()) return;
    relay_ = std::make_unique<PostgresRelay>(database_.folder(), server_->socket());
    relayed_ = open(server_->uri(database_.name(), database_.folder()));
    ASSERT_NE(relayed_, nullptr);
  }
  void TearDown() override { relayed_.reset(); }
  // broken calls `use` with a number of its own for each way to break a commit.
  void broken(const std::function<void(unsigned, Store&)>& use) {
    unsigned number = 0;
    for (const Break how : {Break::none, Break::before_commit, Break::after_commit, Break::late_commit}) {
      SCOPED_TRACE(number);
      const int before = relay_->broken();
      relay_->break_next(how);
      use(number++, *relayed_);
      EXPECT_EQ(relay_->broken() - before, how == Break::none ? 0 : 1);
    }
  }
  std::unique_ptr<PostgresRelay> relay_;
  std::shared_ptr<Store> relayed_;
};

TEST_F(PostgresCommitTest, AnOpeningIsReportedAsItHappened) {
  broken([&](unsigned i, Store& relayed) {
    const auto opened = relayed.open_session(session_of(i), start);
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    EXPECT_EQ(*opened, Opened::opened);
    EXPECT_EQ(store_->find_session(session_of(i).id, start).value(), session_of(i));
    EXPECT_EQ(store_->open_session(session_of(i), start).value(), Opened::nonce_spent);
  });
  broken([&](unsigned i, Store& relayed) {
    EXPECT_EQ(relayed.open_session(session_of(i), start).value(), Opened::nonce_spent);
  });
  EXPECT_EQ(store_->open_sessions(start).value(), 4U);
  EXPECT_EQ(database_.execute("SELECT sum(sessions) || ' ' || sum(nonces) FROM tally"), "4 4");
}

TEST_F(PostgresCommitTest, AClaimIsReportedAsItHappened) {
  broken([&](unsigned i, Store& relayed) {
    ASSERT_EQ(store_->open_session(session_of(i), start).value(), Opened::opened);
    const auto claimed = relayed.claim_session(session_of(i).id, evidence_of(i), start);
    ASSERT_TRUE(claimed.ok()) << claimed.error().message();
    EXPECT_EQ(claimed->outcome, Outcome::claimed);
    ASSERT_TRUE(claimed->session.has_value());
    EXPECT_EQ(claimed->session->evidence_digest, evidence_of(i).digest);
    EXPECT_EQ(store_->claim_session(session_of(i).id, evidence_of(i), start)->outcome, Outcome::spent);
  });
  broken([&](unsigned i, Store& relayed) {
    EXPECT_EQ(relayed.claim_session(session_of(i).id, evidence_of(i), start)->outcome, Outcome::spent);
  });
}

TEST_F(PostgresCommitTest, ACompletionHappensOnce) {
  broken([&](unsigned i, Store& relayed) {
    ASSERT_EQ(store_->open_session(session_of(i), start).value(), Opened::opened);
    ASSERT_EQ(store_->claim_session(session_of(i).id, evidence_of(i), start)->outcome, Outcome::claimed);
    const auto completed = relayed.complete_session(session_of(i).id, "result", verdict_of(i));
    EXPECT_TRUE(completed.ok()) << completed.error().message();
    EXPECT_EQ(store_->verdicts(100)->size(), i + 1U);
  });
  broken([&](unsigned i, Store& relayed) {
    ASSERT_EQ(store_->open_session(session_of(10 + i), start).value(), Opened::opened);
    ASSERT_EQ(store_->claim_session(session_of(10 + i).id, evidence_of(i), start)->outcome, Outcome::claimed);
    EXPECT_TRUE(relayed.fail_session(session_of(10 + i).id).ok());
  });
}

TEST_F(PostgresCommitTest, ADeletionIsReportedAsItHappened) {
  broken([&](unsigned i, Store& relayed) {
    ASSERT_EQ(store_->open_session(session_of(i), start).value(), Opened::opened);
    EXPECT_TRUE(relayed.delete_session(session_of(i).id, start).value());
    EXPECT_FALSE(store_->delete_session(session_of(i).id, start).value());
  });
  EXPECT_EQ(database_.execute("SELECT sum(sessions) || ' ' || sum(nonces) FROM tally"), "0 4");
}

TEST_F(PostgresCommitTest, AVersionIsAddedOnce) {
  broken([&](unsigned i, Store& relayed) {
    EXPECT_EQ(relayed.add_policy("default", std::to_string(i), start).value(), i + 1U);
    EXPECT_EQ(store_->policies()->size(), i + 1U);
    EXPECT_EQ(store_->judging()->revision, i + 1U);
  });
  broken([&](unsigned i, Store& relayed) {
    ASSERT_TRUE(store_->activate_policy("default", 1, start).value());
    const auto before = store_->judging()->revision;
    EXPECT_TRUE(relayed.activate_policy("default", 2 + i % 3, start).value());
    EXPECT_EQ(store_->judging()->revision, before + 1);
    EXPECT_EQ(relayed.roll_back_policy("default", start).value(), std::optional(1U));
  });
  for (const unsigned version : {2U, 3U, 4U, 3U}) {
    ASSERT_TRUE(store_->activate_policy("default", version, start).value());
  }
  // Each rolling back is one step.
  std::vector<std::optional<unsigned>> steps;
  broken(
      [&](unsigned, Store& relayed) { steps.push_back(relayed.roll_back_policy("default", start).value()); });
  EXPECT_THAT(steps, ElementsAre(std::optional(4U), std::optional(3U), std::optional(2U), std::optional(1U)));
}

TEST_F(PostgresCommitTest, WhatMayHappenTwiceDoesNoHarm) {
  broken([&](unsigned i, Store& relayed) {
    EXPECT_TRUE(relayed.publish_key({"key", "{}", start + std::chrono::seconds(i)}).ok());
    EXPECT_TRUE(relayed.check().ok());
  });
  EXPECT_EQ(store_->keys(start)->size(), 1U);
}

TEST_F(PostgresStoreTest, AServerThatIsGoneIsAnErrorAndNoMoreOnceItIsBack) {
  std::atomic<unsigned> calls = 0;
  store_->watch([&calls] { ++calls; });
  ASSERT_EQ(store_->open_session(session_of(1), start).value(), Opened::opened);
  ASSERT_EQ(store_->add_policy("default", "a", start).value(), 1U);
  server_->kill();
  const auto since = std::chrono::steady_clock::now();
  const auto opened = store_->open_session(session_of(2), start);
  const auto found = store_->find_session("session-1", start);
  const auto judging = store_->judging();
  const bool bounded = std::chrono::steady_clock::now() - since < 60s;
  ASSERT_TRUE(server_->start());
  EXPECT_TRUE(bounded);
  for (const Error* error : {&opened.error(), &found.error(), &judging.error()})
    EXPECT_EQ(error->code, Code::io);

  EXPECT_EQ(store_->find_session("session-1", start).value(), session_of(1));
  EXPECT_EQ(store_->open_session(session_of(1), start).value(), Opened::nonce_spent);
  EXPECT_EQ(store_->open_session(session_of(2), start).value(), Opened::opened);
  EXPECT_EQ(store_->policies()->size(), 1U);
  // The watching connection comes back by itself.
  unsigned version = 1;
  EXPECT_TRUE(soon([&] {
    const unsigned before = calls;
    ++version;
    EXPECT_EQ(store_->add_policy("default", std::to_string(version), start).value(), version);
    std::this_thread::sleep_for(200ms);
    return calls > before;
  }));
  store_.reset();
}

TEST_F(PostgresStoreTest, ARestartIsNotNoticed) {
  ASSERT_EQ(store_->open_session(session_of(1), start).value(), Opened::opened);
  in_parallel(4, [&](unsigned) { EXPECT_TRUE(store_->check().ok()); });
  server_->kill();
  ASSERT_TRUE(server_->start());
  // Every connection of the pool is dead, and each call finds that out for itself.
  in_parallel(4, [&](unsigned i) {
    const auto opened = store_->open_session(session_of(10 + i), start);
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    EXPECT_EQ(*opened, Opened::opened);
  });
}

TEST_F(PostgresStoreTest, AServerThatSaysNothingIsNotWaitedForForEver) {
  PostgresTimes times{.answer = 300ms, .patience = 300ms, .doubt = 600ms};
  const auto hasty = open(database_.address(), times);
  ASSERT_EQ(hasty->open_session(session_of(1), start).value(), Opened::opened);
  server_->stop();
  const auto opened = hasty->open_session(session_of(2), start);
  const auto found = hasty->find_session("session-1", start);
  server_->resume();
  EXPECT_EQ(opened.error().code, Code::io);
  EXPECT_EQ(found.error().code, Code::io);
  EXPECT_TRUE(soon([&] { return hasty->find_session("session-1", start).ok(); }));
}

TEST_F(PostgresStoreTest, ALockIsNotWaitedForForEver) {
  ASSERT_EQ(store_->add_policy("default", "a", start).value(), 1U);
  PostgresTimes times{.answer = 300ms, .patience = 300ms, .doubt = 600ms};
  const auto hasty = open(database_.address(), times);
  auto engine = open_postgres(database_.address());
  ASSERT_TRUE(engine.ok());
  ASSERT_TRUE((*engine)
                  ->write([&](SqlConnection& c) -> Result<void> {
                    SEATLS_TRY(const auto held, c.run("UPDATE judging SET revision = revision"));
                    const auto refused = hasty->add_policy("default", "b", start);
                    EXPECT_EQ(refused.error().code, Code::io);
                    return {};
                  })
                  .ok());
  EXPECT_EQ(hasty->add_policy("default", "b", start).value(), 2U);
}

TEST_F(PostgresStoreTest, ADatabaseOrAPasswordThatIsWrongIsAnErrorThatTellsNoPassword) {
  const std::string address = server_->uri("missing") + "&password=geheim";
  const auto refused = open_store(address);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::io);
  EXPECT_THAT(refused.error().message(), HasSubstr("missing"));
  EXPECT_THAT(refused.error().message(), ::testing::Not(HasSubstr("geheim")));
}

TEST_F(PostgresStoreTest, ErrorsTellNoValues) {
  ASSERT_EQ(store_->open_session(session_of(1), start).value(), Opened::opened);
  auto engine = open_postgres(database_.address());
  ASSERT_TRUE(engine.ok());
  const auto refused = (*engine)->write([](SqlConnection& c) -> Result<void> {
    SEATLS_TRY(const auto twice,
               c.run("INSERT INTO spent_nonce (digest, until) SELECT digest, 4711 FROM spent_nonce"));
    return {};
  });
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().detail, HasSubstr("23505"));
  EXPECT_THAT(refused.error().detail, ::testing::Not(HasSubstr("\\x")));
}

TEST_F(PostgresStoreTest, ARoleWithoutTheRightToMakeTablesCanUseThoseThatAreThere) {
  ASSERT_EQ(database_.execute("DROP ROLE IF EXISTS seatls_user"), "");
  ASSERT_EQ(
      database_.execute("CREATE ROLE seatls_user LOGIN; GRANT USAGE ON SCHEMA seatls TO seatls_user;"
                        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA seatls TO seatls_user"),
      "");
  std::string address = database_.address();
  address.replace(address.find("user=seatls"), 11, "user=seatls_user");
  const auto store = open_store(address);
  ASSERT_TRUE(store.ok()) << store.error().message();
  EXPECT_EQ((*store)->open_session(session_of(1), start).value(), Opened::opened);
  EXPECT_EQ((*store)->add_policy("default", "a", start).value(), 1U);
  EXPECT_TRUE((*store)->sweep(start).ok());
  EXPECT_EQ(database_.execute("DROP OWNED BY seatls_user; DROP ROLE seatls_user"), "");
}

}  // namespace
}  // namespace seatls::service
