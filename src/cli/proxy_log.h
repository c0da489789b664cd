// What `seatls proxy` tells of its connections: a line each for people, or an object each with --json.
#pragma once

#include "cli/console.h"
#include "proxy/session.h"

namespace seatls::cli {

// proxy_events tells it to a console, which outlives them.
[[nodiscard]] proxy::ProxyEvents proxy_events(const Console& console);

}  // namespace seatls::cli
