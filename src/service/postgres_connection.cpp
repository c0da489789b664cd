#include "service/postgres_connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

namespace seatls::service {
namespace {

// Types by their number in PostgreSQL's catalogue, which never changes.
constexpr Oid type_bytea = 17;
constexpr Oid type_int8 = 20;
constexpr Oid type_int2 = 21;
constexpr Oid type_int4 = 23;
constexpr Oid type_text = 25;

constexpr auto channel = "seatls_judging";

std::string trimmed(std::string message) {
  while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) message.pop_back();
  std::ranges::replace(message, '\n', ' ');
  return message;
}

// Parameters in the form that libpq takes: texts and bytes as they are, numbers as text.
struct Parameters {
  explicit Parameters(const std::vector<SqlValue>& values) {
    numbers.reserve(values.size());
    for (const SqlValue& value : values) add(value);
  }
  void add(const SqlValue& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      numbers.push_back(std::to_string(*number));
      push(type_int8, numbers.back().c_str(), 0, 0);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      push(type_text, text->c_str(), text->size(), 1);
    } else if (const auto* blob = std::get_if<Bytes>(&value)) {
      push(type_bytea, blob->empty() ? "" : reinterpret_cast<const char*>(blob->data()), blob->size(), 1);
    } else {
      push(0, nullptr, 0, 1);
    }
  }
  void push(Oid type, const char* data, std::size_t size, int format) {
    types.push_back(type);
    data_.push_back(data);
    lengths.push_back(static_cast<int>(size));
    formats.push_back(format);
  }
  [[nodiscard]] int count() const { return static_cast<int>(types.size()); }

  std::vector<std::string> numbers;
  std::vector<Oid> types;
  std::vector<const char*> data_;
  std::vector<int> lengths;
  std::vector<int> formats;
};

SqlValue value_of(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return std::monostate();
  const char* text = PQgetvalue(result, row, column);
  const auto size = static_cast<std::size_t>(PQgetlength(result, row, column));
  switch (PQftype(result, column)) {
    case type_int2:
    case type_int4:
    case type_int8: {
      std::int64_t number = 0;
      std::from_chars(text, text + size, number);
      return number;
    }
    case type_bytea: {
      std::size_t length = 0;
      unsigned char* raw = PQunescapeBytea(reinterpret_cast<const unsigned char*>(text), &length);
      Bytes blob(raw, raw + (raw == nullptr ? 0 : length));
      PQfreemem(raw);
      return blob;
    }
    default: return std::string(text, size);
  }
}

std::size_t changed_rows(PGresult* result) {
  const std::string_view text = PQcmdTuples(result);
  std::size_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

}  // namespace

void PostgresConnection::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }
void PostgresConnection::Clear::operator()(pg_result* result) const { PQclear(result); }

Result<PostgresAddress> PostgresAddress::parse(const std::string& uri) {
  struct Free {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
  };
  const std::unique_ptr<PQconninfoOption, Free> options(PQconninfoParse(uri.c_str(), nullptr));
  // What libpq says about it repeats it, with its password.
  if (!options) {
    return Error{Code::configuration,
                 "the address is not a URI that libpq understands: postgresql://user@host/database", "store"};
  }
  PostgresAddress address;
  std::string host, port, database, user;
  for (const PQconninfoOption* o = options.get(); o->keyword != nullptr; ++o) {
    if (o->val == nullptr) continue;
    const std::string_view keyword = o->keyword;
    address.parameters_.emplace_back(keyword, o->val);
    if (keyword == "host") host = o->val;
    if (keyword == "port") port = std::string(":") + o->val;
    if (keyword == "dbname") database = o->val;
    if (keyword == "user") user = std::string(o->val) + "@";
    if (keyword == "password" || keyword == "sslpassword") address.secrets_.emplace_back(o->val);
  }
  address.description_ = "PostgreSQL " + user + host + port + "/" + database;
  // What comes first wins. A connection that died without a word is noticed within half a minute, and of
  // several hosts the one that can be written is taken.
  const std::pair<const char*, const char*> ours[] = {
      {"application_name", "seatls"}, {"target_session_attrs", "read-write"},
      {"keepalives_idle", "10"},      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},      {"client_encoding", "UTF8"}};
  for (const auto& [keyword, value] : ours) {
    const bool named =
        std::ranges::any_of(address.parameters_, [&](const auto& p) { return p.first == keyword; });
    if (!named) address.parameters_.emplace_back(keyword, value);
  }
  return address;
}

