#include "proxy/http_routes.h"

#include <algorithm>

#include "proxy/http_message.h"

namespace seatls::proxy {
namespace {

using config::HttpRoute;

bool fits(const HttpRoute& route, std::string_view method, std::string_view path) {
  const bool here = path == route.path;
  const bool below = route.below && path.starts_with(route.path) &&
                     (route.path.ends_with('/') || path.substr(route.path.size()).starts_with('/'));
  if (!here && !below) return false;
  return route.methods.empty() || std::ranges::any_of(route.methods, [&](const std::string& m) {
           return m == method || (m == "GET" && method == "HEAD");
         });
}

std::string_view without_slash(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

bool nearly_fits(const HttpRoute& route, std::string_view method, std::string_view path) {
  HttpRoute folded;
  folded.path = lower(without_slash(route.path));
  folded.below = route.below;
  for (const auto& m : route.methods) folded.methods.push_back(m);
  std::string upper(method);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  return fits(folded, upper, lower(without_slash(path)));
}

}  // namespace

RouteMatch find_route(const config::HttpRules& rules, std::string_view method, std::string_view path) {
  for (const auto& route : rules.routes) {
    if (fits(route, method, path)) return {&route, nullptr};
    if (nearly_fits(route, method, path)) return {nullptr, &route};
  }
  return {};
}

}  // namespace seatls::proxy
