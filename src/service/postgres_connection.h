// One connection to PostgreSQL, whose every wait ends. libpq's own calls would wait for as long as a server
// that has stopped does not answer.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/sql.h"

struct pg_conn;
struct pg_result;

namespace seatls::service {

using Deadline = std::chrono::steady_clock::time_point;

// PostgresAddress is a URI that was read: what is said about it names no password.
class PostgresAddress {
 public:
  [[nodiscard]] static Result<PostgresAddress> parse(const std::string& uri);
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& parameters() const {
    return parameters_;
  }
  [[nodiscard]] const std::string& description() const { return description_; }
  // error makes one of libpq's messages one of ours.
  [[nodiscard]] Error error(const std::string& what, std::string message) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
  std::vector<std::string> secrets_;
  std::string description_;
};

class PostgresConnection final : public SqlConnection {
 public:
  // Trouble is what the last failure means for the transaction it befell.
  enum class Trouble {
    none,   // it was the statement's own
    clash,  // undone because of another transaction: it may well succeed if it is run again
    lost,   // the connection is gone; what was being committed may or may not be
  };

  [[nodiscard]] static Result<std::unique_ptr<PostgresConnection>> open(const PostgresAddress& address,
                                                                        std::chrono::milliseconds answer,
                                                                        Deadline deadline);
  // begin is called before a transaction: no wait of its goes beyond the deadline.
  void begin(Deadline deadline) {
    deadline_ = deadline;
    trouble_ = Trouble::none;
  }
  [[nodiscard]] Trouble trouble() const { return trouble_; }
  [[nodiscard]] Result<void> commit();
  // listen and wait_for_notice are of a connection that does nothing else. wait_for_notice returns at once
  // when `wake` can be read, and tells whether there was a notice.
  [[nodiscard]] Result<void> listen();
  [[nodiscard]] Result<bool> wait_for_notice(int wake, std::chrono::milliseconds longest);

  Result<SqlRows> run(const std::string& sql, const std::vector<SqlValue>& parameters = {}) override;
  Result<void> script(const std::string& sql) override;
  Result<void> announce() override;
  Result<void> queue() override;
  Result<void> tidy() override;
  std::int64_t shard() const override;
  std::string_view skip_locked() const override { return " FOR UPDATE SKIP LOCKED"; }

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  struct Clear {
    void operator()(pg_result* result) const;
  };
  using Answer = std::unique_ptr<pg_result, Clear>;

  PostgresConnection(const PostgresAddress& address, std::chrono::milliseconds answer)
      : address_(address), answer_(answer) {}
  [[nodiscard]] Result<void> connect();
  [[nodiscard]] bool take_notices();
  [[nodiscard]] bool wait(short events, Deadline until) const;
  [[nodiscard]] Result<Answer> answer(int sent);
  [[nodiscard]] Result<std::string> prepared(const std::string& sql, const std::vector<SqlValue>& parameters);
  [[nodiscard]] Error failure(const pg_result* result);
  [[nodiscard]] Error lost(const std::string& why);

  const PostgresAddress& address_;
  const std::chrono::milliseconds answer_;
  Deadline deadline_{};
  Trouble trouble_ = Trouble::none;
  std::unique_ptr<pg_conn, Finish> connection_;
  std::map<std::string, std::string> prepared_;
};

}  // namespace seatls::service
