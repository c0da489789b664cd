// What outlives a process, and whose tables these are.
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <fstream>

#include "fixture.h"
#include "service/postgres_database.h"
#include "service/sqlite_database.h"

namespace seatls::service {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

INSTANTIATE_TEST_SUITE_P(Each, DurableStoreTest, ::testing::Values(Kind::sqlite, Kind::postgres), kind_name);

TEST_P(DurableStoreTest, EverythingIsThereAfterReopening) {
  ASSERT_NO_FATAL_FAILURE(open_and_claim(session_of(1)));
  ASSERT_TRUE(store().complete_session("session-1", "result", verdict_of(1)).ok());
  ASSERT_NO_FATAL_FAILURE(open_and_claim(session_of(2)));
  ASSERT_EQ(open(session_of(3)), Store::Opened::opened);
  ASSERT_TRUE(store().delete_session("session-3", start).value());
  for (const std::string text : {"a", "b"}) add("default", text);
  for (const unsigned version : {1U, 2U})
    ASSERT_TRUE(store().activate_policy("default", version, start).value());
  ASSERT_TRUE(store().add_endorsement(endorsement_of(1)).ok());
  ASSERT_TRUE(store().publish_key({"key", "{}", start}).ok());
  const auto complete = find("session-1"), processing = find("session-2");
  const auto policies = store().policies().value();
  const auto before = revision();

  ASSERT_NO_FATAL_FAILURE(reopen());
  EXPECT_EQ(find("session-1"), complete);
  EXPECT_EQ(find("session-2"), processing);
  EXPECT_EQ(claim("session-2"), Store::Claim::Outcome::spent);
  EXPECT_EQ(open(session_of(3)), Store::Opened::nonce_spent);
  EXPECT_EQ(store().verdicts(10).value(), std::vector{verdict_of(1)});
  EXPECT_EQ(store().policies().value(), policies);
  EXPECT_EQ(revision(), before);
  EXPECT_EQ(store().roll_back_policy("default", start).value(), std::optional(1U));
  EXPECT_EQ(store().endorsements().value(), std::vector{endorsement_of(1)});
  EXPECT_EQ(store().keys(start)->size(), 1U);
}

TEST_P(DurableStoreTest, TablesOfANewerVersionAreLeftAlone) {
  ASSERT_EQ(database_.execute("INSERT INTO seatls_schema (version) VALUES (1000)"), "");
  const auto refused = open_store(database_.address());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::configuration);
  EXPECT_THAT(refused.error().detail, HasSubstr("1000"));
}

TEST_P(DurableStoreTest, TheDatabaseItselfKeepsVersionsAndTheLogOfActivations) {
  add("default", "a");
  ASSERT_TRUE(store().activate_policy("default", 1, start).value());
  ASSERT_NO_FATAL_FAILURE(open_and_claim(session_of(1)));
  ASSERT_TRUE(store().complete_session("session-1", "result", verdict_of(1)).ok());
  for (const std::string sql :
       {"UPDATE policy SET body = 'b'", "DELETE FROM policy", "UPDATE activation SET version = 2",
        "DELETE FROM activation", "UPDATE verdict SET tier = 'affirming'",
        "INSERT INTO spent_nonce SELECT digest, 0 FROM spent_nonce", "UPDATE session SET status = 'other'"}) {
    EXPECT_THAT(database_.execute(sql), HasSubstr("ERROR")) << sql;
  }
}

TEST_P(DurableStoreTest, NoncesAreKeptAsDigests) {
  ASSERT_EQ(open(session_of(1)), Store::Opened::opened);
  ASSERT_TRUE(store().delete_session("session-1", start).value());
  EXPECT_EQ(database_.execute("SELECT count(*) FROM spent_nonce WHERE length(digest) = 32"), "1");
}

