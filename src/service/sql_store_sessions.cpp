#include <algorithm>
#include <limits>

#include "codec/json.h"
#include "service/sql_store.h"
#include "service/store_rules.h"

namespace seatls::service {
namespace {

using Tally = SqlStore::Tally;

// So many rows are forgotten by one transaction at most: none of them takes long.
constexpr std::int64_t rows_forgotten = 20'000;

const std::string session_columns =
    "id, nonce, tik, binds_tik, expires, status, evidence_type, evidence_digest, evidence, result";

Result<Session> read_session(const SqlRow& columns) {
  SqlReader row(columns);
  Session s;
  s.id = row.text();
  s.nonce = row.blob();
  if (row.is_null()) {
    row.skip();
  } else {
    s.tik = row.blob();
  }
  s.binds_tik = row.integer() != 0;
  s.expires = time_of(row.integer());
  const auto status = status_from_name(row.text());
  if (status) {
    s.status = *status;
  } else {
    row.fail();
  }
  s.evidence_type = row.text();
  s.evidence_digest = row.blob();
  s.evidence = row.blob();
  s.result = row.text();
  SEATLS_CHECK(row.done());
  return s;
}

Result<std::string> write_list(const std::vector<std::string>& list) {
  codec::json::Array items;
  for (const std::string& item : list) items.emplace_back(codec::json::Value(item.c_str()));
  return codec::json::write(codec::json::Value(std::move(items)));
}

std::optional<std::vector<std::string>> read_list(const std::string& text) {
  const auto parsed = codec::json::parse(text);
  if (!parsed || parsed->array() == nullptr) return std::nullopt;
  std::vector<std::string> list;
  for (const auto& item : *parsed->array()) {
    const auto entry = item.as_text();
    if (!entry) return std::nullopt;
    list.emplace_back(*entry);
  }
  return list;
}

Result<Verdict> read_verdict(const SqlRow& columns) {
  SqlReader row(columns);
  Verdict v;
  v.at = time_of(row.integer());
  v.session_digest = row.blob();
  v.evidence_digest = row.blob();
  v.scheme = row.text();
  const auto tier = tier_from_name(row.text());
  const auto policies = read_list(row.text());
  const auto codes = read_list(row.text());
  v.key_id = row.text();
  if (!tier || !policies || !codes) row.fail();
  SEATLS_CHECK(row.done());
  v.tier = *tier;
  v.policies = *policies;
  v.codes = *codes;
  return v;
}

Result<Tally> read_tally(SqlConnection& c) {
  SEATLS_TRY(const auto found,
             c.run("SELECT CAST(sum(sessions) AS bigint), CAST(sum(nonces) AS bigint) FROM tally"));
  SqlReader row(found.rows.at(0));
  const Tally tally{row.integer(), row.integer()};
  SEATLS_CHECK(row.done());
  return tally;
}

// The last statement of a transaction, always: who waits for a shard holds everything else it needs, so that
// nobody waits in a circle.
Result<void> count(SqlConnection& c, const Tally& change) {
  if (change.sessions == 0 && change.nonces == 0) return {};
  SEATLS_TRY(const auto counted,
             c.run("UPDATE tally SET sessions = sessions + $1, nonces = nonces + $2 WHERE shard = $3",
                   {change.sessions, change.nonces, c.shard()}));
  if (counted.changed == 1) return {};
  return Error{Code::io, "the database has no row to count sessions in", "store"};
}

// forget returns the change of the tally, which is still to be counted.
Result<Tally> forget(SqlConnection& c, Time now) {
  const std::string skip(c.skip_locked());
  SEATLS_TRY(const auto sessions,
             c.run("DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires <= $1 LIMIT $2" +
                       skip + ")",
                   {seconds(now), rows_forgotten}));
  SEATLS_TRY(
      const auto nonces,
      c.run("DELETE FROM spent_nonce WHERE digest IN (SELECT digest FROM spent_nonce WHERE until <= $1 "
            "LIMIT $2" +
                skip + ")",
            {seconds(now), rows_forgotten}));
  return Tally{-static_cast<std::int64_t>(sessions.changed), -static_cast<std::int64_t>(nonces.changed)};
}

std::int64_t as_count(std::size_t limit) {
  return static_cast<std::int64_t>(
      std::min<std::size_t>(limit, static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max())));
}

}  // namespace

