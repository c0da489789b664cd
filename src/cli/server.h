// Server: many attested connections on one thread. serve and the demo run it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "cli/sockets.h"
#include "cli/stream.h"
#include "seatls/config_file.h"
#include "seatls/error.h"

struct ssl_ctx_st;

namespace seatls::cli {

struct ServerOptions {
  bool http = false;                         // a page with the verdict, instead of an echo
  unsigned connections = 0;                  // end after so many; 0: go on
  std::chrono::seconds handshake_limit{30};  // until the connection is accepted
  std::size_t at_once = 4096;                // more wait in the listener's queue
};

// ServerEvents are called on the server's thread.
struct ServerEvents {
  // accepted: both ends are content. changed: the peer was attested again, or what it is worth changed.
  std::function<void(const std::string& address, const Stream&)> accepted, changed;
  // refused: before it was accepted. lost: after. noticed: what is tried again, or changes nothing.
  std::function<void(const std::string& address, const Error&)> refused, lost, noticed;
};

class Server {
 public:
  // The context is make_context(loaded); it must outlive the server.
  Server(ssl_ctx_st* ctx, const LoadedConfig& loaded, Socket listener, ServerOptions options,
         ServerEvents events);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // run serves until the connections are used up, or until stop. Errors: network.
  [[nodiscard]] Result<void> run();
  // stop may come from any thread or a signal handler.
  void stop() noexcept;

  [[nodiscard]] unsigned refused() const;  // connections so far

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seatls::cli
