// Worker: the connections of one thread.
#pragma once

#include <utility>  // which Boost 1.74 forgets

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "proxy/session.h"

namespace seatls::proxy {

class Worker {
 public:
  Worker(const ProxyEvents& events, Metrics& metrics) : events_(events), metrics_(metrics) {}

  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  [[nodiscard]] std::size_t open() const { return open_; }

  // These are called from the thread that takes connections. `over` is called on this worker's.
  void take(std::shared_ptr<const Site> site, Descriptor accepted, std::string id,
            std::function<void()> over);
  void wind_up();
  void abort(const Error& reason);

  void begin() {  // on a thread of its own; else the caller runs io()
    thread_ = std::thread([this] { io_.run(); });
  }
  // let_end has the thread end when nothing is left to do.
  void let_end() { guard_.reset(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  void each(std::function<void(Session&)> act);

  const ProxyEvents& events_;
  Metrics& metrics_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{io_.get_executor()};
  std::vector<std::uint8_t> scratch_ = std::vector<std::uint8_t>(64U << 10U);
  std::unordered_map<const Session*, std::shared_ptr<Session>> sessions_;
  std::atomic<std::size_t> open_ = 0;
  std::thread thread_;
};

}  // namespace seatls::proxy