// Sessions are counted without waiting for each other as long as there is plenty of room: more than
// transactions that can be under way. Near a limit they queue, so that it is never passed.
Result<bool> SqlStore::has_room(SqlConnection& c, Time now, Tally& change) const {
  const std::int64_t sessions = as_count(limits_.sessions);
  const std::int64_t nonces = as_count(limits_.nonces);
  SEATLS_TRY(Tally tally, read_tally(c));
  if (tally.sessions < sessions - sessions / 10 - 256 && tally.nonces < nonces - nonces / 10 - 256)
    return true;
  SEATLS_CHECK(c.queue());
  SEATLS_TRY(tally, read_tally(c));
  if (tally.sessions < sessions && tally.nonces < nonces) return true;
  SEATLS_TRY(change, forget(c, now));
  return tally.sessions + change.sessions < sessions && tally.nonces + change.nonces < nonces;
}

Result<Store::Opened> SqlStore::open_in(SqlConnection& c, const Session& session, Time now,
                                        Tally& change) const {
  const Bytes spent = spent_form(session.nonce);
  SEATLS_TRY(const bool room, has_room(c, now, change));
  if (!room) {
    SEATLS_TRY(const auto known, c.run("SELECT until FROM spent_nonce WHERE digest = $1", {spent}));
    return known.rows.empty() ? Opened::full : Opened::nonce_spent;
  }
  // The digest is the table's key: of two that come at once, the second one waits for the first one's
  // commit, and then inserts nothing.
  SEATLS_TRY(const auto nonce,
             c.run("INSERT INTO spent_nonce (digest, until) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                   {spent, seconds(session.expires + limits_.spent)}));
  if (nonce.changed == 0) return Opened::nonce_spent;
  SEATLS_TRY(const auto opened,
             c.run("INSERT INTO session (" + session_columns +
                       ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '') ON CONFLICT DO NOTHING",
                   {session.id, session.nonce, session.tik ? SqlValue(*session.tik) : SqlValue(),
                    static_cast<std::int64_t>(session.binds_tik), seconds(session.expires),
                    std::string(name(session.status)), session.evidence_type, session.evidence_digest,
                    session.evidence}));
  if (opened.changed == 0) return id_is_taken();
  ++change.sessions;
  ++change.nonces;
  return Opened::opened;
}

Result<Store::Opened> SqlStore::open_session(const Session& session, Time now) {
  SEATLS_CHECK(check_opening(session));
  return write<Opened>([&](SqlConnection& c) -> Result<Opened> {
    Tally change;
    SEATLS_TRY(const Opened opened, open_in(c, session, now, change));
    SEATLS_CHECK(count(c, change));
    return opened;
  });
}

Result<std::optional<Session>> SqlStore::find_session(const std::string& id, Time now) {
  if (!storable(id)) return std::optional<Session>();
  return read<std::optional<Session>>([&](SqlConnection& c) -> Result<std::optional<Session>> {
    SEATLS_TRY(const auto found,
               c.run("SELECT " + session_columns + " FROM session WHERE id = $1 AND expires > $2",
                     {id, seconds(now)}));
    if (found.rows.empty()) return std::optional<Session>();
    SEATLS_TRY(auto session, read_session(found.rows.front()));
    return std::optional(std::move(session));
  });
}

Result<Store::Claim> SqlStore::claim_session(const std::string& id, const Evidence& evidence, Time now) {
  SEATLS_CHECK(check_evidence(evidence));
  if (!storable(id)) return Claim{};
  return write<Claim>([&](SqlConnection& c) -> Result<Claim> {
    // Of two that come at once, the second one waits for the row and then finds it no longer waiting.
    SEATLS_TRY(const auto claimed,
               c.run("UPDATE session SET status = 'processing', evidence_type = $1, evidence_digest = $2, "
                     "evidence = $3 WHERE id = $4 AND status = 'waiting' AND expires > $5 RETURNING " +
                         session_columns,
                     {evidence.type, evidence.digest, evidence.retained, id, seconds(now)}));
    if (claimed.rows.empty()) {
      SEATLS_TRY(const auto known,
                 c.run("SELECT status FROM session WHERE id = $1 AND expires > $2", {id, seconds(now)}));
      return Claim{known.rows.empty() ? Claim::Outcome::unknown : Claim::Outcome::spent, {}, 0};
    }
    SEATLS_TRY(auto session, read_session(claimed.rows.front()));
    SEATLS_TRY(const auto found, c.run("SELECT revision FROM judging"));
    SqlReader row(found.rows.at(0));
    const auto revision = static_cast<std::uint64_t>(row.integer());
    SEATLS_CHECK(row.done());
    return Claim{Claim::Outcome::claimed, std::move(session), revision};
  });
}

Result<void> SqlStore::complete_session(const std::string& id, const std::string& result,
                                        const Verdict& verdict) {
  SEATLS_CHECK(check_completion(result, verdict));
  if (!storable(id)) return not_processing();
  SEATLS_TRY(const std::string policies, write_list(verdict.policies));
  SEATLS_TRY(const std::string codes, write_list(verdict.codes));
  return database_->write([&](SqlConnection& c) -> Result<void> {
    SEATLS_TRY(
        const auto completed,
        c.run("UPDATE session SET status = 'complete', result = $1 WHERE id = $2 AND status = 'processing'",
              {result, id}));
    if (completed.changed == 0) return not_processing();
    SEATLS_TRY(const auto noted,
               c.run("INSERT INTO verdict (at, session_digest, evidence_digest, scheme, tier, policies, "
                     "codes, key_id) "
                     "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                     {seconds(verdict.at), verdict.session_digest, verdict.evidence_digest, verdict.scheme,
                      std::string(name(verdict.tier)), policies, codes, verdict.key_id}));
    if (noted.changed != 1) return Error{Code::io, "the verdict was not kept", "store"};
    return {};
  });
}

