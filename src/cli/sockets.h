// TCP sockets, non-blocking, and who waits for them.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "config/text.h"
#include "seatls/error.h"

namespace seatls::cli {

class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket();
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

// connect_to tries every address of the name. Errors: network, timed_out.
[[nodiscard]] Result<Socket> connect_to(const config::HostPort& address, std::chrono::milliseconds limit);

// listen_on binds the first address of the name. Errors: network.
[[nodiscard]] Result<Socket> listen_on(const config::HostPort& address);
// accept_from returns a connection, or none when nobody waits any more.
[[nodiscard]] Result<Socket> accept_from(const Socket& listener, std::string* peer);
[[nodiscard]] config::HostPort local_address(const Socket& socket);

// milliseconds_until is how long poll() may wait for a moment: rounded up, at most an hour.
[[nodiscard]] int milliseconds_until(std::chrono::steady_clock::time_point at);

// make_non_blocking is for descriptors that came from elsewhere.
void make_non_blocking(int fd);

}  // namespace seatls::cli
