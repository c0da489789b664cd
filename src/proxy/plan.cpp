#include "proxy/plan.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <map>

namespace seatls::proxy {
namespace {

using Context = std::shared_ptr<ssl_ctx_st>;

// Contexts makes one TLS context for each endpoint, however many listeners play it.
class Contexts {
 public:
  Contexts(std::shared_ptr<Metrics> metrics, bool tickets)
      : metrics_(std::move(metrics)), tickets_(tickets) {}

  Result<Context> of(const std::shared_ptr<LoadedConfig>& endpoint) {
    if (const auto found = made_.find(endpoint.get()); found != made_.end()) return found->second;
    auto& config = endpoint->config;
    if (config.attester) config.attester = Metrics::counting(config.attester, metrics_);
    if (config.require && config.require->verifier)
      config.require->verifier = Metrics::counting(config.require->verifier, metrics_);
    SEATLS_TRY(auto* const context, openssl::make_context(*endpoint));
    if (!tickets_) SSL_CTX_set_num_tickets(context, 0);
    return made_.emplace(endpoint.get(), Context(context, SSL_CTX_free)).first->second;
  }

 private:
  const std::shared_ptr<Metrics> metrics_;
  const bool tickets_;
  std::map<const LoadedConfig*, Context> made_;
};

}  // namespace

bool Site::reads_names() const { return routes.size() > 1 || !routes.front().listener.sni.empty(); }

const Route* Site::route_for(const std::string& name) const {
  // An exact name goes before a pattern, and both before a listener for any name.
  const Route* pattern = nullptr;
  const Route* any = nullptr;
  for (const auto& route : routes) {
    if (route.listener.sni.empty()) any = &route;
    for (const auto& wanted : route.listener.sni) {
      if (name.empty() || !config::matches_name(wanted, name)) continue;
      if (!wanted.starts_with("*.")) return &route;
      pattern = &route;
    }
  }
  return pattern != nullptr ? pattern : any;
}

Result<Plan> make_plan(config::ProxySettings settings, const std::shared_ptr<Metrics>& metrics) {
  Plan plan;
  Contexts contexts(metrics, settings.tickets);
  std::vector<std::shared_ptr<Site>> sites;
  for (const auto& listener : settings.listeners) {
    SEATLS_TRY(auto context, contexts.of(listener.endpoint));
    const auto& endpoint = *listener.endpoint;
    Route route{listener,
                {std::move(context), endpoint.channel, endpoint.demands_channel()},
                endpoint.config.role == Role::client ? endpoint.name : ""};
    const auto& at = listener.listen;
    const bool any_port = at.kind == config::SocketAddress::Kind::tcp && at.tcp.port == "0";
    const auto same = std::ranges::find_if(
        sites, [&](const auto& site) { return !any_port && site->address.text() == at.text(); });
    if (same != sites.end()) {
      (*same)->routes.push_back(std::move(route));
      continue;
    }
    sites.push_back(std::make_shared<Site>());
    sites.back()->address = at;
    sites.back()->routes.push_back(std::move(route));
  }
  for (auto& site : sites) {
    site->limits = settings;
    plan.sites.push_back(std::move(site));
  }
  plan.settings = std::move(settings);
  return plan;
}

}  // namespace seatls::proxy
