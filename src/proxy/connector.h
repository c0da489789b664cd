// Connector: a connection to an address, without waiting, within a time limit. A name is resolved each time.
#pragma once

#include <utility>  // which Boost 1.74 forgets

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "config/proxy.h"
#include "proxy/sockets.h"
#include "seatls/error.h"

namespace seatls::proxy {

class Connector : public std::enable_shared_from_this<Connector> {
 public:
  using Done = std::function<void(Result<Descriptor>)>;
  using Limit = std::chrono::milliseconds;

  // start tries every address of a name. `done` is called once, from the io_context, unless it was stopped.
  // Errors: network, timed_out, io for no descriptor.
  static std::shared_ptr<Connector> start(boost::asio::io_context& io, const config::SocketAddress& to,
                                          Limit limit, Done done);
  void stop();

  Connector(boost::asio::io_context& io, config::SocketAddress to, Limit limit, Done done);

 private:
  void resolve();
  void next();
  void wait_for_it();
  void answer(Result<Descriptor> result);

  boost::asio::io_context& io_;
  const config::SocketAddress to_;
  const std::chrono::steady_clock::time_point deadline_;
  Done done_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
  std::vector<Endpoint> addresses_;
  std::size_t tried_ = 0;
  std::optional<boost::asio::posix::stream_descriptor> trying_;
  std::uint64_t attempt_ = 0;
  int last_ = 0;  // errno
};

}  // namespace seatls::proxy