Result<void> SqlStore::fail_session(const std::string& id) {
  if (!storable(id)) return not_processing();
  return database_->write([&](SqlConnection& c) -> Result<void> {
    SEATLS_TRY(const auto failed,
               c.run("UPDATE session SET status = 'failed' WHERE id = $1 AND status = 'processing'", {id}));
    return failed.changed == 0 ? Result<void>(not_processing()) : Result<void>();
  });
}

Result<bool> SqlStore::delete_session(const std::string& id, Time now) {
  if (!storable(id)) return false;
  return write<bool>([&](SqlConnection& c) -> Result<bool> {
    SEATLS_TRY(const auto deleted,
               c.run("DELETE FROM session WHERE id = $1 AND expires > $2", {id, seconds(now)}));
    SEATLS_CHECK(count(c, {-static_cast<std::int64_t>(deleted.changed), 0}));
    return deleted.changed == 1;
  });
}

Result<std::size_t> SqlStore::sweep(Time now) {
  return write<std::size_t>([&](SqlConnection& c) -> Result<std::size_t> {
    SEATLS_CHECK(c.tidy());
    SEATLS_TRY(const Tally change, forget(c, now));
    SEATLS_CHECK(count(c, change));
    return static_cast<std::size_t>(-change.sessions);
  });
}

Result<std::size_t> SqlStore::open_sessions(Time now) {
  return read<std::size_t>([&](SqlConnection& c) -> Result<std::size_t> {
    SEATLS_TRY(const auto found, c.run("SELECT count(*) FROM session WHERE expires > $1", {seconds(now)}));
    SqlReader row(found.rows.at(0));
    const std::int64_t open = row.integer();
    SEATLS_CHECK(row.done());
    return static_cast<std::size_t>(open);
  });
}

Result<std::vector<Verdict>> SqlStore::verdicts(std::size_t most) {
  return read<std::vector<Verdict>>([&](SqlConnection& c) -> Result<std::vector<Verdict>> {
    SEATLS_TRY(
        const auto found,
        c.run(
            "SELECT at, session_digest, evidence_digest, scheme, tier, policies, codes, key_id FROM verdict "
            "ORDER BY seq DESC LIMIT $1",
            {as_count(most)}));
    std::vector<Verdict> list;
    for (const SqlRow& row : found.rows) {
      SEATLS_TRY(auto verdict, read_verdict(row));
      list.push_back(std::move(verdict));
    }
    return list;
  });
}

Result<void> SqlStore::check() {
  return database_->write_idempotent([](SqlConnection& c) -> Result<void> {
    SEATLS_TRY(const auto written, c.run("UPDATE tally SET nonces = nonces WHERE shard = $1", {c.shard()}));
    return written.changed == 1
               ? Result<void>()
               : Result<void>(Error{Code::io, "the database lacks a row of its own", "store"});
  });
}

}  // namespace seatls::service
