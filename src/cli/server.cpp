#include "cli/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <list>
#include <vector>

#include "cli/http_page.h"

namespace seatls::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Want = openssl::Connection::Want;

// A peer that sends and never reads is not read from any more, once so much waits for it.
constexpr std::size_t most_waiting = 256U << 10U;

// Session is one connection: its handshake, then echo or one page, then its end.
class Session {
 public:
  Session(Socket socket, std::string address, openssl::Connection connection, Clock::time_point deadline,
          bool http)
      : socket_(std::move(socket)),
        address_(std::move(address)),
        connection_(std::move(connection)),
        deadline_(deadline),
        http_(http) {}

  [[nodiscard]] pollfd interest() const {
    if (want_ == Want::credential) return {connection_.credential_fd(), POLLIN, 0};
    short events = want_ == Want::write ? POLLOUT : POLLIN;
    if (open_ && waiting_.size() >= most_waiting) events = POLLOUT;
    return {socket_.fd(), events, 0};
  }
  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] bool late(Clock::time_point now) const { return !open_ && now >= deadline_; }
  [[nodiscard]] Clock::time_point deadline() const { return deadline_; }
  [[nodiscard]] bool handshaking() const { return !open_; }
  [[nodiscard]] const std::string& address() const { return address_; }

  // advance goes on as far as it can; the error is why the connection was refused.
  Result<void> advance(const ServerEvents& events) {
    if (!open_) {
      SEATLS_TRY(want_, connection_.handshake());
      if (want_ != Want::nothing) return {};
      open_ = true;
      if (events.accepted) events.accepted(address_, connection_);
    }
    // Whatever goes wrong from here on is the end of an accepted connection, not a refusal.
    if (!exchange()) over_ = true;
    return {};
  }

 private:
  bool exchange() {
    std::array<std::uint8_t, 16384> buffer{};
    for (bool moved = true; moved;) {
      moved = false;
      if (!flush()) return false;
      if (waiting_.empty() && closing_) {
        connection_.shutdown();
        return false;
      }
      if (waiting_.size() >= most_waiting || closing_) break;
      Want want = Want::nothing;
      const auto n = connection_.read(buffer, &want);
      if (!n) {
        if (n.error().code != Code::closed) return false;
        closing_ = moved = true;
      } else if (*n > 0) {
        take({buffer.data(), *n});
        moved = true;
      }
    }
    want_ = waiting_.empty() ? Want::read : Want::write;
    return true;
  }

  void take(ByteView data) {
    if (!http_) {
      waiting_.insert(waiting_.end(), data.begin(), data.end());
      return;
    }
    request_ += text(data);
    if (auto answer = http_answer(request_, connection_)) {
      waiting_ = bytes(std::string_view(*answer));
      closing_ = true;
    }
  }

  bool flush() {
    while (!waiting_.empty()) {
      Want want = Want::nothing;
      const auto n = connection_.write(waiting_, &want);
      if (!n) return false;
      if (*n == 0) return true;
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(*n));
    }
    return true;
  }

  Socket socket_;
  std::string address_;
  openssl::Connection connection_;  // declared after the socket: it goes first
  Clock::time_point deadline_;
  bool http_;
  Want want_ = Want::read;
  bool open_ = false, closing_ = false, over_ = false;
  Bytes waiting_;
  std::string request_;
};

}  // namespace

struct Server::Impl {
  ssl_ctx_st* ctx;
  Socket listener;
  ServerOptions options;
  ServerEvents events;
  Socket wake{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  std::list<Session> sessions{};
  unsigned begun = 0, refused = 0;
  Clock::time_point accept_again{};

  [[nodiscard]] bool takes_more() const {
    return (options.connections == 0 || begun < options.connections) && sessions.size() < options.at_once;
  }

  void refuse(const std::string& address, const Error& error) {
    ++refused;
    if (events.refused) events.refused(address, error);
  }

  void accept_all() {
    while (takes_more()) {
      std::string address;
      auto socket = accept_from(listener, &address);
      if (!socket) {  // out of descriptors, most likely: those that end give some back
        accept_again = Clock::now() + std::chrono::milliseconds(100);
        return;
      }
      if (socket->fd() < 0) return;
      ++begun;
      auto connection = openssl::Connection::create(ctx, socket->fd());
      if (!connection) {
        refuse(address, connection.error());
        continue;
      }
      sessions.emplace_back(std::move(*socket), std::move(address), std::move(*connection),
                            Clock::now() + options.handshake_limit, options.http);
      advance(sessions.back());
    }
  }

  void advance(Session& session) {
    if (const auto done = session.advance(events); !done) {
      refuse(session.address(), done.error());
      ended.push_back(&session);
    } else if (session.over()) {
      ended.push_back(&session);
    }
  }

  void sweep() {
    const auto now = Clock::now();
    for (auto& s : sessions)
      if (s.late(now)) {
        refuse(s.address(),
               {Code::timed_out,
                "the handshake took longer than " + std::to_string(options.handshake_limit.count()) + " s",
                "handshake"});
        ended.push_back(&s);
      }
    if (ended.empty()) return;
    sessions.remove_if(
        [this](const Session& s) { return std::find(ended.begin(), ended.end(), &s) != ended.end(); });
    ended.clear();
  }

  [[nodiscard]] int poll_limit() const {
    const auto now = Clock::now();
    auto next = now + std::chrono::seconds(3600);
    for (const auto& s : sessions)
      if (s.handshaking()) next = std::min(next, s.deadline());
    if (accept_again > now) next = std::min(next, accept_again);
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(next - now).count());
  }

  std::vector<const Session*> ended{};
};

Server::Server(ssl_ctx_st* ctx, Socket listener, ServerOptions options, ServerEvents events)
    : impl_(new Impl{ctx, std::move(listener), options, std::move(events)}) {}
Server::~Server() = default;

unsigned Server::refused() const { return impl_->refused; }

void Server::stop() noexcept {
  const std::uint64_t one = 1;
  (void)!::write(impl_->wake.fd(), &one, sizeof one);
}

Result<void> Server::run() {
  Impl& s = *impl_;
  std::vector<pollfd> fds;
  std::vector<Session*> whose;
  for (;;) {
    if (s.options.connections != 0 && s.begun >= s.options.connections && s.sessions.empty()) return {};
    const bool listening = s.takes_more() && Clock::now() >= s.accept_again;
    fds = {{s.wake.fd(), POLLIN, 0}, {listening ? s.listener.fd() : -1, POLLIN, 0}};
    whose.clear();
    for (auto& session : s.sessions) {
      fds.push_back(session.interest());
      whose.push_back(&session);
    }
    if (poll(fds.data(), fds.size(), s.poll_limit()) < 0 && errno != EINTR)
      return Error{Code::network, "poll failed", "server"};
    if (fds[0].revents != 0) return {};
    for (std::size_t i = 0; i < whose.size(); ++i)
      if (fds[i + 2].revents != 0) s.advance(*whose[i]);
    if (fds[1].revents != 0) s.accept_all();
    s.sweep();
  }
}

}  // namespace seatls::cli
