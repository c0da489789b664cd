// What is told of one connection: the contract of `--json` of connect and serve.
#pragma once

#include <optional>
#include <string>

#include "cli/console.h"
#include "seatls/error.h"
#include "seatls/openssl.h"
#include "seatls/result.h"

namespace seatls::cli {

// report_node: {"peer":{…},"self":{…},"tls":{…}}.
[[nodiscard]] Node report_node(const openssl::Connection& connection);
// result_node is a verdict by itself: {"verdict","scheme",…,"claims","reasons"}.
[[nodiscard]] Node result_node(const AttestationResult& result);

// report_lines tells the same to people, in a few lines.
[[nodiscard]] std::string report_lines(const Console& console, const openssl::Connection& connection);
// report_line tells it in one, for a log.
[[nodiscard]] std::string report_line(const openssl::Connection& connection);

}  // namespace seatls::cli
