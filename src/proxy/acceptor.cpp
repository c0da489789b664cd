#include "proxy/acceptor.h"

#include <fcntl.h>

#include <cerrno>

namespace seatls::proxy {
namespace {

constexpr int most_at_once = 64;  // so that connections that are open get their turn

Descriptor spare_descriptor() { return Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

int accept_one(int listening) { return ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); }

}  // namespace

Acceptor::Acceptor(boost::asio::io_context& io, Descriptor listening, std::shared_ptr<const Site> site,
                   Calls calls)
    : line_(io),
      pause_(io),
      site_(std::move(site)),
      calls_(std::move(calls)),
      spare_(spare_descriptor()),
      reserve_(first_of_reserve()) {
  const auto bound = local_end(listening.fd());
  address_ = bound.family() == AF_UNIX ? site_->address.text() : bound.text();
  boost::system::error_code code;
  line_.assign(listening.fd(), code);
  if (!code) (void)listening.release();
}

void Acceptor::start() { wait(); }

void Acceptor::stop() {
  stopped_ = true;
  boost::system::error_code ignored;
  pause_.cancel(ignored);
  line_.close(ignored);
}

void Acceptor::wait() {
  if (stopped_) return;
  line_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [self = shared_from_this()](const boost::system::error_code& code) {
                     if (!code) self->take_all();
                   });
}

void Acceptor::take_all() {
  for (int taken = 0; taken < most_at_once && !stopped_; ++taken) {
    Descriptor fd(accept_one(line_.native_handle()));
    if (fd && fd.fd() >= reserve_) {
      calls_.out_of_descriptors();
      continue;
    }
    if (fd) {
      calls_.taken(site_, std::move(fd));
      continue;
    }
    if (errno == EAGAIN) break;
    // ECONNABORTED and what else became of a connection before it was taken is its own matter.
    const bool out = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (out && !refuse_one()) {
      pause_.expires_after(std::chrono::milliseconds(20));
      pause_.async_wait([self = shared_from_this()](const boost::system::error_code& code) {
        if (!code) self->wait();
      });
      return;
    }
  }
  wait();
}

bool Acceptor::refuse_one() {
  if (!spare_) spare_ = spare_descriptor();
  if (!spare_) return false;
  spare_ = Descriptor();
  const bool took = static_cast<bool>(Descriptor(accept_one(line_.native_handle())));
  spare_ = spare_descriptor();
  if (took) calls_.out_of_descriptors();
  return took;
}

}  // namespace seatls::proxy
