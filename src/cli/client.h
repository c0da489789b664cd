// ClientLink: one connection to a server, driven by waiting. For a client that has nothing else to do.
#pragma once

#include <chrono>
#include <string>

#include "cli/sockets.h"
#include "cli/stream.h"

struct ssl_ctx_st;

namespace seatls::cli {

class ClientLink {
 public:
  using Clock = std::chrono::steady_clock;

  // open connects, completes the handshake, and waits until both ends are content, all within `limit`.
  // `context` is make_context(loaded). Errors: network, timed_out, and the reason of a refusal.
  [[nodiscard]] static Result<ClientLink> open(ssl_ctx_st* context, const LoadedConfig& loaded,
                                               const config::HostPort& where, const std::string& name,
                                               std::chrono::milliseconds limit);

  [[nodiscard]] Stream& stream() { return stream_; }
  [[nodiscard]] int fd() const { return socket_.fd(); }

  // send and receive wait until all of it went, or so many bytes came; require until the peer was attested
  // within the last `max_age`. Errors: also closed.
  [[nodiscard]] Result<void> send(ByteView data);
  [[nodiscard]] Result<Bytes> receive(std::size_t size);
  [[nodiscard]] Result<void> require(std::chrono::milliseconds max_age);

 private:
  ClientLink(Socket socket, Stream stream, Clock::time_point deadline)
      : socket_(std::move(socket)), stream_(std::move(stream)), deadline_(deadline) {}
  // wait waits for whatever it is that the stream wants.
  [[nodiscard]] Result<void> wait() const;
  Socket socket_;
  Stream stream_;
  Clock::time_point deadline_;
};

}  // namespace seatls::cli
