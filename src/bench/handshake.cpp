#include "bench/handshake.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <map>

#include "bench/tls.h"
#include "bench/tpm_time.h"
#include "crypto/signature_openssl.h"
#include "seatls/openssl.h"

namespace seatls::bench {
namespace {

struct Sockets {
  int fd[2] = {-1, -1};
  ~Sockets() {
    for (int f : fd)
      if (f >= 0) close(f);
  }
  Result<void> open() {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0) return {};
    return Error{Code::io, "socketpair failed", "bench"};
  }
};

Result<void> plain_handshake(SSL_CTX* client, SSL_CTX* server) {
  Sockets s;
  SEATLS_CHECK(s.open());
  const Tls c(SSL_new(client)), v(SSL_new(server));
  SSL_set_fd(c.get(), s.fd[0]);
  SSL_set_fd(v.get(), s.fd[1]);
  SSL_set_connect_state(c.get());
  SSL_set_accept_state(v.get());
  bool client_done = false, server_done = false;
  for (int turn = 0; turn < 20 && !(client_done && server_done); ++turn)
    for (auto [ssl, done] : {std::pair{c.get(), &client_done}, std::pair{v.get(), &server_done}}) {
      if (*done) continue;
      const int r = SSL_do_handshake(ssl);
      *done = r == 1;
      if (r != 1 && SSL_get_error(ssl, r) != SSL_ERROR_WANT_READ) return tls_error("plain handshake");
    }
  if (!client_done || !server_done) return Error{Code::internal, "the plain handshake did not end", "bench"};
  return {};
}

Result<void> attested_handshake(SSL_CTX* client, SSL_CTX* server) {
  using openssl::Connection;
  Sockets s;
  SEATLS_CHECK(s.open());
  SEATLS_TRY(Connection c, Connection::create(client, s.fd[0], "server.bench"));
  SEATLS_TRY(Connection v, Connection::create(server, s.fd[1]));
  bool client_done = false, server_done = false;
  for (int turn = 0; turn < 20 && !(client_done && server_done); ++turn)
    for (auto [end, done] : {std::pair{&c, &client_done}, std::pair{&v, &server_done}}) {
      if (*done) continue;
      SEATLS_TRY(const Connection::Want want, end->handshake());
      *done = want == Connection::Want::nothing;
    }
  if (!client_done || !server_done)
    return Error{Code::internal, "the attested handshake did not end", "bench"};
  return {};
}

double cpu_seconds() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(u.ru_utime) + seconds(u.ru_stime);
}

// Case is one thing that is timed, `times` per round.
struct Case {
  std::string name;
  std::function<Result<void>()> once;
  unsigned times;
  Series wall{}, cpu{};
};

Result<void> measure(Case& c) {
  const auto cpu = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  for (unsigned i = 0; i < c.times; ++i) SEATLS_CHECK(c.once());
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  c.wall.samples.push_back(c.times / wall.count());
  c.cpu.samples.push_back((cpu_seconds() - cpu) * 1e6 / c.times);
  return {};
}

}  // namespace

