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

// Known is what a connection knows of its peer: from the handshake, and from attestation after it (null where
// the connection has none).
struct Known {
  Known(const Stream& stream) : session(stream.connection().report()), after(stream.attestation()) {}
  Known(const SessionReport& s, const reattest::Report* a) : session(s), after(a) {}
  const SessionReport& session;
  const reattest::Report* after;
};

// attested_peer is what holds of the peer now: of the last authenticator, else of the handshake. Null: it is
// not attested.
[[nodiscard]] const AttestedPeer* attested_peer(const Known& known);

// peer_node is {"attested","verdict","scheme",…}.
[[nodiscard]] Node peer_node(const Known& known);

// report_node: {"peer":{…},"self":{…},"tls":{…}}.
[[nodiscard]] Node report_node(const Stream& stream);
// result_node is a verdict by itself: {"verdict","scheme",…,"claims","reasons"}.
[[nodiscard]] Node result_node(const AttestationResult& result);

// report_lines tells the same to people, in a few lines.
[[nodiscard]] std::string report_lines(const Console& console, const Stream& stream);
// report_line tells it in one, for a log.
[[nodiscard]] std::string report_line(const Known& known);

}  // namespace seatls::cli
