// A Store over a SqlDatabase: the statements, and what makes them safe beside each other, are the same in
// SQLite and in PostgreSQL.
#pragma once

#include <memory>

#include "service/sql.h"
#include "service/store.h"

namespace seatls::service {

class SqlStore final : public Store {
 public:
  SqlStore(std::unique_ptr<SqlDatabase> database, StoreLimits limits)
      : database_(std::move(database)), limits_(limits) {}

  Result<Opened> open_session(const Session& session, Time now) override;
  Result<std::optional<Session>> find_session(const std::string& id, Time now) override;
  Result<Claim> claim_session(const std::string& id, const Evidence& evidence, Time now) override;
  Result<void> complete_session(const std::string& id, const std::string& result,
                                const Verdict& verdict) override;
  Result<void> fail_session(const std::string& id) override;
  Result<bool> delete_session(const std::string& id, Time now) override;
  Result<std::size_t> sweep(Time now) override;
  Result<std::size_t> open_sessions(Time now) override;
  Result<std::vector<Verdict>> verdicts(std::size_t most) override;

  Result<unsigned> add_policy(const std::string& name, const std::string& text, Time now) override;
  Result<bool> activate_policy(const std::string& name, unsigned version, Time now) override;
  Result<std::optional<unsigned>> roll_back_policy(const std::string& name, Time now) override;
  Result<std::vector<PolicyVersion>> policies() override;
  Result<void> add_endorsement(const Endorsement& endorsement) override;
  Result<bool> activate_endorsement(ByteView digest, bool active) override;
  Result<std::vector<Endorsement>> endorsements() override;
  Result<Judging> judging() override;
  Result<void> publish_key(const PublishedKey& key) override;
  Result<std::vector<PublishedKey>> keys(Time now) override;

  void watch(std::function<void()> changed) override { database_->watch(std::move(changed)); }
  Result<void> check() override;
  std::string description() const override { return database_->description(); }

  // Tally is how many rows there are, or how many more.
  struct Tally {
    std::int64_t sessions = 0;
    std::int64_t nonces = 0;
  };

 private:
  // read, snapshot and write return what the last run of `body` (a Result<T>) returned.
  template <class T>
  Result<T> read(const std::function<Result<T>(SqlConnection&)>& body) {
    return returned<T>(&SqlDatabase::read, body);
  }
  template <class T>
  Result<T> snapshot(const std::function<Result<T>(SqlConnection&)>& body) {
    return returned<T>(&SqlDatabase::snapshot, body);
  }
  template <class T>
  Result<T> write(const std::function<Result<T>(SqlConnection&)>& body) {
    return returned<T>(&SqlDatabase::write, body);
  }
  template <class T>
  Result<T> returned(Result<void> (SqlDatabase::*how)(const SqlDatabase::Body&),
                     const std::function<Result<T>(SqlConnection&)>& body) {
    std::optional<T> value;
    SEATLS_CHECK((database_.get()->*how)([&](SqlConnection& c) -> Result<void> {
      value.reset();
      SEATLS_TRY(value, body(c));
      return {};
    }));
    return std::move(*value);
  }

  [[nodiscard]] Result<bool> has_room(SqlConnection& c, Time now, Tally& change) const;
  [[nodiscard]] Result<Opened> open_in(SqlConnection& c, const Session& session, Time now,
                                       Tally& change) const;

  std::unique_ptr<SqlDatabase> database_;
  const StoreLimits limits_;
};

}  // namespace seatls::service