Result<Report> handshake(const HandshakeOptions& options) {
  SEATLS_TRY(const Authority ca, Authority::make());
  SEATLS_TRY(const Identity server, ca.certify("server"));
  SEATLS_TRY(const Identity client, ca.certify("client"));
  SEATLS_TRY(Parties software, software_parties(server, client));
  SEATLS_TRY(Parties passport, passport_parties(server, 1));
  // As many as there are handshakes, warm-up and a round to spare: each is seen once.
  const std::size_t sights = 20 + std::size_t{options.handshakes} * (options.rounds + 1);
  SEATLS_TRY(Parties unknown_passports, passport_parties(server, sights));

  std::vector<Context> contexts;
  const auto pair = [&](const Parties* parties, bool mutual) -> Result<std::pair<SSL_CTX*, SSL_CTX*>> {
    SEATLS_TRY(Context c, make_context(Role::client, mutual ? &client : nullptr, ca, true));
    SEATLS_TRY(Context s, make_context(Role::server, &server, ca, mutual));
    if (parties != nullptr) {
      SEATLS_CHECK(openssl::attach(c.get(), parties->client_config(mutual)));
      SEATLS_CHECK(openssl::attach(s.get(), parties->server_config(mutual)));
    }
    contexts.push_back(std::move(c));
    contexts.push_back(std::move(s));
    return std::pair{contexts[contexts.size() - 2].get(), contexts.back().get()};
  };
  SEATLS_TRY(const auto plain, pair(nullptr, false));
  SEATLS_TRY(const auto plain_mutual, pair(nullptr, true));
  SEATLS_TRY(const auto fresh, pair(&software, false));
  SEATLS_TRY(const auto fresh_mutual, pair(&software, true));
  SEATLS_TRY(const auto cached, pair(&passport, false));
  SEATLS_TRY(const auto first_sight, pair(&unknown_passports, false));

  const Bytes message(200, 7);
  constexpr auto kP256 = crypto::SignatureAlgorithm::ecdsa_p256_sha256;
  SEATLS_TRY(const Bytes signature, server.key.sign(kP256, message, crypto::EcdsaForm::fixed));
  const auto public_key = server.key.public_key();
  const unsigned n = options.handshakes;
  std::vector<Case> cases;
  cases.push_back({"plain TLS", [&] { return plain_handshake(plain.first, plain.second); }, n});
  cases.push_back(
      {"attested server, fresh evidence", [&] { return attested_handshake(fresh.first, fresh.second); }, n});
  cases.push_back({"attested server, passport seen before",
                   [&] { return attested_handshake(cached.first, cached.second); }, n});
  cases.push_back({"attested server, passport at first sight",
                   [&] { return attested_handshake(first_sight.first, first_sight.second); }, n});
  cases.push_back(
      {"plain TLS, mutual", [&] { return plain_handshake(plain_mutual.first, plain_mutual.second); }, n});
  cases.push_back({"attested mutually, fresh evidence",
                   [&] { return attested_handshake(fresh_mutual.first, fresh_mutual.second); }, n});
  const auto sign = [&]() -> Result<void> {
    SEATLS_CHECK(server.key.sign(kP256, message, crypto::EcdsaForm::fixed));
    return {};
  };
  const auto verify = [&] { return public_key.verify(kP256, message, signature, crypto::EcdsaForm::fixed); };
  // In a loop of their own the bare operations find their code and tables in the caches, which they do
  // not between handshakes. What attestation is measured against does them there.
  const auto with_bare = [&](auto plainly, unsigned sides) {
    return [&, plainly, sides]() -> Result<void> {
      SEATLS_CHECK(plain_handshake(plainly.first, plainly.second));
      for (unsigned i = 0; i < sides; ++i) {
        SEATLS_CHECK(sign());
        SEATLS_CHECK(verify());
      }
      return {};
    };
  };
  cases.push_back({"plain TLS and the bare operations", with_bare(plain, 1), n});
  cases.push_back({"plain TLS and the bare operations, mutual", with_bare(plain_mutual, 2), n});
  cases.push_back({"one bare P-256 signature", sign, n});
  cases.push_back({"one bare P-256 verification", verify, n});

  std::erase_if(cases, [&](const Case& c) { return c.name.find(options.only) == std::string::npos; });
  for (auto& c : cases) {  // warm-up
    for (unsigned i = 0; i < 20; ++i) SEATLS_CHECK(c.once());
  }
  for (unsigned round = 0; round < options.rounds; ++round)
    for (auto& c : cases) SEATLS_CHECK(measure(c));

  Report report;
  std::map<std::string, Series> cpu, rate;
  for (auto& c : cases) {
    c.wall.name = c.name;
    c.wall.unit = c.name.starts_with("one bare") ? "operations/s" : "handshakes/s";
    c.cpu.name = c.name + ", CPU";
    c.cpu.unit = "us";
    cpu[c.name] = c.cpu;
    rate[c.name] = c.wall;
    report.cases.push_back(std::move(c.wall));
    report.cases.push_back(std::move(c.cpu));
  }
  if (!options.only.empty()) return report;  // there is nothing to compare with

  // A machine's speed changes from one second to the next. So each round gives a ratio of its own, of
  // figures that were taken within milliseconds of each other, and the median of these is told.
  const auto ratio = [&](const char* name, const std::function<double(std::size_t round)>& of) {
    Series rounds;
    for (std::size_t i = 0; i < options.rounds; ++i) rounds.samples.push_back(of(i));
    report.ratios.emplace_back(name, rounds.median());
  };
  const auto faster = [&](const char* name, const char* attested, const char* plainly) {
    ratio(name, [&](std::size_t i) { return rate.at(attested).samples[i] / rate.at(plainly).samples[i]; });
  };
  const auto cost = [&](const char* name, const char* attested, const char* against) {
    ratio(name, [&](std::size_t i) { return cpu.at(attested).samples[i] / cpu.at(against).samples[i]; });
  };
  faster("attested_to_plain", "attested server, fresh evidence", "plain TLS");
  faster("passport_to_plain", "attested server, passport seen before", "plain TLS");
  faster("new_passport_to_plain", "attested server, passport at first sight", "plain TLS");
  faster("mutual_to_plain", "attested mutually, fresh evidence", "plain TLS, mutual");
  cost("cost_of_one_side", "attested server, fresh evidence", "plain TLS and the bare operations");
  cost("cost_of_two_sides", "attested mutually, fresh evidence", "plain TLS and the bare operations, mutual");
  cost("cost_of_passport", "attested server, passport seen before", "plain TLS");
  report.notes.emplace_back(
      "Ratios are medians over the rounds. cost_of_one_side is CPU of an attested handshake over a plain one "
      "with one bare signature and one bare verification after it; cost_of_two_sides counts two of each. "
      "Both ends run on one thread.");
  if (options.tpm) SEATLS_CHECK(add_tpm_time(report));
  return report;
}

}  // namespace seatls::bench