Error PostgresAddress::error(const std::string& what, std::string message) const {
  for (const std::string& secret : secrets_) {
    if (secret.empty()) continue;
    for (auto at = message.find(secret); at != std::string::npos; at = message.find(secret, at + 3)) {
      message.replace(at, secret.size(), "***");
    }
  }
  return {Code::io, "PostgreSQL " + what + ": " + trimmed(std::move(message)), "store"};
}

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const PostgresAddress& address,
                                                                     std::chrono::milliseconds answer,
                                                                     Deadline deadline) {
  auto made = std::unique_ptr<PostgresConnection>(new PostgresConnection(address, answer));
  made->begin(deadline);
  SEATLS_CHECK(made->connect());
  const std::string limit = std::to_string(answer.count());
  // A transaction that was left alone, because its client is gone, must not hold its locks for long. What the
  // server asks for beyond synchronous_commit = on, it gets.
  SEATLS_CHECK(
      made->script("SET search_path = seatls; SET statement_timeout = " + limit +
                   "; SET lock_timeout = " + limit + "; SET idle_in_transaction_session_timeout = " + limit +
                   "; SET default_transaction_isolation = 'read committed'; SET client_min_messages = error; "
                   "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
                   "WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)"));
  return made;
}

Result<void> PostgresConnection::connect() {
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, value] : address_.parameters()) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
  if (!connection_) return lost("out of memory");
  const Deadline until = std::min(deadline_, std::chrono::steady_clock::now() + answer_);
  auto next = PQstatus(connection_.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED) {
      trouble_ = Trouble::lost;
      return address_.error("cannot be reached", PQerrorMessage(connection_.get()));
    }
    if (!wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, until)) return lost("it does not answer");
    next = PQconnectPoll(connection_.get());
  }
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  PQsetnonblocking(connection_.get(), 1);
  return {};
}