TEST_P(DurableStoreTest, CountsAreTrue) {
  for (unsigned i = 0; i < 9; ++i)
    ASSERT_EQ(either(i).open_session(session_of(i), start).value(), Store::Opened::opened);
  ASSERT_TRUE(store().delete_session("session-1", start).value());
  Session spent = session_of(1);
  spent.id = "other";
  ASSERT_EQ(open(spent), Store::Opened::nonce_spent);
  EXPECT_EQ(database_.execute("SELECT sum(sessions) FROM tally"), "8");
  EXPECT_EQ(database_.execute("SELECT sum(nonces) FROM tally"), "9");
  ASSERT_TRUE(store().sweep(session_of(0).expires + StoreLimits().spent).ok());
  EXPECT_EQ(database_.execute("SELECT sum(sessions) + sum(nonces) FROM tally"), "0");
}

TEST(SqliteTest, ManyMayOpenANewFileAtOnce) {
  for (unsigned round = 0; round < 5; ++round) {
    const Database database(Kind::sqlite);
    in_parallel(6, [&](unsigned i) {
      const auto store = open_store(database.address());
      ASSERT_TRUE(store.ok()) << store.error().message();
      EXPECT_EQ((*store)->open_session(session_of(i), start).value(), Store::Opened::opened);
    });
  }
}

TEST(PostgresTest, ManyMayOpenANewDatabaseAtOnce) {
  const Database database(Kind::postgres);
  if (!database.missing().empty()) GTEST_SKIP() << database.missing();
  in_parallel(6, [&](unsigned i) {
    const auto store = open_store(database.address());
    ASSERT_TRUE(store.ok()) << store.error().message();
    EXPECT_EQ((*store)->open_session(session_of(i), start).value(), Store::Opened::opened);
  });
}

// Migrations of a made-up schema, over each engine.
class MigrationTest : public ::testing::TestWithParam<Kind> {
 protected:
  MigrationTest() : database_(GetParam()) {}
  void SetUp() override {
    if (!database_.missing().empty()) GTEST_SKIP() << database_.missing();
    const bool sqlite = GetParam() == Kind::sqlite;
    auto opened = sqlite ? open_sqlite(database_.address().substr(7)) : open_postgres(database_.address());
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    engine_ = std::move(opened).value();
    schema_ = sqlite ? sqlite_schema() : postgres_schema();
    schema_.migrations = {"CREATE TABLE one (n bigint)"};
    schema_.migrations[0] += ";";
  }
  Database database_;
  std::unique_ptr<SqlDatabase> engine_;
  SqlSchema schema_;
};
INSTANTIATE_TEST_SUITE_P(Each, MigrationTest, ::testing::Values(Kind::sqlite, Kind::postgres), kind_name);

TEST_P(MigrationTest, EachRunsOnceInItsOrder) {
  schema_.migrations[0] = "CREATE TABLE one (n INTEGER); INSERT INTO one VALUES (1);";
  ASSERT_TRUE(migrate(*engine_, schema_).ok());
  ASSERT_TRUE(migrate(*engine_, schema_).ok());
  schema_.migrations.emplace_back("UPDATE one SET n = n + 10;");
  schema_.migrations.emplace_back("UPDATE one SET n = n * 2;");
  ASSERT_TRUE(migrate(*engine_, schema_).ok());
  ASSERT_TRUE(migrate(*engine_, schema_).ok());
  EXPECT_EQ(database_.execute("SELECT n FROM one"), "22");
  EXPECT_EQ(database_.execute("SELECT max(version) FROM seatls_schema"), "3");
}

TEST_P(MigrationTest, OneThatFailsLeavesEverythingAsItWas) {
  schema_.migrations[0] = "CREATE TABLE one (n INTEGER); INSERT INTO one VALUES (1);";
  ASSERT_TRUE(migrate(*engine_, schema_).ok());
  schema_.migrations.emplace_back("UPDATE one SET n = 2;");
  schema_.migrations.emplace_back("UPDATE one SET n = 3; UPDATE missing SET n = 1;");
  const auto failed = migrate(*engine_, schema_);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, Code::io);
  EXPECT_EQ(database_.execute("SELECT n FROM one"), "1");
  EXPECT_EQ(database_.execute("SELECT max(version) FROM seatls_schema"), "1");
}

