// The same tests for every store.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "service/store.h"

namespace seatls::service {

using namespace std::chrono_literals;

inline const Time start{1'800'000'000s};
inline constexpr std::chrono::seconds session_time{150};

// A waiting session with a nonce and an id of its own for each number.
Session session_of(unsigned number);
Bytes digest_of(const std::string& text);
Verdict verdict_of(unsigned number);
Endorsement endorsement_of(unsigned number);
Store::Evidence evidence_of(unsigned number);

// in_parallel runs `work` with 0 … count-1, each on a thread of its own, and begins with all at once.
void in_parallel(unsigned count, const std::function<void(unsigned)>& work);
// soon waits until `done`, for as long as a slow machine may need.
bool soon(const std::function<bool()>& done);

enum class Kind { memory, sqlite, postgres };
std::string kind_name(const ::testing::TestParamInfo<Kind>& info);

// Database is an empty database for one test.
class Database {
 public:
  explicit Database(Kind kind);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  [[nodiscard]] const std::string& missing() const { return missing_; }  // why there is none
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] const std::string& name() const { return name_; }  // PostgreSQL's
  // execute runs SQL behind the store's back; it returns one value, or "ERROR: …".
  std::string execute(const std::string& sql) const;

 private:
  const Kind kind_;
  std::filesystem::path folder_;
  std::string name_;
  std::string address_;
  std::string missing_;
};

// A store, and a second one on the same database: a replica (of a store in memory, itself).
class StoreTest : public ::testing::TestWithParam<Kind> {
 protected:
  StoreTest() : database_(GetParam()) {}
  void SetUp() override;
  // reopen closes the stores and opens them again; what is in memory is gone.
  void reopen(StoreLimits limits = {});
  Store& store() { return *store_; }
  Store& replica() { return *replica_; }
  Store& either(unsigned number) { return number % 2 == 0 ? store() : replica(); }

  // What is expected to succeed, in short.
  Store::Opened open(const Session& session, Time now = start);
  void open_and_claim(const Session& session);
  std::optional<Session> find(const std::string& id, Time now = start);
  Store::Claim::Outcome claim(const std::string& id, Time now = start);
  std::uint64_t revision();
  unsigned add(const std::string& name, const std::string& text);
  std::vector<std::string> active();  // "name@version" of the policies that judge

  Database database_;
  std::shared_ptr<Store> store_;
  std::shared_ptr<Store> replica_;
};

// Stores that outlive their process.
class DurableStoreTest : public StoreTest {};

}  // namespace seatls::service
