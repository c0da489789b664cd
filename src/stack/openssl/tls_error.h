// Errors of OpenSSL, told in the terms of the one table of errors.
#pragma once

#include "seatls/config.h"
#include "seatls/error.h"

struct ssl_st;

namespace seatls::openssl {

// error_of_queue returns what the last entry of the thread's error queue amounts to, or why a Signer
// could not sign.
[[nodiscard]] Error error_of_queue(const Config& config);

// error_of_call does the same for a call on `ssl` that returned `result`. Errors: closed, network too.
[[nodiscard]] Error error_of_call(const Config& config, const ssl_st* ssl, int result);

[[nodiscard]] Error refused_by_peer(int alert);

}  // namespace seatls::openssl
