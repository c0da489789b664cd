// HTTP mode: HTTP/1.1, a rule per route.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "config/proxy_routes.h"
#include "proxy/filter.h"

namespace seatls::proxy {

// What the relay knows of a connection.
struct HttpConnection {
  Role role = Role::server;  // of this end of TLS: the server's peer asks, the client's peer answers
  std::string peer_address;  // "192.0.2.1"; empty where there is none, as with a Unix socket
};

// make_http_filter lets requests pass as `rules` say. Nothing of a request goes on before its head was judged
// and its route's demand was met; nothing at all before the first verdict.
[[nodiscard]] std::unique_ptr<Filter> make_http_filter(std::shared_ptr<const config::HttpRules> rules,
                                                       HttpConnection connection,
                                                       base::Clock now = base::system_clock());

}  // namespace seatls::proxy
