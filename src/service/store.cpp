#include "service/store.h"

#include "service/memory_store.h"
#include "service/postgres_database.h"
#include "service/sql_store.h"
#include "service/sqlite_database.h"

namespace seatls::service {
namespace {

Result<std::shared_ptr<Store>> over(std::unique_ptr<SqlDatabase> database, const SqlSchema& schema,
                                    StoreLimits limits) {
  if (auto migrated = migrate(*database, schema); !migrated) {
    return std::move(migrated).error().in(database->description());
  }
  return std::shared_ptr<Store>(std::make_shared<SqlStore>(std::move(database), limits));
}

}  // namespace

Result<std::shared_ptr<Store>> open_store(const std::string& address, StoreLimits limits) {
  if (address == "memory:") return open_memory_store(limits);
  if (address.starts_with("sqlite:")) {
    SEATLS_TRY(auto database, open_sqlite(address.substr(7)));
    return over(std::move(database), sqlite_schema(), limits);
  }
  if (address.starts_with("postgresql://") || address.starts_with("postgres://")) {
    SEATLS_TRY(auto database, open_postgres(address));
    return over(std::move(database), postgres_schema(), limits);
  }
  // An address may hold a password: it is not repeated.
  return Error{Code::configuration, "a store is \"memory:\", \"sqlite:FILE\" or \"postgresql://…\"", "store"};
}

}  // namespace seatls::service
