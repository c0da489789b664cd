// Errors of BoringSSL, told in the terms of the one table of errors.
#pragma once

#include "seatls/config.h"
#include "seatls/error.h"

namespace seatls::boringssl {

// error_of_queue returns what the last entry of the thread's error queue amounts to.
[[nodiscard]] Error error_of_queue(const Config& config);

}  // namespace seatls::boringssl
