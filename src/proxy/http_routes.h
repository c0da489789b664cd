// Which route a request takes.
#pragma once

#include <string_view>

#include "config/proxy_routes.h"

namespace seatls::proxy {

struct RouteMatch {
  const config::HttpRoute* route = nullptr;  // none: the request fits no route
  // An earlier route fits if letters' case and a slash at the end are ignored, as some applications do. Then
  // nobody can tell from here which rule the request would escape: it is refused.
  const config::HttpRoute* nearly = nullptr;
};
[[nodiscard]] RouteMatch find_route(const config::HttpRules& rules, std::string_view method,
                                    std::string_view path);

}  // namespace seatls::proxy
