// The time that judgements are made at. Passed in, never read inside of the core.
#pragma once

#include <functional>
#include <string>

#include "seatls/error.h"
#include "seatls/result.h"

namespace seatls::base {

using Clock = std::function<Time()>;
[[nodiscard]] Clock system_clock();
[[nodiscard]] std::string to_rfc3339(Time t);                 // "2026-11-21T09:30:00Z"
[[nodiscard]] Result<Time> from_rfc3339(std::string_view s);  // UTC ("Z") only, whole seconds

}  // namespace seatls::base
