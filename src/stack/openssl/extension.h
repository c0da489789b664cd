// The callbacks of the remoteAttestation extension in its four places.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>

namespace seatls::openssl {

// add_extension registers the extension with `ctx`; false when `type` is taken or one of OpenSSL's.
[[nodiscard]] bool add_extension(SSL_CTX* ctx, std::uint16_t type);

}  // namespace seatls::openssl
