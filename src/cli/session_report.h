// What is told of one connection: the contract of `--json` of connect and serve.
#pragma once

#include <optional>
#include <string>

#include "cli/console.h"
#include "cli/stream.h"
#include "seatls/error.h"
#include "seatls/result.h"
#include "seatls/scheme.h"

namespace seatls::cli {

// scheme_label names a scheme as policies do: "tpm2", "result of verifier.example".
[[nodiscard]] std::string scheme_label(const AttestationScheme& scheme);

// attested_peer is what holds of the peer now: of the last authenticator, else of the handshake. Null: it is
// not attested.
[[nodiscard]] const AttestedPeer* attested_peer(const Stream& stream);

// report_node: {"peer":{…},"self":{…},"tls":{…}}.
[[nodiscard]] Node report_node(const Stream& stream);
// result_node is a verdict by itself: {"verdict","scheme",…,"claims","reasons"}.
[[nodiscard]] Node result_node(const AttestationResult& result);

// report_lines tells the same to people, in a few lines.
[[nodiscard]] std::string report_lines(const Console& console, const Stream& stream);
// report_line tells it in one, for a log.
[[nodiscard]] std::string report_line(const Stream& stream);

}  // namespace seatls::cli
