#include "service/sql_store.h"
#include "service/store_rules.h"

namespace seatls::service {
namespace {

// What judges is changed by one transaction at a time: so versions have no gaps, and revisions no
// order but one.
Result<void> hold_judging(SqlConnection& c) {
  SEATLS_TRY(const auto held, c.run("UPDATE judging SET revision = revision"));
  return held.changed == 1 ? Result<void>()
                           : Result<void>(Error{Code::io, "the database has no row of what judges", "store"});
}

Result<void> note_change(SqlConnection& c) {
  SEATLS_TRY(const auto noted, c.run("UPDATE judging SET revision = revision + 1"));
  return c.announce();
}

// Activation is a line of the log of activations, which is only ever added to. `before` is the line that
// undoing it leads to.
struct Activation {
  std::int64_t line = 0;
  std::int64_t version = 0;
  std::optional<std::int64_t> before;
};

Result<std::optional<Activation>> read_activation(const SqlRows& found) {
  if (found.rows.empty()) return std::optional<Activation>();
  SqlReader row(found.rows.front());
  Activation a;
  a.line = row.integer();
  a.version = row.integer();
  if (row.is_null()) {
    row.skip();
  } else {
    a.before = row.integer();
  }
  SEATLS_CHECK(row.done());
  return std::optional(a);
}

Result<std::optional<Activation>> last_activation(SqlConnection& c, const std::string& policy) {
  SEATLS_TRY(const auto found,
             c.run("SELECT seq, version, before FROM activation WHERE name = $1 ORDER BY seq DESC LIMIT 1",
                   {policy}));
  return read_activation(found);
}

Result<void> log_activation(SqlConnection& c, const std::string& policy, std::int64_t version,
                            std::optional<std::int64_t> before, Time now) {
  SEATLS_TRY(const auto logged,
             c.run("INSERT INTO activation (name, version, before, at) VALUES ($1, $2, $3, $4)",
                   {policy, version, before ? SqlValue(*before) : SqlValue(), seconds(now)}));
  if (logged.changed != 1) return Error{Code::io, "the activation was not written down", "store"};
  return note_change(c);
}

Result<std::vector<PolicyVersion>> list_policies(SqlConnection& c, const std::string& where) {
  SEATLS_TRY(
      const auto found,
      c.run("SELECT name, version, body, added, active FROM (SELECT p.name, p.version, p.body, p.added, "
            "CASE WHEN p.version = (SELECT a.version FROM activation a WHERE a.name = p.name "
            "ORDER BY a.seq DESC LIMIT 1) THEN 1 ELSE 0 END AS active FROM policy p) AS known " +
            where + " ORDER BY name, version"));
  std::vector<PolicyVersion> list;
  for (const SqlRow& columns : found.rows) {
    SqlReader row(columns);
    PolicyVersion p;
    p.name = row.text();
    p.version = static_cast<unsigned>(row.integer());
    p.text = row.text();
    p.added = time_of(row.integer());
    p.active = row.integer() != 0;
    SEATLS_CHECK(row.done());
    list.push_back(std::move(p));
  }
  return list;
}

Result<std::vector<Endorsement>> list_endorsements(SqlConnection& c, const std::string& where) {
  SEATLS_TRY(const auto found, c.run("SELECT digest, type, document, added, active FROM endorsement " +
                                     where + " ORDER BY seq"));
  std::vector<Endorsement> list;
  for (const SqlRow& columns : found.rows) {
    SqlReader row(columns);
    Endorsement e;
    e.digest = row.blob();
    e.type = row.text();
    e.document = row.blob();
    e.added = time_of(row.integer());
    e.active = row.integer() != 0;
    SEATLS_CHECK(row.done());
    list.push_back(std::move(e));
  }
  return list;
}

struct NewestPolicy {
  unsigned version = 0;
  std::string text;
};

Result<NewestPolicy> newest_policy(SqlConnection& c, const std::string& policy) {
  SEATLS_TRY(
      const auto found,
      c.run("SELECT version, body FROM policy WHERE name = $1 ORDER BY version DESC LIMIT 1", {policy}));
  if (found.rows.empty()) return NewestPolicy{};
  SqlReader row(found.rows.front());
  NewestPolicy newest{static_cast<unsigned>(row.integer()), row.text()};
  SEATLS_CHECK(row.done());
  return newest;
}

}  // namespace

Result<unsigned> SqlStore::add_policy(const std::string& name, const std::string& text, Time now) {
  SEATLS_CHECK(check_policy(name, text));
  return write<unsigned>([&](SqlConnection& c) -> Result<unsigned> {
    SEATLS_CHECK(hold_judging(c));
    SEATLS_TRY(const NewestPolicy newest, newest_policy(c, name));
    if (newest.version != 0 && newest.text == text) return newest.version;
    const unsigned version = newest.version + 1;
    SEATLS_TRY(const auto added,
               c.run("INSERT INTO policy (name, version, body, added) VALUES ($1, $2, $3, $4)",
                     {name, static_cast<std::int64_t>(version), text, seconds(now)}));
    if (added.changed != 1) return Error{Code::io, "the policy was not kept", "store"};
    SEATLS_CHECK(note_change(c));
    return version;
  });
}

Result<bool> SqlStore::activate_policy(const std::string& name, unsigned version, Time now) {
  if (!storable(name)) return false;
  return write<bool>([&](SqlConnection& c) -> Result<bool> {
    SEATLS_CHECK(hold_judging(c));
    SEATLS_TRY(const NewestPolicy newest, newest_policy(c, name));
    if (newest.version == 0 || version > newest.version) return false;
    SEATLS_TRY(const auto last, last_activation(c, name));
    if ((last ? last->version : 0) == static_cast<std::int64_t>(version)) return true;
    SEATLS_CHECK(log_activation(c, name, version, last ? std::optional(last->line) : std::nullopt, now));
    return true;
  });
}

Result<std::optional<unsigned>> SqlStore::roll_back_policy(const std::string& name, Time now) {
  using Version = std::optional<unsigned>;
  if (!storable(name)) return Version();
  return write<Version>([&](SqlConnection& c) -> Result<Version> {
    SEATLS_CHECK(hold_judging(c));
    SEATLS_TRY(const auto last, last_activation(c, name));
    if (!last || !last->before) return Version();
    SEATLS_TRY(const auto found,
               c.run("SELECT seq, version, before FROM activation WHERE seq = $1", {*last->before}));
    SEATLS_TRY(const auto target, read_activation(found));
    if (!target) return Error{Code::io, "the log of activations has a gap", "store"};
    SEATLS_CHECK(log_activation(c, name, target->version, target->before, now));
    return Version(static_cast<unsigned>(target->version));
  });
}

Result<std::vector<PolicyVersion>> SqlStore::policies() {
  return read<std::vector<PolicyVersion>>([](SqlConnection& c) { return list_policies(c, ""); });
}

Result<void> SqlStore::add_endorsement(const Endorsement& endorsement) {
  SEATLS_CHECK(check_endorsement(endorsement));
  return database_->write([&](SqlConnection& c) -> Result<void> {
    SEATLS_CHECK(hold_judging(c));
    SEATLS_TRY(
        const auto added,
        c.run("INSERT INTO endorsement (digest, type, document, added, active) VALUES ($1, $2, $3, $4, $5) "
              "ON CONFLICT DO NOTHING",
              {endorsement.digest, endorsement.type, endorsement.document, seconds(endorsement.added),
               static_cast<std::int64_t>(endorsement.active)}));
    if (added.changed == 1) return note_change(c);
    if (!endorsement.active) return {};
    SEATLS_TRY(const auto again, c.run("UPDATE endorsement SET active = 1 WHERE digest = $1 AND active = 0",
                                       {endorsement.digest}));
    return again.changed == 1 ? note_change(c) : Result<void>();
  });
}

Result<bool> SqlStore::activate_endorsement(ByteView digest, bool active) {
  const std::int64_t wanted = active ? 1 : 0;
  return write<bool>([&](SqlConnection& c) -> Result<bool> {
    SEATLS_CHECK(hold_judging(c));
    SEATLS_TRY(const auto changed,
               c.run("UPDATE endorsement SET active = $1 WHERE digest = $2 AND active <> $1",
                     {wanted, bytes(digest)}));
    if (changed.changed == 1) {
      SEATLS_CHECK(note_change(c));
      return true;
    }
    SEATLS_TRY(const auto known, c.run("SELECT active FROM endorsement WHERE digest = $1", {bytes(digest)}));
    return !known.rows.empty();
  });
}

Result<std::vector<Endorsement>> SqlStore::endorsements() {
  return read<std::vector<Endorsement>>([](SqlConnection& c) { return list_endorsements(c, ""); });
}

Result<Store::Judging> SqlStore::judging() {
  return snapshot<Judging>([](SqlConnection& c) -> Result<Judging> {
    SEATLS_TRY(const auto found, c.run("SELECT revision FROM judging"));
    SqlReader row(found.rows.at(0));
    Judging now;
    now.revision = static_cast<std::uint64_t>(row.integer());
    SEATLS_CHECK(row.done());
    SEATLS_TRY(now.policies, list_policies(c, "WHERE active = 1"));
    SEATLS_TRY(now.endorsements, list_endorsements(c, "WHERE active = 1"));
    return now;
  });
}

Result<void> SqlStore::publish_key(const PublishedKey& key) {
  SEATLS_CHECK(check_key(key));
  return database_->write_idempotent([&](SqlConnection& c) -> Result<void> {
    SEATLS_TRY(
        const auto published,
        c.run("INSERT INTO signing_key (id, jwk, until) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET "
              "until = CASE WHEN signing_key.until < excluded.until THEN excluded.until "
              "ELSE signing_key.until END",
              {key.id, key.jwk, seconds(key.until)}));
    return published.changed == 1 ? Result<void>()
                                  : Result<void>(Error{Code::io, "the key was not published", "store"});
  });
}

Result<std::vector<PublishedKey>> SqlStore::keys(Time now) {
  return read<std::vector<PublishedKey>>([&](SqlConnection& c) -> Result<std::vector<PublishedKey>> {
    SEATLS_TRY(
        const auto found,
        c.run("SELECT id, jwk, until FROM signing_key WHERE until >= $1 ORDER BY seq", {seconds(now)}));
    std::vector<PublishedKey> list;
    for (const SqlRow& columns : found.rows) {
      SqlReader row(columns);
      PublishedKey key;
      key.id = row.text();
      key.jwk = row.text();
      key.until = time_of(row.integer());
      SEATLS_CHECK(row.done());
      list.push_back(std::move(key));
    }
    return list;
  });
}

}  // namespace seatls::service
