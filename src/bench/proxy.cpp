#include "bench/proxy.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <thread>

#include "base/descriptor.h"
#include "bench/place.h"
#include "bench/proxies.h"
#include "bench/tls.h"
#include "seatls/openssl.h"

namespace seatls::bench {
namespace {

namespace fs = std::filesystem;
using base::Descriptor;
using Clock = std::chrono::steady_clock;

Error fault(std::string what) { return {Code::internal, std::move(what), "bench"}; }

// ---- The service behind: its first byte says what a client wants -----------------------------------

constexpr char wants_echo = 'e';  // each byte comes back
constexpr char wants_bulk = 'b';  // so many megabytes come
constexpr char wants_idle = 'i';  // one byte comes, then nothing

class Service {
 public:
  static Result<std::unique_ptr<Service>> start(unsigned megabytes) {
    auto service = std::unique_ptr<Service>(new Service(megabytes));
    auto address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(service->listener_.fd(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::listen(service->listener_.fd(), 4096) != 0 ||
        ::getsockname(service->listener_.fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
      return fault("the service behind cannot listen");
    service->port_ = ntohs(address.sin_port);
    service->thread_ = std::thread([raw = service.get()] { raw->run(); });
    return service;
  }
  ~Service() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  explicit Service(unsigned megabytes)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), megabytes_(megabytes) {}

  // One thread serves all: bulk while it lasts, everybody else by turns.
  void run() {
    while (!over_) {
      std::vector<pollfd> waiting{{listener_.fd(), POLLIN, 0}};
      for (const auto& [fd, open] : open_) waiting.push_back({fd, POLLIN, 0});
      if (::poll(waiting.data(), waiting.size(), 50) <= 0) continue;
      for (const auto& p : waiting) {
        if (p.revents == 0) continue;
        if (p.fd != listener_.fd()) {
          serve(p.fd);
        } else if (Descriptor taken(::accept4(p.fd, nullptr, nullptr, SOCK_CLOEXEC)); taken) {
          const int one = 1;
          ::setsockopt(taken.fd(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          const int fd = taken.fd();
          open_.emplace(fd, std::move(taken));
        }
      }
    }
  }
  void serve(int fd) {
    char asked[4096];
    const auto n = ::recv(fd, asked, sizeof asked, 0);
    bool goes_on = n > 0;
    if (goes_on && asked[0] == wants_bulk)
      goes_on = send_bulk(fd);
    else if (goes_on)
      goes_on = ::send(fd, asked, static_cast<std::size_t>(n), MSG_NOSIGNAL) == n;
    if (!goes_on) open_.erase(fd);
  }
  [[nodiscard]] bool send_bulk(int fd) const {
    const std::vector<char> block(1U << 20U, 'x');
    for (unsigned i = 0; i < megabytes_; ++i)
      for (std::size_t done = 0; done < block.size();) {
        const auto n = ::send(fd, block.data() + done, block.size() - done, MSG_NOSIGNAL);
        if (n <= 0) return false;
        done += static_cast<std::size_t>(n);
      }
    return true;
  }

  const Descriptor listener_;
  const unsigned megabytes_;
  std::uint16_t port_ = 0;
  std::map<int, Descriptor> open_;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

// ---- The client -------------------------------------------------------------------------------------

// Visitor is one blocking connection.
class Visitor {
 public:
  static Result<Visitor> open(SSL_CTX* ctx, std::uint16_t port) {
    Visitor v(Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), SSL_new(ctx));
    const auto address = loopback(port);
    const int one = 1;
    ::setsockopt(v.fd_.fd(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (::connect(v.fd_.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return fault("connect failed: are file descriptors left? (ulimit -n)");
    SSL_set_fd(v.ssl_.get(), v.fd_.fd());
    SSL_set1_host(v.ssl_.get(), "server.bench");
    if (SSL_connect(v.ssl_.get()) != 1) return fault("the handshake failed");
    return v;
  }
  // ask sends one byte and takes one.
  Result<void> ask(char what) {
    char answer = 0;
    if (SSL_write(ssl_.get(), &what, 1) != 1 || SSL_read(ssl_.get(), &answer, 1) != 1)
      return fault("no answer came through");
    return {};
  }
  Result<void> fetch(std::size_t size) {
    if (SSL_write(ssl_.get(), &wants_bulk, 1) != 1) return fault("the request was not sent");
    std::vector<char> block(1U << 16U);
    for (std::size_t got = 0; got < size;) {
      const int n = SSL_read(ssl_.get(), block.data(), static_cast<int>(block.size()));
      if (n <= 0) return fault("the answer ended early");
      got += static_cast<std::size_t>(n);
    }
    return {};
  }
  void leave() { SSL_shutdown(ssl_.get()); }

 private:
  Visitor(Descriptor fd, SSL* ssl) : fd_(std::move(fd)), ssl_(ssl) {}
  Descriptor fd_;
  Tls ssl_;
};

// ---- The programs, by turns --------------------------------------------------------------------------

struct Figures {
  double handshake_us = 0, gigabyte_s = 0, requests_per_second = 0, idle_kib = 0;
};

struct Row {
  Kind kind;
  SSL_CTX* client;
  std::vector<Figures> rounds;

  [[nodiscard]] Series series(const std::string& what, const std::string& unit,
                              double Figures::*figure) const {
    Series out{kind.name + ", " + what, unit, {}};
    for (const auto& round : rounds) out.samples.push_back(round.*figure);
    return out;
  }
};

// Subject is one program as it runs in one round.
class Subject {
 public:
  static Result<Subject> start(const Row& row, TerminatorSetup setup) {
    SEATLS_TRY(auto terminator, Terminator::start(row.kind, std::move(setup)));
    Subject subject(row, std::move(terminator));
    SEATLS_CHECK(subject.connect(20));  // the first ones warm it up
    SEATLS_TRY(subject.visitor_, subject.visit());
    return subject;
  }

  Result<void> handshakes(unsigned count) {
    const double before = terminator_->cpu_seconds();
    SEATLS_CHECK(connect(count));
    spent_.handshake_us += (terminator_->cpu_seconds() - before) * 1e6;
    return {};
  }
  Result<void> requests(unsigned count) {
    const auto begun = Clock::now();
    for (unsigned i = 0; i < count; ++i) SEATLS_CHECK(visitor_->ask(wants_echo));
    requests_took_ += std::chrono::duration<double>(Clock::now() - begun).count();
    return {};
  }
  Result<void> bulk(unsigned megabytes) {
    const double before = terminator_->cpu_seconds();
    SEATLS_CHECK(visitor_->fetch(std::size_t{megabytes} << 20U));
    spent_.gigabyte_s += terminator_->cpu_seconds() - before;
    return {};
  }
  Result<Figures> finish(const ProxyOptions& options) {
    visitor_->leave();
    visitor_.reset();
    const double empty = terminator_->memory_kib();
    std::vector<Visitor> idle;
    for (unsigned i = 0; i < options.idle; ++i) {
      SEATLS_TRY(auto one, visit());
      SEATLS_CHECK(one.ask(wants_idle));
      idle.push_back(std::move(one));
    }
    return Figures{spent_.handshake_us / options.handshakes, spent_.gigabyte_s * 1024 / options.megabytes,
                   options.requests / requests_took_,
                   (terminator_->memory_kib() - empty) / std::max(1U, options.idle)};
  }

 private:
  Subject(const Row& row, std::unique_ptr<Terminator> terminator)
      : client_(row.client), terminator_(std::move(terminator)) {}
  Result<Visitor> visit() { return Visitor::open(client_, terminator_->port()); }
  Result<void> connect(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      SEATLS_TRY(auto visitor, visit());
      SEATLS_CHECK(visitor.ask(wants_echo));
      visitor.leave();
    }
    return {};
  }

  SSL_CTX* client_;
  std::unique_ptr<Terminator> terminator_;
  std::optional<Visitor> visitor_;
  Figures spent_;
  double requests_took_ = 0;
};

// All of them run at once, and take their turns in small portions: what else the machine does falls on all.
constexpr unsigned portions = 16;

Result<void> round(std::vector<Row>& rows, const fs::path& folder, std::uint16_t upstream,
                   const ProxyOptions& options) {
  std::vector<Subject> subjects;
  for (const auto& row : rows) {
    SEATLS_TRY(const auto port, free_port());
    SEATLS_TRY(auto subject, Subject::start(row, {folder, port, upstream}));
    subjects.push_back(std::move(subject));
  }
  for (unsigned portion = 0; portion < portions; ++portion)
    for (auto& subject : subjects) SEATLS_CHECK(subject.handshakes(options.handshakes / portions));
  for (unsigned portion = 0; portion < portions; ++portion)
    for (auto& subject : subjects) SEATLS_CHECK(subject.requests(options.requests / portions));
  for (unsigned portion = 0; portion < portions; ++portion)
    for (auto& subject : subjects) SEATLS_CHECK(subject.bulk(options.megabytes / portions));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SEATLS_TRY(const auto figures, subjects[i].finish(options));
    rows[i].rounds.push_back(figures);
  }
  return {};
}

Result<void> write_identity(const fs::path& folder, const Identity& server) {
  SEATLS_TRY(const auto key, server.key.to_pem());
  const auto certificate = crypto::to_pem(server.certificate), secret = std::string(text(key.reveal()));
  std::ofstream(folder / "server.pem") << certificate;
  std::ofstream(folder / "server.key") << secret;
  std::ofstream(folder / "both.pem") << certificate << secret;
  fs::permissions(folder / "server.key", fs::perms::owner_read);
  fs::permissions(folder / "both.pem", fs::perms::owner_read);
  return {};
}

// The ratio of medians, of the first row to the best of the others.
std::optional<double> to_best(const std::vector<Series>& all) {
  if (all.size() < 2) return std::nullopt;
  double best = all[1].median();
  for (std::size_t i = 2; i < all.size(); ++i) best = std::min(best, all[i].median());
  return all[0].median() / best;
}

}  // namespace

Result<Report> proxy(const ProxyOptions& options) {
  // Of this process, for each idle connection: the client's, the service's, and room.
  SEATLS_CHECK(allow_descriptors(3UL * options.idle + 64));
  SEATLS_TRY(const Authority ca, Authority::make());
  SEATLS_TRY(const Identity server, ca.certify("server"));
  SEATLS_TRY(const Folder folder, Folder::make());
  SEATLS_CHECK(write_identity(folder.path(), server));
  SEATLS_TRY(const auto service, Service::start(options.megabytes / portions));
  SEATLS_TRY(const Context plain, make_context(Role::client, nullptr, ca, true));
  SEATLS_TRY(const Context attesting, make_context(Role::client, nullptr, ca, true));
  SEATLS_TRY(const Parties parties, software_parties(server, server));
  SEATLS_CHECK(openssl::attach(attesting.get(), parties.client_config(false)));

  Report report;
  std::vector<Row> rows;
  for (const auto& kind : plain_kinds()) {
    if (kind.program.empty())
      report.notes.push_back(kind.name + ": SKIPPED, not installed");
    else
      rows.push_back({kind, plain.get(), {}});
  }
  rows.push_back({attested_kind(), attesting.get(), {}});
  for (unsigned i = 0; i < options.rounds; ++i)
    SEATLS_CHECK(round(rows, folder.path(), service->port(), options));

  struct Figure {
    const char *what, *unit, *ratio;
    double Figures::*value;
  };
  const Figure figures[] = {{"a handshake", "us CPU", "handshake_to_best", &Figures::handshake_us},
                            {"a GB", "s CPU", "gigabyte_to_best", &Figures::gigabyte_s},
                            {"requests", "/s", nullptr, &Figures::requests_per_second},
                            {"an idle connection", "KiB", "idle_to_best", &Figures::idle_kib}};
  for (const auto& figure : figures) {
    std::vector<Series> all;
    for (const auto& row : rows) all.push_back(row.series(figure.what, figure.unit, figure.value));
    const Series attested = all.back();
    const std::vector<Series> without(all.begin(), all.end() - 1);
    if (const auto ratio = to_best(without); ratio && figure.ratio != nullptr)
      report.ratios.emplace_back(figure.ratio, *ratio);
    if (figure.value == &Figures::gigabyte_s)
      report.ratios.emplace_back("attested_gigabyte_to_plain", attested.median() / without.front().median());
    report.cases.insert(report.cases.end(), all.begin(), all.end());
  }
  report.notes.emplace_back(
      "processor time of each program alone, from the kernel's count; a handshake is a connection with one "
      "byte each "
      "way; *_to_best is the sidecar without attestation over the best of the others");
  return report;
}

}  // namespace seatls::bench
