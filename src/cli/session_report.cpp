#include "cli/session_report.h"

#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/encoding.h"

namespace seatls::cli {
namespace {

Node strings(const std::vector<std::string>& list) {
  Node out = Node::array();
  for (const auto& s : list) out.add(s);
  return out;
}

std::string scheme_name(const AttestationScheme& scheme) {
  return scheme.is_result() ? "result" : scheme_label(scheme);
}

Node reasons_node(const ResultParts& result) {
  Node list = Node::array();
  for (const auto& r : result.reasons)
    list.add(Node::object()
                 .set("code", name(r.code))
                 .set("path", r.path)
                 .set("detail", r.detail)
                 .set("fatal", r.fatal));
  return list;
}

std::vector<std::string> dangers_of(const Known& known) {
  auto list = known.session.dangers;
  if (const auto* peer = attested_peer(known))
    for (const auto& d : peer->result()->dangers)
      if (std::find(list.begin(), list.end(), d) == list.end()) list.push_back(d);
  return list;
}

// timing_of tells which attestations the verdict rests on.
const char* timing_of(const Known& known) {
  const auto* after = known.after;
  const bool before = known.session.peer.has_value();
  if (after == nullptr || after->attested == 0) return before ? "intra" : nullptr;
  return before ? "hybrid" : "post";
}

// The time of day at which the peer is asked again.
Node due_of(const Known& known) {
  const auto* after = known.after;
  if (after == nullptr || !after->due) return {};
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(*after->due - Stream::Clock::now());
  return base::to_rfc3339(base::system_clock()() + left);
}

Bytes binder_of(const Known& known) {
  const auto* after = known.after;
  if (after != nullptr && after->attested > 0) return after->latest->result()->binder;
  return known.session.peer_binder;
}

std::string group_name(SSL* ssl) {
  const int nid = static_cast<int>(SSL_get_negotiated_group(ssl));
  const char* found = SSL_group_to_name(ssl, nid);
  if (found == nullptr && (nid & TLSEXT_nid_unknown) == 0) found = OBJ_nid2sn(nid);
  return found != nullptr ? found : std::to_string(nid);
}

std::string requirement_text(Requirement r) {
  return r == Requirement::required ? "required" : r == Requirement::optional ? "optional" : "off";
}

}  // namespace

std::string scheme_label(const AttestationScheme& scheme) {
  if (const auto* type = std::get_if<EvidenceType>(&scheme.argument))
    if (const auto known = SchemeTable::defaults().name_of(*type)) return *known;
  return describe(scheme);
}

const AttestedPeer* attested_peer(const Known& known) {
  if (known.after != nullptr && known.after->latest) return &*known.after->latest;
  return known.session.peer ? &*known.session.peer : nullptr;
}

Node peer_node(const Known& known) {
  const auto& report = known.session;
  const AttestedPeer* attested = attested_peer(known);
  const auto* after = known.after;
  const char* timing = timing_of(known);
  Node peer = Node::object();
  peer.set("attested", attested != nullptr);
  peer.set("verdict", attested != nullptr ? name(attested->result().tier()) : "none");
  peer.set("scheme", attested == nullptr  ? Node()
                     : report.peer_scheme ? Node(scheme_name(*report.peer_scheme))
                                          : Node(attested->result()->scheme));
  peer.set("timing", timing != nullptr ? Node(timing) : Node());
  peer.set("model", attested != nullptr ? Node(name(attested->result()->model)) : Node());
  peer.set("binder", attested != nullptr ? Node(base::to_hex(binder_of(known))) : Node());
  if (attested != nullptr) {
    const auto& result = *attested->result();
    peer.set("tee", result.scheme);
    Node claims = Node::object();
    for (const auto& [claim, value] : result.claims) claims.set(claim, value);
    peer.set("claims", std::move(claims));
    peer.set("appraised_at", base::to_rfc3339(result.appraised_at));
    peer.set("valid_until", result.valid_until ? Node(base::to_rfc3339(*result.valid_until)) : Node());
    peer.set("key", name(result.key))
        .set("policy", policies_of(result))
        .set("instance", strings(result.instance));
  } else {
    for (const char* key : {"tee", "claims", "appraised_at", "valid_until", "key", "policy", "instance"})
      peer.set(key, std::string_view(key) == "claims" ? Node::object() : Node());
  }
  peer.set("standing", after != nullptr ? Node(name(after->standing)) : Node());
  peer.set("attested_again", after != nullptr ? static_cast<std::int64_t>(after->attested) : 0);
  peer.set("next_due", due_of(known));
  peer.set("identity", Node::object().set("pki", report.pki_verified).set("name", report.peer_name));
  peer.set("reasons", attested != nullptr ? reasons_node(*attested->result()) : Node::array());
  peer.set("dangers", strings(dangers_of(known)));
  return peer;
}

Node report_node(const Stream& stream) {
  const auto& report = stream.connection().report();
  SSL* ssl = stream.connection().native();
  Node node;
  node.set("peer", peer_node(stream));
  node.set("self", Node::object()
                       .set("role", report.role == Role::server ? "server" : "client")
                       .set("attested", report.self_attested)
                       .set("scheme", report.self_scheme ? Node(scheme_name(*report.self_scheme)) : Node())
                       .set("binder", report.self_attested ? Node(base::to_hex(report.self_binder)) : Node())
                       .set("requires", requirement_text(report.requirement)));
  node.set("tls", Node::object()
                      .set("version", SSL_get_version(ssl))
                      .set("cipher", SSL_get_cipher_name(ssl))
                      .set("group", group_name(ssl))
                      .set("resumed", report.resumed));
  return node;
}

Node result_node(const AttestationResult& result) {
  Node claims = Node::object();
  for (const auto& [claim, value] : result->claims) claims.set(claim, value);
  Node vector = Node::object();
  for (std::size_t i = 0; i < trust_claim_count; ++i) {
    const auto claim = static_cast<TrustClaim>(i);
    if (result->vector[claim] != 0) vector.set(std::string(name(claim)), int{result->vector[claim]});
  }
  return Node::object()
      .set("verdict", name(result.tier()))
      .set("scheme", result->scheme)
      .set("model", name(result->model))
      .set("binder", base::to_hex(result->binder))
      .set("key", name(result->key))
      .set("trust_vector", std::move(vector))
      .set("claims", std::move(claims))
      .set("instance", strings(result->instance))
      .set("policy", policies_of(*result))
      .set("appraised_at", base::to_rfc3339(result->appraised_at))
      .set("valid_until", result->valid_until ? Node(base::to_rfc3339(*result->valid_until)) : Node())
      .set("reasons", reasons_node(*result))
      .set("dangers", strings(result->dangers));
}

std::string report_lines(const Console& console, const Stream& stream) {
  const auto& report = stream.connection().report();
  const AttestedPeer* attested = attested_peer(stream);
  SSL* ssl = stream.connection().native();
  const auto label = [&](const char* text) { return console.styled_note(Console::Style::dim, text); };
  std::string out = label("tls       ") + SSL_get_version(ssl) + "  " + SSL_get_cipher_name(ssl) + "  " +
                    group_name(ssl) + "\n";
  out += label("identity  ") + (report.peer_name.empty() ? std::string("no name") : report.peer_name) +
         (report.pki_verified ? "  (certificate verified)" : "  (no verified certificate)") + "\n";
  if (attested != nullptr) {
    const auto& result = attested->result();
    const bool good = result.tier() == Tier::affirming;
    out += label("verdict   ") +
           console.styled_note(good ? Console::Style::good : Console::Style::bold, name(result.tier())) +
           "  by policy " + policies_of(*result) + "\n";
    out += label("evidence  ") + result->scheme + ", " + std::string(name(result->model)) + ", key " +
           std::string(name(result->key)) + "\n";
    out += label("timing    ") + timing_of(stream);
    if (const auto* after = stream.attestation(); after != nullptr && after->attested > 0)
      out += ", attested again " + std::to_string(after->attested) + "x";
    if (const auto due = due_of(stream); !due.is_null()) out += ", next at " + due.scalar_text();
    out += "\n";
    out += label("binder    ") + base::to_hex(binder_of(stream)) + "\n";
    for (const auto& [claim, value] : result->claims)
      out += label("  claim   ") + claim + " = " + value + "\n";
    for (const auto& reason : result->reasons)
      out += label("  note    ") + std::string(name(reason.code)) + ": " + reason.detail + "\n";
  } else {
    out += label("verdict   ") + console.styled_note(Console::Style::bold, "none") +
           "  the peer is not attested (" + requirement_text(report.requirement) + ")\n";
  }
  if (report.self_attested)
    out += label("self      ") + "attested with " + scheme_name(*report.self_scheme) + "\n";
  for (const auto& d : dangers_of(stream))
    out += label("danger    ") + console.styled_note(Console::Style::bad, d) + "\n";
  if (!out.empty()) out.pop_back();
  return out;
}

std::string report_line(const Known& known) {
  const auto& report = known.session;
  const AttestedPeer* attested = attested_peer(known);
  std::string out = "peer not attested";
  if (attested != nullptr)
    out = "peer attested, " + std::string(name(attested->result().tier())) + " (" +
          attested->result()->scheme + ", " + timing_of(known) + ")";
  if (report.pki_verified) out += ", name " + report.peer_name;
  out += report.self_attested ? "; self attested with " + scheme_name(*report.self_scheme)
                              : "; self not attested";
  for (const auto& d : dangers_of(known)) out += "; danger " + d;
  return out;
}

}  // namespace seatls::cli
