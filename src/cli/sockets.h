// TCP sockets, non-blocking, and who waits for them.
#pragma once

#include <chrono>
#include <string>

#include "base/descriptor.h"
#include "config/text.h"
#include "seatls/error.h"

namespace seatls::cli {

using Socket = base::Descriptor;

// connect_to tries every address of the name. Errors: network, timed_out.
[[nodiscard]] Result<Socket> connect_to(const config::HostPort& address, std::chrono::milliseconds limit);

// accept_from returns a connection, or none when nobody waits any more.
[[nodiscard]] Result<Socket> accept_from(const Socket& listener, std::string* peer);
[[nodiscard]] config::HostPort local_address(const Socket& socket);

// milliseconds_until is how long poll() may wait for a moment: rounded up, at most an hour.
[[nodiscard]] int milliseconds_until(std::chrono::steady_clock::time_point at);

// make_non_blocking is for descriptors that came from elsewhere.
void make_non_blocking(int fd);

}  // namespace seatls::cli