bool PostgresConnection::wait(short events, Deadline until) const {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd waiting{PQsocket(connection_.get()), events, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

Error PostgresConnection::lost(const std::string& why) {
  trouble_ = Trouble::lost;
  connection_.reset();
  return address_.error("failed", why);
}

Error PostgresConnection::failure(const pg_result* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string code = state == nullptr ? "" : state;
  // 08: connection exceptions, 57P: the server stops, 25P03: it waited for us for too long, 25006: it has
  // become a standby; another connection finds the one that is not.
  if (PQstatus(connection_.get()) == CONNECTION_BAD || code.empty() || code.starts_with("08") ||
      code.starts_with("57P") || code == "25P03" || code == "25006") {
    return lost(message == nullptr ? PQerrorMessage(connection_.get()) : message);
  }
  // 40001: serialization failure, 40P01: deadlock. The primary message names no values; the detail would.
  trouble_ = code == "40001" || code == "40P01" ? Trouble::clash : Trouble::none;
  return address_.error("refused (" + code + ")", message == nullptr ? "" : message);
}

// answer returns the last result of what was sent, or the first error in it.
Result<PostgresConnection::Answer> PostgresConnection::answer(int sent) {
  if (sent != 1) return lost(PQerrorMessage(connection_.get()));
  const Deadline until = std::min(deadline_, std::chrono::steady_clock::now() + answer_);
  for (int flushed = PQflush(connection_.get()); flushed != 0; flushed = PQflush(connection_.get())) {
    if (flushed < 0) return lost(PQerrorMessage(connection_.get()));
    if (!wait(POLLIN | POLLOUT, until)) return lost("it does not answer");
    if (PQconsumeInput(connection_.get()) != 1) return lost(PQerrorMessage(connection_.get()));
  }
  Answer last;
  while (true) {
    while (PQisBusy(connection_.get()) != 0) {
      if (!wait(POLLIN, until)) return lost("it does not answer");
      if (PQconsumeInput(connection_.get()) != 1) return lost(PQerrorMessage(connection_.get()));
    }
    Answer next(PQgetResult(connection_.get()));
    if (!next) break;
    const auto status = PQresultStatus(last.get());
    if (!last || status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) last = std::move(next);
  }
  if (!last) return lost("it answered nothing");
  const auto status = PQresultStatus(last.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return failure(last.get());
  return last;
}

Result<std::string> PostgresConnection::prepared(const std::string& sql,
                                                 const std::vector<SqlValue>& parameters) {
  if (const auto known = prepared_.find(sql); known != prepared_.end()) return known->second;
  const Parameters form(parameters);
  std::string name = "s" + std::to_string(prepared_.size());
  SEATLS_TRY(const auto done, answer(PQsendPrepare(connection_.get(), name.c_str(), sql.c_str(), form.count(),
                                                   form.types.data())));
  prepared_.emplace(sql, name);
  return name;
}

Result<SqlRows> PostgresConnection::run(const std::string& sql, const std::vector<SqlValue>& parameters) {
  if (!connection_) return lost("the connection was lost");
  SEATLS_TRY(const std::string name, prepared(sql, parameters));
  const Parameters form(parameters);
  SEATLS_TRY(const auto done,
             answer(PQsendQueryPrepared(connection_.get(), name.c_str(), form.count(), form.data_.data(),
                                        form.lengths.data(), form.formats.data(), 0)));
  SqlRows result;
  result.changed = changed_rows(done.get());
  for (int row = 0; row < PQntuples(done.get()); ++row) {
    SqlRow columns;
    for (int column = 0; column < PQnfields(done.get()); ++column) {
      columns.push_back(value_of(done.get(), row, column));
    }
    result.rows.push_back(std::move(columns));
  }
  return result;
}

Result<void> PostgresConnection::script(const std::string& sql) {
  if (!connection_) return lost("the connection was lost");
  SEATLS_TRY(const auto done, answer(PQsendQuery(connection_.get(), sql.c_str())));
  return {};
}

Result<void> PostgresConnection::commit() {
  if (!connection_) return lost("the connection was lost");
  SEATLS_TRY(const auto done, answer(PQsendQuery(connection_.get(), "COMMIT")));
  // A transaction in which something failed is undone by COMMIT, and that is told as a success.
  if (std::string_view(PQcmdStatus(done.get())) == "COMMIT") return {};
  trouble_ = Trouble::none;
  return address_.error("refused", "the transaction was undone instead of committed");
}

Result<void> PostgresConnection::listen() { return script(std::string("LISTEN ") + channel); }

bool PostgresConnection::take_notices() {
  bool noticed = false;
  while (PGnotify* notice = PQnotifies(connection_.get())) {
    noticed = true;
    PQfreemem(notice);
  }
  return noticed;
}

Result<bool> PostgresConnection::wait_for_notice(int wake, std::chrono::milliseconds longest) {
  if (!connection_) return lost("the connection was lost");
  if (take_notices()) return true;  // that came with the answer to something else
  pollfd waiting[] = {{PQsocket(connection_.get()), POLLIN, 0}, {wake, POLLIN, 0}};
  if (poll(waiting, 2, static_cast<int>(longest.count())) <= 0 || waiting[0].revents == 0) return false;
  if (PQconsumeInput(connection_.get()) != 1) return lost(PQerrorMessage(connection_.get()));
  return take_notices();
}

Result<void> PostgresConnection::announce() { return script(std::string("NOTIFY ") + channel); }

Result<void> PostgresConnection::queue() {
  // The number says "seatls" and stands for nothing else in the database.
  return script("SELECT pg_advisory_xact_lock(126900382034035)");
}

// A transaction's own id is needed for as long as it may be tried again, which is seconds.
Result<void> PostgresConnection::tidy() {
  return script("DELETE FROM written WHERE at < clock_timestamp() - interval '10 minutes'");
}

// One of the sixteen rows that the schema made.
std::int64_t PostgresConnection::shard() const {
  return connection_ ? PQbackendPID(connection_.get()) % 16 : 0;
}

}  // namespace seatls::service
