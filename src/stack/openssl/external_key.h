// The private key of a certificate, held by a Signer: external_key of seatls/openssl.h, and what the
// adapter needs besides.
#pragma once

#include <optional>

#include "seatls/error.h"

namespace seatls::openssl {

// take_signing_error returns why the last signature on this thread could not be made, once. libssl
// itself only says that the handshake failed.
[[nodiscard]] std::optional<Error> take_signing_error();

}  // namespace seatls::openssl
