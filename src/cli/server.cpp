#include "cli/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "cli/http_page.h"

namespace seatls::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Want = openssl::Connection::Want;

// A peer that sends and never reads is not read from any more, once so much waits for it.
constexpr std::size_t most_waiting = 256U << 10U;
constexpr int most_turns = 8;

// Session is one connection: its handshake, what attestation follows it, then echo or one page, then its end.
class Session {
 public:
  Session(Socket socket, std::string address, openssl::Connection connection, Clock::time_point deadline,
          const Stream::Rules& rules, bool http)
      : socket_(std::move(socket)),
        address_(std::move(address)),
        handshaking_(std::move(connection)),
        deadline_(deadline),
        rules_(rules),
        http_(http) {}

  // interest adds two entries, of the socket and of what answers from other threads.
  void interest(std::vector<pollfd>& fds) const {
    if (!stream_) {
      const bool credential = want_ == Want::credential;
      const short events = want_ == Want::write ? POLLOUT : POLLIN;
      fds.push_back({credential ? handshaking_->credential_fd() : socket_.fd(),
                     static_cast<short>(credential ? POLLIN : events), 0});
      fds.push_back({-1, 0, 0});
      return;
    }
    const auto wants = stream_->wants();
    const bool reads = wants.read && waiting_.size() < most_waiting;
    const int events = (reads ? POLLIN : 0) | (wants.write ? POLLOUT : 0);
    fds.push_back({socket_.fd(), static_cast<short>(events), 0});
    fds.push_back({wants.event_fd, POLLIN, 0});
  }
  // next is when advance() is wanted though nothing was signalled.
  [[nodiscard]] std::optional<Clock::time_point> next() const {
    if (again_) return Clock::time_point::min();
    auto at = stream_ ? stream_->wants().at : std::nullopt;
    if (!accepted_) at = at ? std::min(*at, deadline_) : deadline_;
    return at;
  }
  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] bool late(Clock::time_point now) const { return !accepted_ && now >= deadline_; }
  [[nodiscard]] bool accepted() const { return accepted_; }
  [[nodiscard]] const std::string& address() const { return address_; }

  // advance goes on as far as it can; the error is why the connection was refused, or lost later on.
  Result<void> advance(const ServerEvents& events) {
    if (!stream_) {
      SEATLS_TRY(want_, handshaking_->handshake());
      if (want_ != Want::nothing) return {};
      const auto refused = [&events, address = address_](const Error& error) {
        if (events.noticed) events.noticed(address, error);
      };
      SEATLS_TRY(auto stream, Stream::open(std::move(*handshaking_), rules_, refused));
      handshaking_.reset();
      stream_.emplace(std::move(stream));
    }
    // What a step brings is taken at once: nothing else would tell that it is there. Others wait, too.
    Result<void> stepped;
    again_ = true;
    for (int turns = 0; stepped && again_ && turns < most_turns; ++turns) {
      stepped = stream_->step();
      tell(events);
      again_ = stepped && exchange();
    }
    if (stepped) return {};
    over_ = true;
    // The end of an accepted connection is no refusal, unless somebody says so.
    const Code code = stepped.error().code;
    if (accepted_ && (code == Code::closed || code == Code::network)) return {};
    return stepped;
  }

 private:
  void tell(const ServerEvents& events) {
    if (!stream_->is_open()) return;
    const auto* report = stream_->attestation();
    const Seen seen = report != nullptr ? Seen{report->attested, report->standing} : Seen{};
    if (!std::exchange(accepted_, true)) {
      if (events.accepted) events.accepted(address_, *stream_);
    } else if (seen != seen_ && events.changed) {
      events.changed(address_, *stream_);
    }
    seen_ = seen;
  }

  // exchange tells whether anything moved.
  bool exchange() {
    std::array<std::uint8_t, 16384> buffer{};
    bool moved = false;
    while (waiting_.size() < most_waiting && !closing_) {
      const std::size_t n = stream_->read(buffer);
      if (n == 0) break;
      take({buffer.data(), n});
      moved = true;
    }
    if (stream_->peer_ended() && !std::exchange(closing_, true)) moved = true;
    const std::size_t written = stream_->write(waiting_);
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(written));
    if (closing_ && waiting_.empty()) stream_->end();
    return moved || written > 0;
  }

  void take(ByteView data) {
    if (!http_) {
      waiting_.insert(waiting_.end(), data.begin(), data.end());
      return;
    }
    request_ += text(data);
    if (auto answer = http_answer(request_, *stream_)) {
      waiting_ = bytes(std::string_view(*answer));
      closing_ = true;
    }
  }

  struct Seen {
    std::uint64_t attested = 0;
    reattest::Standing standing = reattest::Standing::trusted;
    bool operator==(const Seen&) const = default;
  };

  Socket socket_;
  std::string address_;
  // Both after the socket, which they write to until they go: one or the other.
  std::optional<openssl::Connection> handshaking_;
  std::optional<Stream> stream_;
  Clock::time_point deadline_;
  const Stream::Rules& rules_;
  bool http_;
  Want want_ = Want::read;
  bool accepted_ = false, closing_ = false, over_ = false;
  bool again_ = false;  // it went on for long enough; the next turn is after the others
  Seen seen_;
  Bytes waiting_;
  std::string request_;
};

}  // namespace

struct Server::Impl {
  ssl_ctx_st* ctx;
  Stream::Rules rules;
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
                            Clock::now() + options.handshake_limit, rules, options.http);
      advance(sessions.back());
    }
  }

  void advance(Session& session) {
    if (const auto done = session.advance(events); !done) {
      if (session.accepted()) {
        if (events.lost) events.lost(session.address(), done.error());
      } else {
        refuse(session.address(), done.error());
      }
      ended.push_back(&session);
    } else if (session.over()) {
      ended.push_back(&session);
    }
  }

  void sweep() {
    const auto now = Clock::now();
    for (auto& s : sessions)
      if (s.late(now)) {
        refuse(s.address(), {Code::timed_out,
                             "the handshake and the attestation after it took longer than " +
                                 std::to_string(options.handshake_limit.count()) + " s",
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
    auto next = Clock::time_point::max();
    for (const auto& s : sessions)
      if (const auto at = s.next()) next = std::min(next, *at);
    if (accept_again > now) next = std::min(next, accept_again);
    return milliseconds_until(next);
  }

  std::vector<const Session*> ended{};
};

Server::Server(ssl_ctx_st* ctx, const LoadedConfig& loaded, Socket listener, ServerOptions options,
               ServerEvents events)
    : impl_(new Impl{ctx, Stream::Rules(loaded), std::move(listener), options, std::move(events)}) {}
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
      session.interest(fds);
      whose.push_back(&session);
    }
    if (poll(fds.data(), fds.size(), s.poll_limit()) < 0 && errno != EINTR)
      return Error{Code::network, "poll failed", "server"};
    if (fds[0].revents != 0) return {};
    const auto now = Clock::now();
    for (std::size_t i = 0; i < whose.size(); ++i) {
      const bool signalled = fds[2 * i + 2].revents != 0 || fds[2 * i + 3].revents != 0;
      const auto at = whose[i]->next();
      if (signalled || (at && *at <= now)) s.advance(*whose[i]);
    }
    if (fds[1].revents != 0) s.accept_all();
    s.sweep();
  }
}

}  // namespace seatls::cli
