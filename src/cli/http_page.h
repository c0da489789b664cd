// The page that `serve --http` shows: what this connection is.
#pragma once

#include <optional>
#include <string>

#include "cli/stream.h"

namespace seatls::cli {

// http_answer returns the answer once `request` is complete: a page, or JSON for /report.json.
// Nothing while more must come.
[[nodiscard]] std::optional<std::string> http_answer(const std::string& request, const Stream& stream);

}  // namespace seatls::cli
