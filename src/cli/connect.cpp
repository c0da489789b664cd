// connect: like s_client, and it tells what is known of the server.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "cli/client.h"
#include "cli/config_errors.h"
#include "cli/program.h"
#include "cli/session_report.h"
#include "cli/sockets.h"
#include "cli/tls.h"

namespace seatls::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Want = openssl::Connection::Want;

constexpr const char* examples =
    "  seatls connect localhost:8443 --config client.toml\n"
    "  echo hello | seatls connect --config client.toml        where to is in the file: endpoint.connect\n"
    "  seatls connect localhost:8443 --json </dev/null | jq .peer.verdict\n"
    "The summary goes to stderr, application data to stdout. With --json the first line of stdout is the\n"
    "summary as one object.\n";

// A server refuses a client only after the client's handshake is over (TLS 1.3). A client that showed
// something waits this long for a refusal before it tells of success.
constexpr std::chrono::milliseconds refusal_grace{500};
constexpr std::chrono::seconds closing_grace{10};

struct ConnectOptions {
  std::string target;
  std::string name;
  unsigned timeout_ms = 10'000;
};

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

// Pump carries stdin to the peer and the peer's data to stdout, until both are done.
class Pump {
 public:
  Pump(const Console& console, openssl::Connection& connection, int fd)
      : console_(console), connection_(connection), fd_(fd) {}

  Result<void> run() {
    const bool may_be_refused = connection_.report().self_attested || presents_certificate(connection_);
    tell_at_ = Clock::now() + (may_be_refused ? refusal_grace : std::chrono::milliseconds(0));
    while (!peer_done_) {
      if (!told_ && Clock::now() >= tell_at_) tell();
      const auto carried = carry();
      if (!told_ && may_be_refused && (peer_done_ || (!carried && carried.error().code == Code::network)))
        return Error{Code::refused_by_peer,
                     "the server closed the connection as soon as the handshake was over, before it sent "
                     "anything: so a server does that does not accept the client",
                     {}};
      SEATLS_CHECK(carried);
      if (peer_done_) break;
      if (stdin_done_ && pending_.empty() && told_ && !shut_) {
        connection_.shutdown();
        shut_ = true;
        close_at_ = Clock::now() + closing_grace;
      }
      if (shut_ && Clock::now() >= close_at_) break;
      SEATLS_CHECK(wait());
    }
    if (!told_) tell();
    return {};
  }

 private:
  void tell() {
    told_ = true;
    console_.json_line(report_node(connection_));
    if (!console_.json()) console_.note(report_lines(console_, connection_));
  }

  Result<void> carry() {
    SEATLS_CHECK(read_peer());
    return peer_done_ ? Result<void>() : write_peer();
  }

  Result<void> read_peer() {
    for (;;) {
      Want want = Want::nothing;
      const auto n = connection_.read(buffer_, &want);
      if (!n) {
        if (n.error().code != Code::closed) return n.error();
        peer_done_ = true;
        return {};
      }
      if (*n == 0) return {};
      if (!told_) tell();  // the server sends data: it has accepted us
      console_.raw({reinterpret_cast<const char*>(buffer_.data()), *n});
    }
  }

  Result<void> write_peer() {
    while (!pending_.empty()) {
      Want want = Want::nothing;
      SEATLS_TRY(const auto n, connection_.write(pending_, &want));
      blocked_ = want == Want::write;
      if (n == 0) return {};
      pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(n));
    }
    blocked_ = false;
    return {};
  }

  Result<void> wait() {
    std::array<pollfd, 2> fds = {{{fd_, static_cast<short>(blocked_ ? POLLIN | POLLOUT : POLLIN), 0},
                                  {stdin_done_ || !pending_.empty() ? -1 : STDIN_FILENO, POLLIN, 0}}};
    const int limit = !told_ ? milliseconds_until(tell_at_) : shut_ ? milliseconds_until(close_at_) : -1;
    if (poll(fds.data(), fds.size(), limit) < 0 && errno != EINTR)
      return Error{Code::network, "poll failed", ""};
    if (fds[1].revents == 0) return {};
    pending_.resize(buffer_.size());
    const ssize_t n = ::read(STDIN_FILENO, pending_.data(), pending_.size());
    pending_.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) stdin_done_ = true;
    return {};
  }

  const Console& console_;
  openssl::Connection& connection_;
  int fd_;
  std::array<std::uint8_t, 16384> buffer_{};
  Bytes pending_;
  bool stdin_done_ = false, peer_done_ = false, shut_ = false, blocked_ = false, told_ = false;
  Clock::time_point tell_at_, close_at_;
};

Exit run(const Console& console, const Program& program, const ConnectOptions& options) {
  Exit exit = Exit::ok;
  auto loaded = open_config(console, program.common().config, "client.toml", Role::client, &exit);
  if (!loaded) return exit;
  const auto& target = options.target.empty() ? loaded->connect : options.target;
  if (target.empty())
    return console.fail(
        usage_error("where to? seatls connect HOST:PORT, or endpoint.connect in " + loaded->path));
  const auto address = config::parse_host_port(target);
  if (!address) return console.fail(usage_error(address.error().detail));
  const auto name = !options.name.empty()   ? options.name
                    : !loaded->name.empty() ? loaded->name
                                            : address->host;

  const auto verdicts = record_verdicts(*loaded);
  const auto context = openssl::make_context(*loaded);
  if (!context) return console.fail(context.error());
  const ContextPtr owned(*context);

  auto link = ClientLink::open(owned.get(), *address, name, std::chrono::milliseconds(options.timeout_ms));
  if (!link) return console.fail(link.error(), verdicts->node());
  if (const auto done = Pump(console, link->connection(), link->fd()).run(); !done)
    return console.fail(done.error());
  return Exit::ok;
}

}  // namespace

void add_connect(Program& program) {
  auto& verb =
      program.verb("connect", "connect to a server, tell its verdict, then carry stdin and stdout", examples);
  auto o = std::make_shared<ConnectOptions>();
  verb.add_option("HOST:PORT", o->target, "the server (default: endpoint.connect)")->type_name("");
  verb.add_option("--name", o->name, "the name that the certificate must have (default: the host)")
      ->type_name("NAME");
  verb.add_option("--timeout", o->timeout_ms, "limit for connection and handshake, in ms (default: 10000)")
      ->type_name("MS")
      ->check(CLI::Range(1U, 600'000U));
  program.on(verb, [&program, o](const Console& console) { return run(console, program, *o); });
}

}  // namespace seatls::cli