TEST(SqliteTest, TheFileIsTheServicesAlone) {
  const Database database(Kind::sqlite);
  const auto store = open_store(database.address());
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->check().ok());
  for (const std::string name : {"verifier.db", "verifier.db-wal", "verifier.db-shm"}) {
    struct stat file {};
    ASSERT_EQ(stat((database.folder() / name).c_str(), &file), 0) << name;
    EXPECT_EQ(file.st_mode & 0777U, 0600U) << name;
  }
  EXPECT_EQ((*store)->description(), "SQLite " + (database.folder() / "verifier.db").string());
}

TEST(SqliteTest, WhatIsNotOursIsRefused) {
  const Database other(Kind::sqlite);
  ASSERT_EQ(other.execute("CREATE TABLE session (id INTEGER)"), "");
  const auto foreign = open_store(other.address());
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().code, Code::configuration);

  const Database text(Kind::sqlite);
  std::ofstream(text.folder() / "verifier.db") << std::string(5'000, 'x');
  const auto no_database = open_store(text.address());
  ASSERT_FALSE(no_database.ok());
  EXPECT_EQ(no_database.error().code, Code::io);

  EXPECT_EQ(open_store("sqlite:" + (text.folder() / "no" / "folder.db").string()).error().code, Code::io);
  for (const std::string address : {"sqlite:", "sqlite::memory:"}) {
    EXPECT_EQ(open_store(address).error().code, Code::configuration) << address;
  }
}

TEST(SqliteTest, AnotherProcessThatHoldsTheFileIsNotWaitedForForEver) {
  const Database database(Kind::sqlite);
  ASSERT_TRUE(open_store(database.address()).ok());
  auto engine = open_sqlite(database.address().substr(7), 50ms);
  ASSERT_TRUE(engine.ok());
  sqlite3* holder = nullptr;
  ASSERT_EQ(sqlite3_open((database.folder() / "verifier.db").c_str(), &holder), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(holder, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto body = [](SqlConnection& c) -> Result<void> {
    SEATLS_TRY(const auto done, c.run("UPDATE judging SET revision = 7"));
    return {};
  };
  const auto refused = (*engine)->write(body);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().detail, HasSubstr("another process"));
  EXPECT_TRUE((*engine)
                  ->read([](SqlConnection& c) -> Result<void> {
                    SEATLS_TRY(const auto found, c.run("SELECT revision FROM judging"));
                    EXPECT_EQ(found.rows.size(), 1U);
                    return {};
                  })
                  .ok());
  sqlite3_close(holder);
  EXPECT_TRUE((*engine)->write(body).ok());
}

TEST(AddressTest, AnAddressThatIsNoneIsNotRepeated) {
  for (const std::string address :
       {"", "memory", "mysql://u:geheim@h/d", "sqlite3:geheim", "SQLITE:geheim"}) {
    const auto refused = open_store(address);
    ASSERT_FALSE(refused.ok()) << address;
    EXPECT_EQ(refused.error().code, Code::configuration);
    EXPECT_THAT(refused.error().message(), Not(HasSubstr("geheim")));
  }
  EXPECT_EQ((*open_store("memory:"))->description(), "memory");
}

TEST(AddressTest, APasswordIsNeverTold) {
  for (const std::string address : {"postgresql://u:geheim@[h/d", "postgresql://u:geheim@h/d?nothing=1",
                                    "postgresql://u:geheim@h/d?sslmode", "postgres://u:ge%heim@h:x:y/d"}) {
    const auto refused = open_store(address);
    ASSERT_FALSE(refused.ok()) << address;
    EXPECT_EQ(refused.error().code, Code::configuration);
    EXPECT_THAT(refused.error().message(), Not(HasSubstr("heim")));
  }
  PostgresTimes times;
  times.patience = 0ms;
  const auto engine = open_postgres("postgresql://u:geheim@127.0.0.1:1/geheim?sslpassword=auch", times);
  ASSERT_TRUE(engine.ok());
  EXPECT_EQ((*engine)->description(), "PostgreSQL u@127.0.0.1:1/geheim");
  const auto away = (*engine)->read([](SqlConnection&) -> Result<void> { return {}; });
  ASSERT_FALSE(away.ok());
  EXPECT_EQ(away.error().code, Code::io);
  EXPECT_THAT(away.error().message(), Not(HasSubstr("geheim")));
}

}  // namespace
}  // namespace seatls::service
