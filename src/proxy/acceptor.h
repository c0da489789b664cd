// Acceptor: takes the connections of one listening socket. When descriptors run out it still takes them, and
// closes them again: whoever waits in the queue would wait for nothing.
#pragma once

#include <utility>  // which Boost 1.74 forgets

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "proxy/plan.h"
#include "proxy/sockets.h"

namespace seatls::proxy {

class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  struct Calls {
    std::function<void(const std::shared_ptr<const Site>&, Descriptor)> taken;
    std::function<void()> out_of_descriptors;  // one was refused for it
  };
  Acceptor(boost::asio::io_context& io, Descriptor listening, std::shared_ptr<const Site> site, Calls calls);

  void start();
  void stop();
  void serve(std::shared_ptr<const Site> site) { site_ = std::move(site); }
  [[nodiscard]] const std::string& address() const { return address_; }  // with the port that was bound
  [[nodiscard]] const Site& site() const { return *site_; }

 private:
  void wait();
  void take_all();
  // refuse_one gives up the descriptor that was kept for this.
  [[nodiscard]] bool refuse_one();

  boost::asio::posix::stream_descriptor line_;
  boost::asio::steady_timer pause_;
  std::shared_ptr<const Site> site_;
  const Calls calls_;
  std::string address_;
  Descriptor spare_;
  const int reserve_;  // the first descriptor that is not for a connection
  bool stopped_ = false;
};

}  // namespace seatls::proxy
