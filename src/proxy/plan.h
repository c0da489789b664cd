// Plan: a configuration, opened and ready for connections. It never changes: a new configuration is a new
// plan, and a connection keeps the one that it began with.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/proxy.h"
#include "proxy/attested.h"
#include "proxy/metrics.h"

namespace seatls::proxy {

// Route is one [[proxy.listener]].
struct Route {
  config::ProxyListener listener;
  Attested::Rules rules;
  std::string server_name;  // a client's: that the certificate must have; empty: the target's
};

// Site is an address with all of its routes.
struct Site {
  config::SocketAddress address;
  std::vector<Route> routes;
  config::ProxySettings limits;

  // reads_names: the route depends on the name that the ClientHello asks for.
  [[nodiscard]] bool reads_names() const;
  [[nodiscard]] const Route* route_for(const std::string& name) const;  // null: nobody's
};

struct Plan {
  config::ProxySettings settings;
  std::vector<std::shared_ptr<const Site>> sites;
};

// make_plan opens what the settings name. Verdicts and evidence are counted in `metrics`. Errors:
// configuration, crypto.
[[nodiscard]] Result<Plan> make_plan(config::ProxySettings settings, const std::shared_ptr<Metrics>& metrics);

}  // namespace seatls::proxy
