// The verify callback: the peer's credential is judged first, then its certificate chain and name.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>

namespace seatls::boringssl {

[[nodiscard]] ssl_verify_result_t on_verify(SSL* ssl, std::uint8_t* alert);

}  // namespace seatls::boringssl
