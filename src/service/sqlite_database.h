// SQLite, the store of one machine: a file.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "service/sql.h"

namespace seatls::service {

// `patience` is how long a transaction waits for those of other processes.
[[nodiscard]] Result<std::unique_ptr<SqlDatabase>> open_sqlite(
    const std::string& file, std::chrono::milliseconds patience = std::chrono::seconds(5));

[[nodiscard]] SqlSchema sqlite_schema();

}  // namespace seatls::service
