// What the machine around a service asks it: whether it lives, whether to send it requests, and its figures.
// Plain HTTP, on an address of its own that clients do not reach.
#pragma once

#include <functional>

#include "service/api.h"

namespace seatls::service {

// operations answers GET /live, /ready and /metrics. `stopping`: whether the service is being drained.
[[nodiscard]] std::function<void(Request, Api::Done)> operations(const Api& api,
                                                                 std::function<bool()> stopping);

}  // namespace seatls::service
