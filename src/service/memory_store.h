// The store of one process: gone with it. For tests, and for a verifier that is asked by its own process
// alone.
#pragma once

#include <memory>

#include "service/store.h"

namespace seatls::service {

[[nodiscard]] std::shared_ptr<Store> open_memory_store(StoreLimits limits);

}  // namespace seatls::service
