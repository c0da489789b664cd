// One connection of the server, and one request and its response on it: waiting, time limits, and HTTP/1.1
// (Boost.Beast). Inside of this module only.
#pragma once

#include <utility>  // which Boost 1.74 forgets

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "service/http.h"
#include "service/transport.h"

namespace seatls::service {

// Link waits for its transport, never longer than it was told.
class Link : public std::enable_shared_from_this<Link> {
 public:
  using Limit = std::chrono::milliseconds;
  explicit Link(boost::asio::ip::tcp::socket socket);

  [[nodiscard]] int fd() { return socket_.native_handle(); }
  void use(std::unique_ptr<Transport> transport) { transport_ = std::move(transport); }

  // Errors of these: timed_out, closed, network, and what the transport says.
  [[nodiscard]] boost::asio::awaitable<Result<void>> handshake(Limit limit);
  [[nodiscard]] boost::asio::awaitable<Result<void>> write(std::string text, Limit limit);
  // read_more adds to what was received and not used yet, until `until`.
  [[nodiscard]] boost::asio::awaitable<Result<void>> read_more(std::chrono::steady_clock::time_point until);
  [[nodiscard]] boost::beast::flat_buffer& received() { return received_; }

  void close();            // says goodbye, as far as that takes no waiting
  void abort();            // ends whatever it waits for
  void give_up_if_idle();  // the same, between two requests
  void idle(bool is) { idle_ = is; }

 private:
  [[nodiscard]] boost::asio::awaitable<Result<void>> wait(Transport::Want want,
                                                          std::chrono::steady_clock::time_point until);
  void cancel_waiting();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer deadline_;
  std::unique_ptr<Transport> transport_;
  boost::beast::flat_buffer received_;
  std::optional<boost::asio::posix::stream_descriptor> credential_;  // while that is waited for
  std::uint64_t waits_ = 0;                                          // so far: a timer knows its own
  bool idle_ = false, aborted_ = false, late_ = false;
};

struct ReceiveLimits {
  std::size_t header, body;                 // bytes
  std::chrono::milliseconds idle, request;  // until its first byte, and from there until its last
};

struct Received {
  bool usable = false;
  Request request;
  Response refusal;  // of what is no request, or too large a one
  bool keep_alive = false;
  bool wants_body = true;  // false: HEAD
};
// receive waits for a request. Errors: those of the link.
[[nodiscard]] boost::asio::awaitable<Result<Received>> receive(Link& link, ReceiveLimits limits);

// written is a response as it is sent.
[[nodiscard]] std::string written(const Response& response, bool keep_alive, bool with_body);

[[nodiscard]] std::string new_request_id();  // 16 hexadecimal digits

}  // namespace seatls::service
