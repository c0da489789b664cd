#include "cli/proxy_log.h"

#include "base/clock.h"
#include "cli/log.h"
#include "cli/session_report.h"

namespace seatls::cli {
namespace {

using proxy::Facts;

// An application reads the verdict in front of its data, within limits of its own (nginx: 4 KiB for the whole
// header).
constexpr std::size_t longest_verdict = 3072;

Node event_node(std::string_view event, const Facts& facts) {
  auto node = Node::object();
  node.set("event", event)
      .set("at", base::to_rfc3339(base::system_clock()()))
      .set("id", facts.id)
      .set("listener", facts.listener)
      .set("client", facts.client);
  if (!facts.to.empty()) node.set("to", facts.to);
  return node;
}

std::string head(const Facts& facts) { return facts.id + "  " + facts.client + "  "; }

std::string verdict_json(const SessionReport& session, const reattest::Report* report) {
  const Node whole = peer_node({session, report});
  auto json = whole.json();
  if (json.size() <= longest_verdict) return json;
  Node part = Node::object();
  for (const auto& [key, value] : *whole.members())
    part.set(key, key == "claims" || key == "reasons" ? Node() : value);
  json = part.json();
  return json.size() <= longest_verdict ? json : std::string();
}

}  // namespace

proxy::ProxyEvents proxy_events(const Console& console) {
  proxy::ProxyEvents events;
  const auto tell = [&console](std::string_view event, const Facts& facts, const SessionReport& session,
                               const reattest::Report* report) {
    const Known known(session, report);
    if (console.json())
      console.json_line(event_node(event, facts).set("peer", peer_node(known)));
    else
      console.line(head(facts) + std::string(event) + ": " + report_line(known));
  };
  events.accepted = [tell](const Facts& f, const SessionReport& s, const reattest::Report* r) {
    tell("accepted", f, s, r);
  };
  events.changed = [tell](const Facts& f, const SessionReport& s, const reattest::Report* r) {
    tell("changed", f, s, r);
  };
  events.refused = [&console](const Facts& facts, const Error& error) {
    if (console.json())
      console.json_line(event_node("refused", facts).set("error", to_node(error)));
    else
      console.line(head(facts) + "refused: " + error.message());
  };
  // What is wrong with a peer may name it: the log has the code, and more only where that is asked for.
  events.noticed = [](const Facts& facts, const Error& error) {
    log_info(facts.id + ": " + std::string(name(error.code)));
    log_debug(facts.id + ": " + error.message());
  };
  events.closed = [&console](const Facts& facts, const proxy::Traffic& traffic, const Error* why) {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(traffic.took).count();
    if (console.json()) {
      auto node = event_node("closed", facts);
      node.set("from_peer", static_cast<std::int64_t>(traffic.from_peer))
          .set("to_peer", static_cast<std::int64_t>(traffic.to_peer))
          .set("microseconds", std::int64_t{took});
      if (why != nullptr) node.set("error", to_node(*why));
      console.json_line(node);
    } else {
      console.line(head(facts) + "closed: " + std::to_string(traffic.from_peer) + " bytes from the peer, " +
                   std::to_string(traffic.to_peer) + " to it, " + std::to_string(took / 1000) + " ms" +
                   (why != nullptr ? "; " + why->message() : ""));
    }
  };
  events.verdict_json = verdict_json;
  return events;
}

}  // namespace seatls::cli
