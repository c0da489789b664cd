// What a SqlStore needs of a database: statements with parameters, within transactions. SQLite and PostgreSQL
// stand behind it; statements are of the SQL that both of them speak.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::service {

using SqlValue = std::variant<std::monostate, std::int64_t, std::string, Bytes>;  // monostate: NULL
using SqlRow = std::vector<SqlValue>;

struct SqlRows {
  std::vector<SqlRow> rows;
  std::size_t changed = 0;  // rows that were inserted, updated or deleted
};

// SqlReader takes the columns of a row one after the other. It keeps its first failure, and then yields
// nothing.
class SqlReader {
 public:
  explicit SqlReader(const SqlRow& row) : row_(row) {}
  std::int64_t integer() { return take<std::int64_t>(); }
  std::string text() { return take<std::string>(); }
  Bytes blob() { return take<Bytes>(); }
  bool is_null() const { return at_ < row_.size() && std::holds_alternative<std::monostate>(row_[at_]); }
  void skip() { ++at_; }
  void fail() { failed_ = true; }
  // Errors: io, when the row was not of that form.
  [[nodiscard]] Result<void> done() const;

 private:
  template <class T>
  T take() {
    const T* value = at_ < row_.size() ? std::get_if<T>(&row_[at_]) : nullptr;
    ++at_;
    if (value == nullptr) failed_ = true;
    return value == nullptr ? T() : *value;
  }
  const SqlRow& row_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

// SqlConnection is the inside of one transaction.
class SqlConnection {
 public:
  virtual ~SqlConnection() = default;
  // run executes one statement; $1, $2 and so on are its parameters. What it changes must not differ between
  // runs by more than these: a transaction may be run again.
  [[nodiscard]] virtual Result<SqlRows> run(const std::string& sql,
                                            const std::vector<SqlValue>& parameters = {}) = 0;
  // script executes several statements of a migration.
  [[nodiscard]] virtual Result<void> script(const std::string& sql) = 0;
  // announce has watchers called once this transaction is committed.
  [[nodiscard]] virtual Result<void> announce() = 0;
  // queue waits for its turn among those that call it; the turn ends with the transaction. It comes before
  // whatever else the transaction locks.
  [[nodiscard]] virtual Result<void> queue() = 0;
  // tidy forgets what the database's own bookkeeping needs no more.
  [[nodiscard]] virtual Result<void> tidy() = 0;
  // shard is the row of `tally` that this connection counts in, so that transactions do not wait for each
  // other.
  [[nodiscard]] virtual std::int64_t shard() const = 0;
  // skip_locked ends a SELECT of rows that are to be deleted: those that others work on are left to them.
  [[nodiscard]] virtual std::string_view skip_locked() const = 0;
};

class SqlDatabase {
 public:
  using Body = std::function<Result<void>(SqlConnection&)>;
  virtual ~SqlDatabase() = default;
  // read runs statements that change nothing, each by itself; snapshot shows all of them one moment. Where
  // that is safe, both begin again after a failure of the connection.
  [[nodiscard]] virtual Result<void> read(const Body& body) = 0;
  [[nodiscard]] virtual Result<void> snapshot(const Body& body) = 0;
  // write runs `body` in a transaction and commits it, or, if it returns an error, undoes it. `body` may be
  // run several times and is committed once at most; after success, it is the last run that counts.
  [[nodiscard]] virtual Result<void> write(const Body& body) = 0;
  // write_idempotent is write for what may be committed twice without harm.
  [[nodiscard]] virtual Result<void> write_idempotent(const Body& body) = 0;
  virtual void watch(std::function<void()> changed) = 0;
  [[nodiscard]] virtual std::string description() const = 0;
};

// Migrations are numbered from 1, and never change once they are released.
struct SqlSchema {
  std::string exists;  // a query of one integer: whether there is a table seatls_schema (1), none (0), or the
                       // tables of another program (2)
  std::string begin;   // a script that makes seatls_schema, and what it needs
  std::vector<std::string> migrations;
};

// migrate brings the tables up to date, in one transaction. Errors: configuration for tables of a newer
// version or another program; io.
[[nodiscard]] Result<void> migrate(SqlDatabase& database, const SqlSchema& schema);

}  // namespace seatls::service
