#include "service/sqlite_database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "base/descriptor.h"
#include "service/watchers.h"

namespace seatls::service {
namespace {

constexpr std::chrono::milliseconds poll_interval{200};

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// A statement of the cache is left without parameters, and without a hold on the database.
class Use {
 public:
  explicit Use(sqlite3_stmt* statement) : statement_(statement) {}
  ~Use() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  sqlite3_stmt* statement_;
};

int bind(sqlite3_stmt* statement, int index, const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, index, *number);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return sqlite3_bind_text64(statement, index, text->c_str(), text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  if (const auto* blob = std::get_if<Bytes>(&value)) {
    const void* data = blob->empty() ? static_cast<const void*>("") : blob->data();  // a null pointer is NULL
    return sqlite3_bind_blob64(statement, index, data, blob->size(), SQLITE_TRANSIENT);
  }
  return sqlite3_bind_null(statement, index);
}

SqlValue column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER: return static_cast<std::int64_t>(sqlite3_column_int64(statement, index));
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
      return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, index)));
    }
    case SQLITE_BLOB: {
      const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, index));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      return data == nullptr ? Bytes() : Bytes(data, data + size);
    }
    default: return std::monostate();
  }
}

class SqliteConnection final : public SqlConnection {
 public:
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& file,
                                                        std::chrono::milliseconds patience) {
    sqlite3* db = nullptr;
    // Each connection is behind a mutex of ours.
    const int opened =
        sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    auto connection = std::unique_ptr<SqliteConnection>(new SqliteConnection(db));
    if (opened != SQLITE_OK) return connection->failure("open");
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, static_cast<int>(patience.count()));
    SEATLS_CHECK(connection->keep_write_ahead_log(patience));
    // FULL: a commit is on the disk before it is acknowledged, also against a loss of power.
    SEATLS_CHECK(
        connection->script("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
                           "PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864; "
                           "PRAGMA temp_store = MEMORY;"));
    return connection;
  }

  Result<SqlRows> run(const std::string& sql, const std::vector<SqlValue>& parameters = {}) override {
    SEATLS_TRY(sqlite3_stmt* const statement, prepared(sql));
    const Use use(statement);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const int index = sqlite3_bind_parameter_index(statement, ("$" + std::to_string(i + 1)).c_str());
      if (index == 0) return Error{Code::internal, "a statement does not use all of its parameters", "store"};
      if (bind(statement, index, parameters[i]) != SQLITE_OK) return failure("bind");
    }
    SqlRows result;
    int step = sqlite3_step(statement);
    for (; step == SQLITE_ROW; step = sqlite3_step(statement)) {
      SqlRow row;
      for (int i = 0; i < sqlite3_column_count(statement); ++i) row.push_back(column(statement, i));
      result.rows.push_back(std::move(row));
    }
    if (step != SQLITE_DONE) return failure("run a statement");
    if (sqlite3_stmt_readonly(statement) == 0) {
      result.changed = static_cast<std::size_t>(sqlite3_changes64(db_.get()));
    }
    return result;
  }

  Result<void> script(const std::string& sql) override {
    return sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK
               ? Result<void>()
               : Result<void>(failure("run a script"));
  }

  Result<void> announce() override {
    announced_ = true;
    return {};
  }
  bool take_announcement() { return std::exchange(announced_, false); }
  // A file has one writer at a time: whoever writes has the turn already, and no one locks rows.
  Result<void> queue() override { return {}; }
  Result<void> tidy() override { return {}; }
  std::int64_t shard() const override { return 0; }
  std::string_view skip_locked() const override { return ""; }

 private:
  explicit SqliteConnection(sqlite3* db) : db_(db) {}

  // Of several that open a new file at once, one turns the log on; SQLite does not wait for it by itself.
  Result<void> keep_write_ahead_log(std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (true) {
      const auto mode = run("PRAGMA journal_mode = WAL");
      if (mode && mode->rows == std::vector<SqlRow>{{std::string("wal")}}) return {};
      const bool busy = !mode && (sqlite3_errcode(db_.get()) & 0xff) == SQLITE_BUSY;
      if (!busy || std::chrono::steady_clock::now() >= until) {
        if (!mode) return mode.error();
        return Error{Code::io, "SQLite cannot keep a write-ahead log there; name a file on a local disk",
                     "store"};
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  Result<sqlite3_stmt*> prepared(const std::string& sql) {
    if (const auto known = statements_.find(sql); known != statements_.end()) return known->second.get();
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(db_.get(), sql.c_str(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                           &statement, nullptr) != SQLITE_OK) {
      return failure("prepare a statement");
    }
    return statements_.emplace(sql, statement).first->second.get();
  }

  // SQLite's messages name tables and columns, never values.
  Error failure(const std::string& what) const {
    const int code = db_ ? sqlite3_errcode(db_.get()) & 0xff : SQLITE_NOMEM;
    std::string why = db_ ? sqlite3_errmsg(db_.get()) : "out of memory";
    if (code == SQLITE_BUSY) why += ": another process holds it for too long";
    return {Code::io, "SQLite could not " + what + ": " + why, "store"};
  }

  std::unique_ptr<sqlite3, CloseDatabase> db_;
  std::map<std::string, Statement> statements_;  // closed before the database is
  bool announced_ = false;
};

// SQLite has one writer at a time, whatever we do: so one connection writes, behind a mutex, where waiting is
// fair and costs nothing. Another one reads, which never waits for a writer or its disk.
class SqliteDatabase final : public SqlDatabase {
 public:
  SqliteDatabase(std::string file, std::chrono::milliseconds patience,
                 std::unique_ptr<SqliteConnection> writer, std::unique_ptr<SqliteConnection> reader)
      : file_(std::move(file)), patience_(patience), writer_(std::move(writer)), reader_(std::move(reader)) {}

  ~SqliteDatabase() override {
    {
      const std::lock_guard lock(watch_mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    if (watcher_.joinable()) watcher_.join();
  }

  Result<void> read(const Body& body) override {
    const std::lock_guard lock(reader_mutex_);
    return body(*reader_);
  }

  Result<void> snapshot(const Body& body) override {
    const std::lock_guard lock(reader_mutex_);
    return within(*reader_, "BEGIN", body);
  }

  Result<void> write(const Body& body) override {
    bool announced = false;
    {
      const std::lock_guard lock(writer_mutex_);
      (void)writer_->take_announcement();
      SEATLS_CHECK(within(*writer_, "BEGIN IMMEDIATE", body));
      announced = writer_->take_announcement();
    }
    if (announced) kick();
    return {};
  }

  Result<void> write_idempotent(const Body& body) override { return write(body); }

  void watch(std::function<void()> changed) override {
    watchers_.add(std::move(changed));
    const std::lock_guard lock(watch_mutex_);
    kicked_ = true;
    if (!watcher_.joinable()) watcher_ = std::thread([this] { look_for_changes(); });
  }

  std::string description() const override { return "SQLite " + file_; }

 private:
  static Result<void> within(SqliteConnection& c, const std::string& begin, const Body& body) {
    SEATLS_TRY(const auto begun, c.run(begin));
    auto done = body(c);
    if (done) {
      const auto committed = c.run("COMMIT");
      if (committed) return {};
      done = committed.error();
    }
    // Where SQLite has undone it already, this fails, and nothing is amiss.
    (void)c.run("ROLLBACK");
    return done;
  }

  void kick() {
    {
      const std::lock_guard lock(watch_mutex_);
      kicked_ = true;
    }
    wake_.notify_all();
  }

  // Other processes change the file without telling. data_version tells cheaply that someone did, and the
  // revision whether that concerns what judges.
  void look_for_changes() {
    std::unique_ptr<SqliteConnection> own;
    SqlRow version;
    SqlRow revision;
    std::unique_lock lock(watch_mutex_);
    while (!ending_) {
      lock.unlock();
      if (!own) {
        if (auto opened = SqliteConnection::open(file_, patience_)) own = std::move(opened).value();
      }
      if (own && differs(*own, "PRAGMA data_version", version) &&
          differs(*own, "SELECT revision FROM judging", revision)) {
        watchers_.call();
      }
      lock.lock();
      wake_.wait_for(lock, poll_interval, [&] { return kicked_ || ending_; });
      kicked_ = false;
    }
  }

  static bool differs(SqliteConnection& c, const std::string& query, SqlRow& last) {
    auto found = c.run(query);
    if (!found || found->rows.empty() || found->rows[0] == last) return false;
    last = std::move(found->rows[0]);
    return true;
  }

  const std::string file_;
  const std::chrono::milliseconds patience_;
  std::mutex writer_mutex_;
  std::unique_ptr<SqliteConnection> writer_;
  std::mutex reader_mutex_;
  std::unique_ptr<SqliteConnection> reader_;

  Watchers watchers_;
  std::mutex watch_mutex_;
  std::condition_variable wake_;
  bool kicked_ = false;
  bool ending_ = false;
  std::thread watcher_;
};

// Whoever reads the file reads nonces that wait and results: it is the service's alone. SQLite gives the
// files beside it the same rights. A file that is there is not opened here: closing it again would
// drop the locks that SQLite holds on it in this process.
Result<void> make_file(const std::string& file) {
  const base::Descriptor made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (made || errno == EEXIST) return {};
  return Error{Code::io, file + " cannot be made: " + std::strerror(errno), "store"};
}

}  // namespace

Result<std::unique_ptr<SqlDatabase>> open_sqlite(const std::string& file,
                                                 std::chrono::milliseconds patience) {
  // SQLite takes these for databases that are gone when they are closed.
  if (file.empty() || file == ":memory:") {
    return Error{Code::configuration, "sqlite: needs the path of a file", "store"};
  }
  SEATLS_CHECK(make_file(file));
  SEATLS_TRY(auto writer, SqliteConnection::open(file, patience));
  SEATLS_TRY(auto reader, SqliteConnection::open(file, patience));
  return std::unique_ptr<SqlDatabase>(
      std::make_unique<SqliteDatabase>(file, patience, std::move(writer), std::move(reader)));
}

}  // namespace seatls::service
