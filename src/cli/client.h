// ClientLink: one connection to a server, driven by waiting. For a client that has nothing else to do.
#pragma once

#include <chrono>
#include <string>

#include "cli/sockets.h"
#include "seatls/openssl.h"

struct ssl_ctx_st;

namespace seatls::cli {

class ClientLink {
 public:
  using Clock = std::chrono::steady_clock;

  // open connects and completes the handshake within `limit`. Errors: network, timed_out, and the
  // reason of a refusal.
  [[nodiscard]] static Result<ClientLink> open(ssl_ctx_st* context, const config::HostPort& where,
                                               const std::string& name, std::chrono::milliseconds limit);

  [[nodiscard]] openssl::Connection& connection() { return connection_; }
  [[nodiscard]] int fd() const { return socket_.fd(); }

  // send and receive wait until all of it went, or so many bytes came. Errors: also closed.
  [[nodiscard]] Result<void> send(ByteView data);
  [[nodiscard]] Result<Bytes> receive(std::size_t size);

 private:
  ClientLink(Socket socket, openssl::Connection connection, Clock::time_point deadline)
      : socket_(std::move(socket)), connection_(std::move(connection)), deadline_(deadline) {}
  [[nodiscard]] Result<void> wait_for(openssl::Connection::Want want) const;
  Socket socket_;
  openssl::Connection connection_;
  Clock::time_point deadline_;
};

}  // namespace seatls::cli
