// A request between its two connections: may it pass, and how it is written on.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "config/proxy_routes.h"
#include "proxy/http_message.h"
#include "proxy/http_parser.h"
#include "proxy/http_target.h"

namespace seatls::proxy {

// Request is one that HTTP allows. Whether the peer's attestation does is asked later.
struct Request {
  Head head;
  HttpTarget target;
  std::string host;
  BodyForm body = BodyForm::none;
  std::uint64_t length = 0;
  bool close = false;      // the client wants no further one
  bool websocket = false;  // it asks to go on as a WebSocket
  bool awaits_continue = false;
};

// problem_of says what is wrong with bytes that HttpParser refused.
[[nodiscard]] Problem problem_of(const Error& error);
[[nodiscard]] std::variant<Request, Problem> judge_request(const HttpParser& parsed);

// Admission: the route that lets a request pass. Without one, `otherwise` does.
struct Admission {
  const config::HttpRoute* route = nullptr;
};
[[nodiscard]] std::variant<Admission, Problem> admit(const Request& request, const config::HttpRules& rules);

// Origin is what the proxy tells of where a request came from.
struct Origin {
  bool from_peer = true;     // false: of the local program; then its own word stands
  std::string peer_address;  // "192.0.2.1"; empty: not known
};
// written is the head as it is sent on. `verdict` holds our own fields, as lines.
[[nodiscard]] std::string written(const Request& request, const config::HttpRules& rules,
                                  const Origin& origin, std::string_view verdict);

}  // namespace seatls::proxy
