// What the machine around a service or a proxy asks it: whether it lives, whether to send it work, and its
// figures. Plain HTTP, on an address of its own that clients do not reach.
#pragma once

#include <functional>
#include <string>

#include "service/api.h"

namespace seatls::service {

struct Operations {
  std::function<std::string()> why_not_ready;  // why what comes would be refused; empty: it would not
  std::function<std::string()> metrics;
};
// operations answers GET /live, /ready and /metrics.
[[nodiscard]] std::function<void(Request, Api::Done)> operations(Operations about);

// operations_of is what a service says of itself. `stopping`: whether it is being drained.
[[nodiscard]] Operations operations_of(const Api& api, std::function<bool()> stopping);

}  // namespace seatls::service
