// Proxy: every listener and every connection of `seatls proxy`. Connections are spread over threads, and each
// stays on its own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/metrics.h"
#include "proxy/plan.h"
#include "proxy/session.h"
#include "proxy/sockets.h"
#include "seatls/error.h"

namespace seatls::proxy {

class Proxy {
 public:
  // start opens every listener. Errors: network, configuration.
  [[nodiscard]] static Result<std::unique_ptr<Proxy>> start(Plan plan, Inherited inherited,
                                                            ProxyEvents events,
                                                            std::shared_ptr<Metrics> metrics);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  [[nodiscard]] std::vector<std::string> addresses()
      const;  // of the listeners, with the ports that were bound

  // run serves until it was stopped, and connections have ended or proxy.drain has passed.
  void run();

  // These may be called from any thread.
  // replace serves new connections by another plan; those that are open keep theirs. Addresses that both
  // plans have stay open all the while. Errors: network, configuration; then everything stays as it was.
  [[nodiscard]] Result<void> replace(Plan plan);
  // stop takes no more connections. A second call does not wait for those that are open.
  void stop();
  [[nodiscard]] bool stopping() const;

  // These are called before run(). What they are given runs on a thread of its own, one at a time.
  void on_signal(int number, std::function<void()> then);
  void every(std::chrono::milliseconds interval, std::function<void()> then);
  // beat calls `alive` at intervals, as long as every thread of connections answers. On one of these.
  void beat(std::chrono::milliseconds interval, std::function<void()> alive);

 private:
  struct Impl;
  explicit Proxy(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seatls::proxy
