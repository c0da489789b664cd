#include "bench/concurrency.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "bench/parties.h"
#include "seatls/openssl.h"

namespace seatls::bench {
namespace {

using Clock = std::chrono::steady_clock;
using openssl::Connection;

struct FreeContext {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

// Delayed answers what another attester makes, each time `delay` after it was asked, from a thread of
// its own. All delays are equal, so answers leave in the order of the requests.
class Delayed final : public Attester {
 public:
  Delayed(std::shared_ptr<Attester> real, std::chrono::milliseconds delay)
      : real_(std::move(real)), delay_(delay), thread_([this] { run(); }) {}
  ~Delayed() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return real_->schemes(); }
  void attest(EvidenceRequest request, Done done) override {
    real_->attest(std::move(request), [this, done = std::move(done)](Result<Cmw> made) {
      const std::lock_guard lock(mutex_);
      queue_.push_back({Clock::now() + delay_, done, std::move(made)});
      changed_.notify_all();
    });
  }

 private:
  struct Waiting {
    Clock::time_point due;
    Done done;
    Result<Cmw> made;
  };
  void run() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      if (queue_.empty()) {
        changed_.wait(lock);
      } else if (const auto due = queue_.front().due; Clock::now() < due) {
        changed_.wait_until(lock, due);
      } else {
        Waiting next = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        next.done(std::move(next.made));
        lock.lock();
      }
    }
  }

  std::shared_ptr<Attester> real_;
  const std::chrono::milliseconds delay_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> queue_;
  bool ending_ = false;
  std::thread thread_;  // last: it starts when all else is there
};

Error fault(std::string what) { return {Code::internal, std::move(what), "bench"}; }

// End is one end of one connection in the loop.
struct End {
  Connection connection;
  int fd;
  bool done = false;
};

class Loop {
 public:
  Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~Loop() {
    ends_.clear();
    for (const int fd : fds_) close(fd);
    close(epoll_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Result<void> add(SSL_CTX* client, SSL_CTX* server) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
      return fault("socketpair failed: are file descriptors left? (ulimit -n)");
    fds_.insert(fds_.end(), {fds[0], fds[1]});
    SEATLS_TRY(Connection c, Connection::create(client, fds[0], "server.bench"));
    SEATLS_TRY(Connection s, Connection::create(server, fds[1]));
    SEATLS_CHECK(add(std::move(c), fds[0]));
    return add(std::move(s), fds[1]);
  }

  // run drives all ends until each is done.
  Result<void> run() {
    std::size_t left = ends_.size();
    std::vector<epoll_event> events(1024);
    while (left > 0) {
      const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 30'000);
      if (n <= 0) return fault("nothing happened for 30 s");
      for (int i = 0; i < n; ++i) {
        auto& end = *static_cast<End*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (end.done) continue;
        SEATLS_TRY(const auto want, end.connection.handshake());
        if (want == Connection::Want::nothing) {
          end.done = true;
          --left;
        } else if (want == Connection::Want::credential) {
          SEATLS_CHECK(watch(end.connection.credential_fd(), end));
        }
      }
    }
    return {};
  }

 private:
  Result<void> add(Connection connection, int fd) {
    ends_.push_back(std::make_unique<End>(End{std::move(connection), fd}));
    return watch(fd, *ends_.back());
  }
  // Edges: what comes while a credential is waited for is read after it.
  Result<void> watch(int fd, End& end) const {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    if (fd == end.fd) event.events |= EPOLLOUT;  // the first edge begins the handshake
    event.data.ptr = &end;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST) return {};
    return fault("epoll_ctl failed");
  }
  int epoll_;
  std::vector<std::unique_ptr<End>> ends_;
  std::vector<int> fds_;
};

Result<Context> make_context(Role role, const Identity& own, const Authority& ca, Config config) {
  Context ctx(SSL_CTX_new(role == Role::server ? TLS_server_method() : TLS_client_method()));
  if (!ctx) return fault("SSL_CTX_new");
  SEATLS_CHECK(ca.trust_in(ctx.get()));
  SEATLS_CHECK(own.use_in(ctx.get()));
  SEATLS_CHECK(openssl::attach(ctx.get(), std::move(config)));
  return ctx;
}

// once runs all connections, and returns the wall time in milliseconds.
Result<double> once(unsigned connections, bool mutual, std::chrono::milliseconds delay) {
  SEATLS_TRY(const Authority ca, Authority::make());
  SEATLS_TRY(const Identity server, ca.certify("server"));
  SEATLS_TRY(const Identity client, ca.certify("client"));
  SEATLS_TRY(Parties parties, software_parties(server, client));
  parties.server_attester = std::make_shared<Delayed>(parties.server_attester, delay);
  parties.client_attester = std::make_shared<Delayed>(parties.client_attester, delay);
  Config of_client = parties.client_config(mutual), of_server = parties.server_config(mutual);
  of_client.credential_timeout = of_server.credential_timeout = std::chrono::seconds(30);
  SEATLS_TRY(const Context c, make_context(Role::client, client, ca, std::move(of_client)));
  SEATLS_TRY(const Context s, make_context(Role::server, server, ca, std::move(of_server)));
  Loop loop;
  for (unsigned i = 0; i < connections; ++i) SEATLS_CHECK(loop.add(c.get(), s.get()));
  const auto start = Clock::now();
  SEATLS_CHECK(loop.run());
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Two sockets and two descriptors to wait for, per connection.
Result<void> allow_descriptors(unsigned connections) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t needed = 4UL * connections + 64;
  if (limit.rlim_cur >= needed) return {};
  limit.rlim_cur = std::min(needed, limit.rlim_max);
  if (limit.rlim_cur == needed && setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
  return Error{
      Code::configuration,
      std::to_string(needed) + " file descriptors are needed; raise `ulimit -n`, or take fewer connections",
      "bench"};
}

}  // namespace

Result<Report> concurrency(const ConcurrencyOptions& options) {
  SEATLS_CHECK(allow_descriptors(options.connections));
  Report report;
  const auto measure = [&](const char* name, bool mutual) -> Result<void> {
    Series none{std::string(name) + ", no delay", "ms", {}};
    Series delayed{std::string(name) + ", " + std::to_string(options.delay.count()) + " ms each", "ms", {}};
    for (unsigned round = 0; round < options.rounds; ++round) {
      SEATLS_TRY(const double fast, once(options.connections, mutual, std::chrono::milliseconds(0)));
      SEATLS_TRY(const double slow, once(options.connections, mutual, options.delay));
      none.samples.push_back(fast);
      delayed.samples.push_back(slow);
    }
    const double delays = (mutual ? 2.0 : 1.0) * static_cast<double>(options.delay.count());
    report.ratios.emplace_back(std::string(mutual ? "mutual" : "server") + "_to_limit",
                               delayed.median() / (1.2 * none.median() + delays));
    report.cases.push_back(std::move(none));
    report.cases.push_back(std::move(delayed));
    return {};
  };
  SEATLS_CHECK(measure("server attests", false));
  SEATLS_CHECK(measure("both attest", true));
  report.notes.push_back(
      std::to_string(options.connections) +
      " handshakes at once, both ends on one thread; *_to_limit is the delayed wall time over "
      "1.2 x (no delay) + one delay per attesting side: at most 1.");
  return report;
}

}  // namespace seatls::bench
