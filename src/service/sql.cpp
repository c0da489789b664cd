#include "service/sql.h"

namespace seatls::service {

Result<void> SqlReader::done() const {
  if (!failed_ && at_ == row_.size()) return {};
  return Error{Code::io, "a row of the database is not of the form that seatls gave it", "store"};
}

namespace {

Result<std::int64_t> number(SqlConnection& c, const std::string& sql) {
  SEATLS_TRY(const auto found, c.run(sql));
  if (found.rows.empty()) return Error{Code::io, "the database answers without a row", "store"};
  SqlReader row(found.rows.front());
  const std::int64_t value = row.integer();
  SEATLS_CHECK(row.done());
  return value;
}

Result<void> refuse_newer(std::int64_t version, std::size_t known) {
  if (version >= 0 && static_cast<std::size_t>(version) <= known) return {};
  return Error{Code::configuration,
               "its tables are of version " + std::to_string(version) +
                   ", which a newer seatls made; this one knows " + std::to_string(known) +
                   " and leaves them alone",
               "store"};
}

constexpr auto version_of = "SELECT coalesce(max(version), 0) FROM seatls_schema";

Result<void> bring_up_to_date(SqlConnection& c, const SqlSchema& schema) {
  SEATLS_CHECK(c.queue());
  SEATLS_TRY(const auto state, number(c, schema.exists));
  if (state == 2) {
    return Error{Code::configuration, "it holds the tables of another program; name a database of its own",
                 "store"};
  }
  if (state == 0) SEATLS_CHECK(c.script(schema.begin));
  SEATLS_TRY(const auto version, number(c, version_of));
  SEATLS_CHECK(refuse_newer(version, schema.migrations.size()));
  for (auto next = static_cast<std::size_t>(version); next < schema.migrations.size(); ++next) {
    SEATLS_CHECK(c.script(schema.migrations[next]));
    SEATLS_TRY(const auto noted, c.run("INSERT INTO seatls_schema (version) VALUES ($1)",
                                       {static_cast<std::int64_t>(next + 1)}));
    if (noted.changed != 1) return Error{Code::io, "the schema's version was not noted", "store"};
  }
  return {};
}

// Most often nothing is to be done, and then no right to make tables is needed.
Result<bool> is_up_to_date(SqlConnection& c, const SqlSchema& schema) {
  SEATLS_TRY(const auto state, number(c, schema.exists));
  if (state != 1) return false;
  SEATLS_TRY(const auto version, number(c, version_of));
  SEATLS_CHECK(refuse_newer(version, schema.migrations.size()));
  return static_cast<std::size_t>(version) == schema.migrations.size();
}

}  // namespace

Result<void> migrate(SqlDatabase& database, const SqlSchema& schema) {
  bool up_to_date = false;
  SEATLS_CHECK(database.read([&](SqlConnection& c) -> Result<void> {
    SEATLS_TRY(up_to_date, is_up_to_date(c, schema));
    return {};
  }));
  if (up_to_date) return {};
  return database.write_idempotent([&](SqlConnection& c) { return bring_up_to_date(c, schema); });
}

}  // namespace seatls::service
