#include "bench/concurrency.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <vector>

#include "bench/place.h"
#include "bench/replica.h"
#include "bench/tls.h"
#include "seatls/openssl.h"
#include "seatls/remote_verifier.h"

namespace seatls::bench {
namespace {

using Clock = std::chrono::steady_clock;
using openssl::Connection;

// Delayed answers what another attester makes, each time so much later.
class Delayed final : public Attester {
 public:
  Delayed(std::shared_ptr<Attester> real, std::chrono::milliseconds delay)
      : real_(std::move(real)), delay_(delay) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return real_->schemes(); }
  void attest(EvidenceRequest request, Done done) override {
    real_->attest(std::move(request), [this, done = std::move(done)](Result<Cmw> made) {
      auto kept = std::make_shared<Result<Cmw>>(std::move(made));
      delay_.then([done, kept] { done(std::move(*kept)); });
    });
  }

 private:
  std::shared_ptr<Attester> real_;
  Delay delay_;
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

Result<Context> attached(Role role, const Identity& own, const Authority& ca, Config config) {
  SEATLS_TRY(Context ctx, make_context(role, &own, ca, false));
  SEATLS_CHECK(openssl::attach(ctx.get(), std::move(config)));
  return ctx;
}

struct World {
  Authority ca;
  Identity server, client;
  static Result<World> make() {
    SEATLS_TRY(Authority ca, Authority::make());
    SEATLS_TRY(Identity server, ca.certify("server"));
    SEATLS_TRY(Identity client, ca.certify("client"));
    return World{std::move(ca), std::move(server), std::move(client)};
  }
};

// handshakes runs all connections, and returns the wall time in milliseconds.
Result<double> handshakes(unsigned connections, const World& world, Config of_client, Config of_server) {
  of_client.credential_timeout = of_server.credential_timeout = std::chrono::seconds(30);
  SEATLS_TRY(const Context c, attached(Role::client, world.client, world.ca, std::move(of_client)));
  SEATLS_TRY(const Context s, attached(Role::server, world.server, world.ca, std::move(of_server)));
  Loop loop;
  for (unsigned i = 0; i < connections; ++i) SEATLS_CHECK(loop.add(c.get(), s.get()));
  const auto start = Clock::now();
  SEATLS_CHECK(loop.run());
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

Result<double> slow_attesters(unsigned connections, bool mutual, std::chrono::milliseconds delay) {
  SEATLS_TRY(const World world, World::make());
  SEATLS_TRY(Parties parties, software_parties(world.server, world.client));
  parties.server_attester = std::make_shared<Delayed>(parties.server_attester, delay);
  parties.client_attester = std::make_shared<Delayed>(parties.client_attester, delay);
  return handshakes(connections, world, parties.client_config(mutual), parties.server_config(mutual));
}

// A verifier service of its own judges each server: a session, and the evidence, over TLS.
Result<double> slow_verifier(unsigned connections, std::chrono::milliseconds delay) {
  SEATLS_TRY(const World world, World::make());
  SEATLS_TRY(const Identity service, world.ca.certify("localhost"));
  SEATLS_TRY(const auto attestation_key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  SEATLS_TRY(auto machine, software_machine(world.server.key, attestation_key));
  SEATLS_TRY(const auto replica, Replica::start({.policy = machine.policy, .delay = delay}, service));
  RemoteVerifierOptions options;
  options.services = {{Replica::name, replica->url()}};
  options.schemes = {"software"};
  options.result.verifiers = {{Replica::name, {replica->key()}}};
  options.result.max_age = std::chrono::minutes(10);
  options.danger.software_evidence = true;
  options.ca_pem = world.ca.certificate_pem();
  options.outstanding = connections;
  options.timeout = options.budget = std::chrono::seconds(30);
  Parties parties;
  parties.server_attester = machine.attester;
  SEATLS_TRY(parties.client_appraises, make_remote_verifier(std::move(options)));
  return handshakes(connections, world, parties.client_config(false), parties.server_config(false));
}

}  // namespace

Result<Report> concurrency(const ConcurrencyOptions& options) {
  // Two sockets and two descriptors to wait for, per connection.
  SEATLS_CHECK(allow_descriptors(4UL * options.connections + 64));
  Report report;
  using Run = std::function<Result<double>(std::chrono::milliseconds delay)>;
  const auto measure = [&](const std::string& name, const std::string& ratio, unsigned delays,
                           std::chrono::milliseconds delay, const Run& run) -> Result<void> {
    Series none{name + ", no delay", "ms", {}};
    Series delayed{name + ", " + std::to_string(delay.count()) + " ms each", "ms", {}};
    for (unsigned round = 0; round < options.rounds; ++round) {
      SEATLS_TRY(const double fast, run(std::chrono::milliseconds(0)));
      SEATLS_TRY(const double slow, run(delay));
      none.samples.push_back(fast);
      delayed.samples.push_back(slow);
    }
    const double waited = delays * static_cast<double>(delay.count());
    report.ratios.emplace_back(ratio, delayed.median() / (1.2 * none.median() + waited));
    report.cases.push_back(std::move(none));
    report.cases.push_back(std::move(delayed));
    return {};
  };
  for (const bool mutual : {false, true})
    SEATLS_CHECK(measure(mutual ? "both attest" : "server attests",
                         mutual ? "mutual_to_limit" : "server_to_limit", mutual ? 2 : 1, options.delay,
                         [&](auto delay) { return slow_attesters(options.connections, mutual, delay); }));
  SEATLS_CHECK(measure("remote verifier", "remote_to_limit", 1, options.verifier_delay,
                       [&](auto delay) { return slow_verifier(options.appraisals, delay); }));
  report.notes.push_back(
      std::to_string(options.connections) +
      " handshakes at once (remote verifier: " + std::to_string(options.appraisals) +
      "), both ends on one thread; *_to_limit is the delayed wall time over 1.2 x (no delay) + one delay for "
      "each that has one: at most 1.");
  return report;
}

}  // namespace seatls::bench
