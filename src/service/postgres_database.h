// PostgreSQL, the store of a fleet.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "service/sql.h"

namespace seatls::service {

struct PostgresTimes {
  std::chrono::milliseconds answer{5'000};    // for one statement, and for a connection to be made
  std::chrono::milliseconds patience{2'000};  // so long a call tries again while the database is away
  std::chrono::milliseconds doubt{8'000};     // and so long while it is unknown what became of a commit
};

// open_postgres takes a libpq URI, and does not connect yet. Errors: configuration for what is no such URI.
[[nodiscard]] Result<std::unique_ptr<SqlDatabase>> open_postgres(const std::string& uri,
                                                                 PostgresTimes times = {});

[[nodiscard]] SqlSchema postgres_schema();

}  // namespace seatls::service
