#include "proxy/connector.h"

#include <arpa/inet.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "net/sockets.h"

namespace seatls::proxy {
namespace {

namespace asio = boost::asio;
using Steady = std::chrono::steady_clock;

template <class Address>
Endpoint endpoint_of(const Address& address) {
  Endpoint out;
  std::memcpy(&out.address, &address, sizeof address);
  out.length = sizeof address;
  return out;
}

// known returns the address where no name has to be resolved.
std::optional<Endpoint> known(const config::SocketAddress& to) {
  if (to.kind == config::SocketAddress::Kind::unix_path) return endpoint_of(net::unix_address(to.name));
  std::uint16_t port = 0;
  std::from_chars(to.tcp.port.data(), to.tcp.port.data() + to.tcp.port.size(), port);
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET, to.tcp.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return endpoint_of(v4);
  }
  if (inet_pton(AF_INET6, to.tcp.host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return endpoint_of(v6);
  }
  return std::nullopt;
}

}  // namespace

Connector::Connector(asio::io_context& io, config::SocketAddress to, Limit limit, Done done)
    : io_(io),
      to_(std::move(to)),
      deadline_(Steady::now() + limit),
      done_(std::move(done)),
      resolver_(io),
      timer_(io) {}

std::shared_ptr<Connector> Connector::start(asio::io_context& io, const config::SocketAddress& to,
                                            Limit limit, Done done) {
  auto self = std::make_shared<Connector>(io, to, limit, std::move(done));
  // From the io_context in any case: the caller may be in the middle of something.
  asio::post(io, [self] {
    if (!self->done_) return;
    if (auto address = known(self->to_)) {
      self->addresses_.push_back(*address);
      return self->next();
    }
    self->resolve();
  });
  return self;
}

void Connector::stop() {
  done_ = nullptr;
  ++attempt_;
  boost::system::error_code ignored;
  resolver_.cancel();
  timer_.cancel(ignored);
  trying_.reset();
}

void Connector::answer(Result<Descriptor> result) {
  if (!done_) return;
  const auto done = std::move(done_);
  stop();
  done(std::move(result));
}

void Connector::resolve() {
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this(), attempt = attempt_](const boost::system::error_code& code) {
    if (!code && attempt == self->attempt_)
      self->answer(Error{Code::timed_out, "the name is not resolved in time", self->to_.text()});
  });
  resolver_.async_resolve(
      to_.tcp.host, to_.tcp.port, asio::ip::tcp::resolver::numeric_service,
      [self = shared_from_this(), attempt = attempt_](const boost::system::error_code& code,
                                                      const auto& found) {
        if (attempt != self->attempt_) return;
        if (code)
          return self->answer(
              Error{Code::network, "the name cannot be resolved: " + code.message(), self->to_.text()});
        for (const auto& entry : found) {
          Endpoint one;
          one.length = static_cast<socklen_t>(entry.endpoint().size());
          std::memcpy(&one.address, entry.endpoint().data(), one.length);
          self->addresses_.push_back(one);
        }
        self->next();
      });
}

void Connector::next() {
  ++attempt_;
  trying_.reset();
  const auto now = Steady::now();
  if (tried_ == addresses_.size() || now >= deadline_) {
    if (last_ == ETIMEDOUT || now >= deadline_)
      return answer(Error{Code::timed_out, "no connection in time", to_.text()});
    return answer(Error{Code::network, std::strerror(last_), to_.text()});
  }
  const auto& address = addresses_[tried_++];
  Descriptor fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) {
    last_ = errno;
    return next();
  }
  if (fd.fd() >= first_of_reserve())
    return answer(Error{Code::io, "no descriptor is left for its other side", to_.text()});
  prepare(fd.fd());
  if (::connect(fd.fd(), reinterpret_cast<const sockaddr*>(&address.address), address.length) == 0)
    return answer(std::move(fd));
  last_ = errno;
  if (last_ == EAGAIN) {
    // A Unix socket whose queue is full: nobody tells when there is room again.
    --tried_;
    timer_.expires_after(std::chrono::milliseconds(5));
    timer_.async_wait([self = shared_from_this(), attempt = attempt_](const boost::system::error_code& code) {
      if (!code && attempt == self->attempt_) self->next();
    });
    return;
  }
  if (last_ != EINPROGRESS) return next();
  boost::system::error_code code;
  trying_.emplace(io_);
  trying_->assign(fd.fd(), code);
  if (code) {
    trying_.reset();
    last_ = code.value();
    return next();
  }
  (void)fd.release();
  wait_for_it();
}

void Connector::wait_for_it() {
  // No address may use up the time of those behind it.
  const auto left = deadline_ - Steady::now();
  timer_.expires_after(left / static_cast<int>(addresses_.size() - tried_ + 1));
  timer_.async_wait([self = shared_from_this(), attempt = attempt_](const boost::system::error_code& code) {
    if (code || attempt != self->attempt_) return;
    self->last_ = ETIMEDOUT;
    self->next();
  });
  trying_->async_wait(asio::posix::stream_descriptor::wait_write,
                      [self = shared_from_this(), attempt = attempt_](const boost::system::error_code& code) {
                        if (attempt != self->attempt_) return;
                        int error = code.value();
                        socklen_t size = sizeof error;
                        const int fd = self->trying_->native_handle();
                        if (!code && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
                          return self->answer(Descriptor(self->trying_->release()));
                        }
                        self->last_ = error;
                        self->next();
                      });
}

}  // namespace seatls::proxy
