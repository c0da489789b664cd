// Server: HTTP/1.1 over TLS 1.3, attested where the configuration says so, for any number of clients that
// wish it well, and some that do not. Connections live on one thread; what answers them on a few others.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "seatls/error.h"
#include "service/api.h"

struct ssl_ctx_st;

namespace seatls::service {

struct ServerLimits {
  std::size_t connections = 2048;  // open at once; more are closed again
  std::size_t connections_of_client = 256;
  std::size_t requests_of_connection = 10'000;
  std::size_t waiting = 1024;        // requests that wait for a worker; more are told to come again
  std::size_t header = 16U << 10U;   // bytes
  std::size_t body = 1U << 20U;      // bytes
  double requests_per_second = 100;  // of one client, on the average; 0: no limit
  double burst = 200;
  unsigned workers = 4;
  // Each counts from its beginning: whoever sends a byte now and then gains nothing.
  std::chrono::milliseconds handshake{10'000}, idle{60'000}, request{10'000}, answer{30'000}, writing{30'000};
  std::chrono::milliseconds drain{15'000};  // after stop()
};

// Access is one line of the access log.
struct Access {
  std::string id;  // also told to the client: X-Request-Id
  Told told;
  unsigned status = 0;
  std::chrono::microseconds took{};
  std::size_t received = 0, sent = 0;  // bytes of bodies
};

struct ServerEvents {
  std::function<void(const Access&)> answered;                         // on the server's thread
  std::function<void(const std::string& what, const Error&)> refused;  // a connection, before any request
};

struct Listener {
  std::string address;  // "127.0.0.1:8443"; port 0: a free one
  // Plain HTTP where there is none. Read for each connection: it may be another one later.
  std::function<std::shared_ptr<ssl_ctx_st>()> context;
  std::function<void(Request, Api::Done)> handler;
  bool limited = true;  // by requests_per_second
};

class Server {
 public:
  // start binds every listener. Errors: network, configuration.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(std::vector<Listener> listeners,
                                                             ServerLimits limits, ServerEvents events,
                                                             std::shared_ptr<Metrics> metrics);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::vector<std::string> addresses() const;  // with the ports that were bound

  // run serves until it was stopped and drained.
  void run();
  // stop takes no more connections, lets requests that were begun end, and then run() return. From any
  // thread.
  void stop();
  [[nodiscard]] bool stopping() const;

  // on_signal has a function called, on a worker, whenever the process gets this signal.
  void on_signal(int number, std::function<void()> then);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seatls::service
