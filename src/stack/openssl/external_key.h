// The private key of a certificate, held by a Signer: external_key of seatls/openssl.h, and what the
// adapter needs besides.
#pragma once

#include <optional>

#include "seatls/error.h"

namespace seatls::openssl {

// take_signing_error returns why a signature could not be made, once, when the thread's OpenSSL error
// queue begins with that failure: libssl itself only says that the handshake failed.
[[nodiscard]] std::optional<Error> take_signing_error();

}  // namespace seatls::openssl
