// What happens around each call that drives a connection or moves its data.
#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string>

#include "preload/library/cover.h"
#include "seatls/error.h"

namespace seatls::preload {

// Watch is the state of one SSL. It is used by the thread that uses the SSL.
struct Watch {
  MessageCallback message = nullptr;  // the program's own
  bool told = false;                  // what became of the handshake
  bool open = false;                  // it satisfied the configuration
};
// watch_of returns the state, made on first contact; null when memory is out.
[[nodiscard]] Watch* watch_of(SSL* ssl);

// before is called ahead of any call that may begin a handshake or move data. False: the call must not be
// made.
[[nodiscard]] bool before(SSL* ssl);
// after is called behind it. False: nothing that the call brought may be given to the program.
[[nodiscard]] bool after(SSL* ssl);

// forward_message calls the program's own message callback.
void forward_message(int sent, int version, int content_type, const void* data, size_t length, SSL* ssl,
                     void* arg);

[[nodiscard]] std::string address_of(const SSL* ssl);

}  // namespace seatls::preload
