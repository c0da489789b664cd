#include "proxy/http_request.h"

#include <algorithm>

#include "proxy/http_routes.h"

namespace seatls::proxy {
namespace {

Problem bad(std::string detail) { return {400, "malformed", std::move(detail)}; }

// A Connection field may name fields to be taken out, but none that others rely on.
bool may_be_named(std::string_view word) {
  const Field named(word, "");
  constexpr std::string_view kept[] = {"host", "content-length", "transfer-encoding", "connection"};
  return !is_ours(named) && !tells_origin(named) &&
         std::ranges::find(kept, named.canonical) == std::end(kept);
}

std::optional<Problem> check_connection(const Head& head) {
  for (const auto& field : head.fields) {
    if (field.canonical != "connection" && field.canonical != "proxy-connection") continue;
    for (const auto word : words_of(field.value))
      if (!may_be_named(word)) return bad("Connection names a field that is not of one connection");
  }
  return {};
}

std::optional<Problem> check_host_field(const Request& request) {
  if (request.head.count("host") != 1) return bad("a request has exactly one Host");
  if (!check_host(request.host)) return bad("Host is no name and no address");
  if (!request.target.authority.empty() && !equal_ignoring_case(request.target.authority, request.host))
    return bad("Host is another than the target's");
  return {};
}

}  // namespace

Problem problem_of(const Error& error) {
  switch (error.code) {
    case Code::limit_exceeded: return {431, "limit_exceeded", error.detail};
    case Code::protocol_version: return {505, "protocol_version", error.detail};
    case Code::unknown_value: return {501, "unknown_value", error.detail};
    default: return {400, "malformed", error.detail};
  }
}

std::variant<Request, Problem> judge_request(const HttpParser& parsed) {
  Request out;
  out.head = parsed.head();
  out.body = parsed.body();
  out.length = parsed.length();
  const Head& head = out.head;
  // In any case: some servers know methods by any.
  for (const std::string_view refused : {"CONNECT", "TRACE", "TRACK"})
    if (equal_ignoring_case(head.method, refused))
      return Problem{501, "method_refused", "this method does not pass the proxy"};
  auto target = parse_http_target(head.target);
  if (!target) return bad(target.error().detail);
  out.target = std::move(*target);
  out.host = std::string(head.value("host"));
  if (auto problem = check_host_field(out)) return *problem;
  if (auto problem = check_connection(head)) return *problem;
  if (const auto expect = head.value("expect"); head.count("expect") > 0) {
    if (head.count("expect") > 1 || !equal_ignoring_case(expect, "100-continue"))
      return Problem{417, "unknown_value", "the only expectation is 100-continue"};
    out.awaits_continue = !head.http_1_0;
  }
  out.close = head.http_1_0 || head.lists("connection", "close");
  // Another protocol than this one (h2c, above all) would carry requests past the routes.
  out.websocket = !head.http_1_0 && head.method == "GET" && out.body == BodyForm::none &&
                  head.lists("connection", "upgrade") && head.count("upgrade") == 1 &&
                  equal_ignoring_case(head.value("upgrade"), "websocket");
  return out;
}

std::variant<Admission, Problem> admit(const Request& request, const config::HttpRules& rules) {
  const bool by_method = std::ranges::any_of(rules.routes, [](const auto& r) { return !r.methods.empty(); });
  if (by_method)
    for (const std::string_view name : {"x-http-method-override", "x-http-method", "x-method-override"})
      if (request.head.count(name) > 0) return bad("a field names another method than the request's");
  const auto match = find_route(rules, request.head.method, request.target.path);
  if (match.nearly != nullptr)
    return Problem{403, "route_ambiguous",
                   "the request fits a route but for the case of letters or a slash at the end",
                   match.nearly->text()};
  if (match.route == nullptr) {
    if (rules.forward_others) return Admission{};
    return Problem{403, "no_route", "no route lets this request pass"};
  }
  if (match.route->deny) return Problem{403, "route_denied", "this route is closed", match.route->text()};
  return Admission{match.route};
}

namespace {

// append_origin says where the request came from, behind what the peer may have said before.
void append_origin(std::string& out, const Head& head, const config::HttpRules& rules, const Origin& origin) {
  if (!origin.from_peer || rules.forwarded == config::ForwardedHeaders::remove) return;
  std::string chain;
  if (rules.forwarded == config::ForwardedHeaders::append)
    for (const auto& field : head.fields)
      if (field.canonical == "x-forwarded-for") chain += (chain.empty() ? "" : ", ") + field.value;
  if (!origin.peer_address.empty()) chain += (chain.empty() ? "" : ", ") + origin.peer_address;
  if (!chain.empty()) append_field(out, "X-Forwarded-For", chain);
  if (rules.forwarded == config::ForwardedHeaders::replace || head.count("x-forwarded-proto") == 0)
    append_field(out, "X-Forwarded-Proto", "https");
}

}  // namespace

std::string written(const Request& request, const config::HttpRules& rules, const Origin& origin,
                    std::string_view verdict) {
  const Head& head = request.head;
  const bool keeps_origin = !origin.from_peer || rules.forwarded == config::ForwardedHeaders::append;
  std::string out = head.method + " " + request.target.sent + " HTTP/1.1\r\n";
  append_field(out, "Host", request.host);
  for (const auto& field : head.fields) {
    if (field.canonical == "host" || is_hop_by_hop(field) || is_ours(field)) continue;
    if (head.lists("connection", field.name) || head.lists("proxy-connection", field.name)) continue;
    if (tells_origin(field) && !keeps_origin) continue;
    if (diverts(field) && origin.from_peer) continue;
    if (field.canonical == "x-forwarded-for" && origin.from_peer) continue;
    if (field.canonical == "expect" && !request.awaits_continue) continue;
    append_field(out, field.name, field.value);
  }
  if (request.body == BodyForm::length) append_field(out, "Content-Length", std::to_string(request.length));
  if (request.body == BodyForm::chunked) append_field(out, "Transfer-Encoding", "chunked");
  if (request.websocket) {
    append_field(out, "Connection", "Upgrade");
    append_field(out, "Upgrade", "websocket");
  } else if (request.close) {
    append_field(out, "Connection", "close");
  }
  append_field(out, "Via", head.http_1_0 ? "1.0 seatls" : "1.1 seatls");
  append_origin(out, head, rules, origin);
  return out.append(verdict).append("\r\n");
}

}  // namespace seatls::proxy
