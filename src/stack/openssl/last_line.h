// The last line of defence: the info callback asks the protocol whether the handshake may stand, and
// cuts the connection off where it may not. It holds whatever the application does with its SSL.
#pragma once

#include <openssl/ssl.h>

namespace seatls::openssl {

// on_info chains to the callback that the application has set.
void on_info(const SSL* ssl, int where, int value);

}  // namespace seatls::openssl
