#include "bench/reattest.h"

#include <malloc.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bench/tls.h"
#include "seatls/channel.h"

namespace seatls::bench {
namespace {

using openssl::Connection;
using Wall = std::chrono::steady_clock;

constexpr unsigned char protocol[] = {8, 's', 'e', 'a', 't', 'l', 's', '/', '1'};

Error fault(std::string what) { return {Code::internal, std::move(what), "bench"}; }

int choose_protocol(SSL*, const unsigned char** out, unsigned char* length, const unsigned char*, unsigned,
                    void*) {
  *out = protocol + 1;
  *length = sizeof protocol - 1;
  return SSL_TLSEXT_ERR_OK;
}

Result<Context> attached(const Identity* own, const Authority& ca, Config config) {
  SEATLS_TRY(Context ctx, make_context(config.role, own, ca, false));
  if (SSL_CTX_set_alpn_protos(ctx.get(), protocol, sizeof protocol) != 0) return tls_error("ALPN");
  SSL_CTX_set_alpn_select_cb(ctx.get(), choose_protocol, nullptr);
  SEATLS_CHECK(openssl::attach(ctx.get(), std::move(config)));
  return ctx;
}

// Pair is one connection, both ends of it. Its channels go before its sockets.
class Pair {
 public:
  Pair() = default;
  ~Pair() {
    client_.reset();
    server_.reset();
    for (const int fd : fds_)
      if (fd >= 0) close(fd);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  // connect does an attested handshake.
  Result<void> connect(SSL_CTX* client, SSL_CTX* server) {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds_.data()) != 0)
      return fault("socketpair failed");
    SEATLS_TRY(Connection c, Connection::create(client, fds_[0], "server.bench"));
    SEATLS_TRY(Connection s, Connection::create(server, fds_[1]));
    bool client_done = false, server_done = false;
    for (int turn = 0; turn < 20 && !(client_done && server_done); ++turn)
      for (auto [end, done] : {std::pair{&c, &client_done}, std::pair{&s, &server_done}}) {
        if (*done) continue;
        SEATLS_TRY(const Connection::Want want, end->handshake());
        *done = want == Connection::Want::nothing;
      }
    if (!client_done || !server_done) return fault("the attested handshake did not end");
    client_connection_.emplace(std::move(c));
    server_connection_.emplace(std::move(s));
    return {};
  }
  // open puts seatls/1 on the connection.
  Result<void> open() {
    SEATLS_TRY(Channel c, Channel::create(std::move(*client_connection_), {}, now_));
    SEATLS_TRY(Channel s, Channel::create(std::move(*server_connection_), {}, now_));
    client_.emplace(std::move(c));
    server_.emplace(std::move(s));
    return until([&] { return client_->gate_open() && server_->gate_open(); });
  }
  // reattest has the client demand fresh evidence, and waits until it is judged.
  Result<void> reattest() {
    using namespace std::chrono_literals;
    now_ += 1s;
    std::optional<Result<void>> answer;
    client_->require(
        0ms, {}, [&](Result<void> r) { answer = std::move(r); }, now_);
    SEATLS_CHECK(until([&] { return answer.has_value(); }));
    return *answer;
  }
  [[nodiscard]] const Channel& client() const { return *client_; }
  [[nodiscard]] const Channel& server() const { return *server_; }

