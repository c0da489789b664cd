#include "fixture.h"

#include <sqlite3.h>
#include <stdlib.h>

#include <latch>

#include "crypto/hash.h"
#include "support/postgres.h"

namespace seatls::service {

Bytes digest_of(const std::string& text) { return crypto::digest(Hash::sha256, view(text)); }

Session session_of(unsigned number) {
  Session s;
  s.id = "session-" + std::to_string(number);
  s.nonce = digest_of("nonce " + std::to_string(number));
  s.expires = start + session_time;
  return s;
}

Verdict verdict_of(unsigned number) {
  Verdict v;
  v.at = start + std::chrono::seconds(number);
  v.session_digest = digest_of("session-" + std::to_string(number));
  v.evidence_digest = digest_of("evidence " + std::to_string(number));
  v.scheme = "tpm2";
  v.tier = Tier::affirming;
  v.policies = {"default@" + std::to_string(number)};
  v.key_id = "key";
  return v;
}

Endorsement endorsement_of(unsigned number) {
  const Bytes document = bytes("document " + std::to_string(number));
  return {digest_of(text(document)), "application/rim+cbor", document, start, true};
}

Store::Evidence evidence_of(unsigned number) {
  return {"application/eat+cwt", digest_of("evidence " + std::to_string(number)), {}};
}

void in_parallel(unsigned count, const std::function<void(unsigned)>& work) {
  std::latch ready(count);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      ready.arrive_and_wait();
      work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

bool soon(const std::function<bool()>& done) {
  for (int i = 0; i < 3'000; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

std::string kind_name(const ::testing::TestParamInfo<Kind>& info) {
  switch (info.param) {
    case Kind::memory: return "memory";
    case Kind::sqlite: return "sqlite";
    case Kind::postgres: return "postgres";
  }
  return "";
}

Database::Database(Kind kind) : kind_(kind) {
  std::string folder = (std::filesystem::temp_directory_path() / "seatls-store-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) missing_ = "no temporary folder could be made";
  folder_ = folder;
  if (kind == Kind::memory) address_ = "memory:";
  if (kind == Kind::sqlite) address_ = "sqlite:" + (folder_ / "verifier.db").string();
  if (kind == Kind::postgres) {
    if (auto* server = testing::PostgresServer::shared(missing_)) {
      name_ = server->make_database();
      address_ = server->uri(name_);
    }
  }
}

Database::~Database() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Database::execute(const std::string& sql) const {
  std::string why;
  if (kind_ == Kind::postgres) {
    return testing::PostgresServer::shared(why)->execute(name_, "SET search_path = seatls, public; " + sql);
  }
  sqlite3* db = nullptr;
  sqlite3_open((folder_ / "verifier.db").c_str(), &db);
  sqlite3_busy_timeout(db, 5'000);
  std::string answer;
  char* error = nullptr;
  const auto keep = [](void* to, int, char** values, char**) {
    *static_cast<std::string*>(to) = values[0] == nullptr ? "" : values[0];
    return 0;
  };
  if (sqlite3_exec(db, sql.c_str(), keep, &answer, &error) != SQLITE_OK)
    answer = std::string("ERROR: ") + error;
  sqlite3_free(error);
  sqlite3_close(db);
  return answer;
}

void StoreTest::SetUp() {
  if (!database_.missing().empty()) GTEST_SKIP() << database_.missing();
  ASSERT_NO_FATAL_FAILURE(reopen());
}

void StoreTest::reopen(StoreLimits limits) {
  store_.reset();
  replica_.reset();
  auto first = open_store(database_.address(), limits);
  ASSERT_TRUE(first.ok()) << first.error().message();
  store_ = *first;
  replica_ = store_;
  if (GetParam() == Kind::memory) return;
  auto second = open_store(database_.address(), limits);
  ASSERT_TRUE(second.ok()) << second.error().message();
  replica_ = *second;
}

Store::Opened StoreTest::open(const Session& session, Time now) {
  const auto opened = store().open_session(session, now);
  EXPECT_TRUE(opened.ok()) << opened.error().message();
  return opened.ok() ? *opened : Store::Opened::full;
}

void StoreTest::open_and_claim(const Session& session) {
  ASSERT_EQ(open(session), Store::Opened::opened);
  ASSERT_EQ(claim(session.id), Store::Claim::Outcome::claimed);
}

std::optional<Session> StoreTest::find(const std::string& id, Time now) {
  auto found = replica().find_session(id, now);
  EXPECT_TRUE(found.ok()) << found.error().message();
  return found.ok() ? *found : std::nullopt;
}

Store::Claim::Outcome StoreTest::claim(const std::string& id, Time now) {
  const auto claimed = store().claim_session(id, evidence_of(1), now);
  EXPECT_TRUE(claimed.ok()) << claimed.error().message();
  return claimed.ok() ? claimed->outcome : Store::Claim::Outcome::unknown;
}

std::uint64_t StoreTest::revision() {
  const auto judging = replica().judging();
  EXPECT_TRUE(judging.ok()) << judging.error().message();
  return judging.ok() ? judging->revision : 0;
}

unsigned StoreTest::add(const std::string& name, const std::string& text) {
  const auto added = store().add_policy(name, text, start);
  EXPECT_TRUE(added.ok()) << added.error().message();
  return added.ok() ? *added : 0;
}

std::vector<std::string> StoreTest::active() {
  std::vector<std::string> list;
  const auto judging = replica().judging();
  EXPECT_TRUE(judging.ok()) << judging.error().message();
  if (!judging) return list;
  for (const auto& policy : judging->policies)
    list.push_back(policy.name + "@" + std::to_string(policy.version));
  return list;
}

}  // namespace seatls::service