 private:
  template <class Done>
  Result<void> until(Done done) {
    for (int idle = 0; !done();) {
      SEATLS_CHECK(client_->step(now_));
      SEATLS_CHECK(server_->step(now_));
      if (done()) break;
      // The server signs on a thread of its own; everything else has happened in these steps.
      std::array<pollfd, 4> fds{{{fds_[0], POLLIN, 0},
                                 {fds_[1], POLLIN, 0},
                                 {client_->wants().event_fd, POLLIN, 0},
                                 {server_->wants().event_fd, POLLIN, 0}}};
      idle = poll(fds.data(), fds.size(), 1'000) > 0 ? 0 : idle + 1;
      if (idle == 10) return fault("nothing happened for 10 s");
    }
    return {};
  }

  std::array<int, 2> fds_{-1, -1};
  std::optional<Connection> client_connection_, server_connection_;
  std::optional<Channel> client_, server_;
  Channel::Clock::time_point now_ = Channel::Clock::now();
};

double heap_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

template <class Once>
Result<double> per_second(unsigned times, Once once) {
  const auto start = Wall::now();
  for (unsigned i = 0; i < times; ++i) SEATLS_CHECK(once());
  return times / std::chrono::duration<double>(Wall::now() - start).count();
}

std::string kib(double bytes) { return std::to_string(static_cast<long>(bytes / 1024)) + " KiB"; }

// memory_of re-attests one connection again and again. What grows is told.
Result<void> memory_of(SSL_CTX* client, SSL_CTX* server, unsigned times, Report& report) {
  constexpr unsigned warm_up = 1'200;  // the verifier's cache of evidence is full by then
  Pair pair;
  SEATLS_CHECK(pair.connect(client, server));
  SEATLS_CHECK(pair.open());
  for (unsigned i = 0; i < warm_up; ++i) SEATLS_CHECK(pair.reattest());
  const double before = heap_in_use();
  const auto spent_before = pair.server().spent_contexts();
  Series heap{"heap in use, of everything", "KiB", {before / 1024}};
  for (unsigned i = 1; i <= times; ++i) {
    SEATLS_CHECK(pair.reattest());
    if (i % 1'000 == 0) heap.samples.push_back(heap_in_use() / 1024);
  }
  const double after = heap_in_use();
  const auto spent = pair.server().spent_contexts();
  if (spent - spent_before != times || pair.client().attestation().attested != warm_up + times)
    return fault("a context was used twice, or an answer counted twice");
  report.cases.push_back(std::move(heap));
  report.notes.push_back("One connection, re-attested " + std::to_string(times) + " times: heap in use " +
                         kib(before) + " before, " + kib(after) + " after; " +
                         std::to_string(static_cast<long>(after - before) / static_cast<long>(times)) +
                         " bytes for each.");
  report.notes.push_back(
      "Spent contexts of the peer that the attester remembers: " + std::to_string(spent_before) +
      " before, " + std::to_string(spent) + " after (16 bytes each, " + kib(static_cast<double>(16 * spent)) +
      " without what a hash table adds; at most 65536). No two are the same.");
  return {};
}

}  // namespace

Result<Report> reattest(const ReattestOptions& options) {
  SEATLS_TRY(const Authority ca, Authority::make());
  SEATLS_TRY(const Identity server, ca.certify("server"));
  SEATLS_TRY(const Identity client, ca.certify("client"));
  SEATLS_TRY(const Parties parties, software_parties(server, client));
  SEATLS_TRY(const Context c, attached(nullptr, ca, parties.client_config(false)));
  SEATLS_TRY(const Context s, attached(&server, ca, parties.server_config(false)));

  const auto handshake = [&]() -> Result<void> {
    Pair pair;
    return pair.connect(c.get(), s.get());
  };
  Pair standing;
  SEATLS_CHECK(standing.connect(c.get(), s.get()));
  SEATLS_CHECK(standing.open());
  const auto again = [&] { return standing.reattest(); };
  for (int i = 0; i < 20; ++i) {  // warm-up
    SEATLS_CHECK(handshake());
    SEATLS_CHECK(again());
  }

  Series handshakes{"new attested handshakes", "handshakes/s", {}};
  Series reattestations{"re-attestations of one connection", "re-attestations/s", {}};
  Series ratio;
  for (unsigned round = 0; round < options.rounds; ++round) {
    SEATLS_TRY(const double a, per_second(options.per_round, handshake));
    SEATLS_TRY(const double b, per_second(options.per_round, again));
    handshakes.samples.push_back(a);
    reattestations.samples.push_back(b);
    ratio.samples.push_back(b / a);
  }
  Report report;
  report.cases = {std::move(handshakes), std::move(reattestations)};
  report.ratios.emplace_back("reattest_to_handshake", ratio.median());
  report.notes.emplace_back(
      "The ratio is the median over the rounds. Either brings fresh software evidence of the server, and "
      "both "
      "ends run on one thread; an authenticator is signed on a second one.");
  SEATLS_CHECK(memory_of(c.get(), s.get(), options.connection, report));
  return report;
}

}  // namespace seatls::bench
