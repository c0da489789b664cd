// connect: like s_client, and it tells what is known of the server.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "cli/client.h"
#include "cli/config_errors.h"
#include "cli/program.h"
#include "cli/session_report.h"
#include "cli/sockets.h"
#include "cli/tls.h"

namespace seatls::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* examples =
    "  seatls connect localhost:8443 --config client.toml\n"
    "  echo hello | seatls connect --config client.toml        where to is in the file: endpoint.connect\n"
    "  seatls connect localhost:8443 --json </dev/null | jq .peer.verdict\n"
    "  seatls connect localhost:8443 --fresh 5s        attested anew before each line that is typed\n"
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
  std::string fresh;
};

// Pump carries stdin to the peer and the peer's data to stdout, until both are done.
class Pump {
 public:
  Pump(const Console& console, ClientLink& link, std::optional<std::chrono::milliseconds> fresh)
      : console_(console), stream_(link.stream()), fd_(link.fd()), fresh_(fresh) {}

  Result<void> run() {
    // seatls/1 has told us already that the server is content.
    may_be_refused_ = stream_.attestation() == nullptr && (stream_.connection().report().self_attested ||
                                                           presents_certificate(stream_.connection()));
    tell_at_ = Clock::now() + (may_be_refused_ ? refusal_grace : std::chrono::milliseconds(0));
    for (;;) {
      if (!told_ && Clock::now() >= tell_at_) tell();
      if (const auto done = carry(); !done) return end_of(done.error());
      if (refusal_) return *refusal_;
      if (ended_at_ && Clock::now() >= *ended_at_ + closing_grace) return {};
      SEATLS_CHECK(wait());
    }
  }

 private:
  void tell() {
    told_ = true;
    console_.json_line(report_node(stream_));
    if (!console_.json()) console_.note(report_lines(console_, stream_));
    if (const auto* report = stream_.attestation()) seen_ = report->attested;
  }

  // end_of says what the end of the stream means.
  Result<void> end_of(const Error& error) {
    if (refusal_) return *refusal_;
    const bool closed = error.code == Code::closed || error.code == Code::network;
    if (!told_ && may_be_refused_ && closed)
      return Error{Code::refused_by_peer,
                   "the server closed the connection as soon as the handshake was over, before it sent "
                   "anything: so a server does that does not accept the client",
                   {}};
    if (!stream_.ended() && !(closed && ended_at_)) return error;
    if (!told_) tell();
    return {};
  }

  // carry goes on until nothing moves any more: what a step brings is taken at once.
  Result<void> carry() {
    for (bool moved = true; moved;) {
      SEATLS_CHECK(stream_.step());
      tell_changes();
      moved = false;
      while (const std::size_t n = stream_.read(buffer_)) {
        if (!told_) tell();  // the server sends data: it has accepted us
        console_.raw({reinterpret_cast<const char*>(buffer_.data()), n});
        moved = true;
      }
      if (!told_ && stream_.peer_ended()) return Error{Code::closed, "the server closed", {}};
      if (may_send()) {
        const std::size_t n = stream_.write(pending_);
        pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(n));
        moved = moved || n > 0;
      }
      if (pending_.empty()) granted_ = false;
      if (told_ && !ended_at_ && pending_.empty() && (stdin_done_ || stream_.peer_ended())) {
        stream_.end();
        ended_at_ = Clock::now();
        moved = true;
      }
      if (refusal_) return {};
    }
    return {};
  }

  // may_send: with --fresh every piece of data is an operation, for which the server is attested anew where
  // its evidence is older than that.
  bool may_send() {
    if (pending_.empty()) return false;
    if (!fresh_ || granted_) return true;
    if (!std::exchange(asked_, true)) {
      stream_.require(*fresh_, {}, [this](Result<void> answer) {
        asked_ = false;
        granted_ = answer.ok();
        if (!answer) refusal_ = std::move(answer).error();
      });
    }
    return granted_;
  }

  void tell_changes() {
    const auto* report = stream_.attestation();
    if (report == nullptr || !told_ || report->attested == seen_) return;
    seen_ = report->attested;
    console_.note(console_.styled_note(Console::Style::dim, "attested again  ") + report_line(stream_));
  }

  Result<void> wait() {
    const auto wants = stream_.wants();
    const int events = (wants.read ? POLLIN : 0) | (wants.write ? POLLOUT : 0);
    const bool takes = !stdin_done_ && pending_.empty() && !ended_at_;
    std::array<pollfd, 3> fds = {{{fd_, static_cast<short>(events), 0},
                                  {wants.event_fd, POLLIN, 0},
                                  {takes ? STDIN_FILENO : -1, POLLIN, 0}}};
    auto at = wants.at;
    const auto sooner = [&at](Clock::time_point t) { at = at ? std::min(*at, t) : t; };
    if (!told_) sooner(tell_at_);
    if (ended_at_) sooner(*ended_at_ + closing_grace);
    if (poll(fds.data(), fds.size(), at ? milliseconds_until(*at) : -1) < 0 && errno != EINTR)
      return Error{Code::network, "poll failed", ""};
    if (fds[2].revents == 0) return {};
    pending_.resize(buffer_.size());
    const ssize_t n = ::read(STDIN_FILENO, pending_.data(), pending_.size());
    pending_.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) stdin_done_ = true;
    return {};
  }

  const Console& console_;
  Stream& stream_;
  int fd_;
  std::optional<std::chrono::milliseconds> fresh_;
  std::array<std::uint8_t, 16384> buffer_{};
  Bytes pending_;
  bool stdin_done_ = false, told_ = false, may_be_refused_ = false, asked_ = false, granted_ = false;
  std::uint64_t seen_ = 0;
  std::optional<Error> refusal_;
  Clock::time_point tell_at_;
  std::optional<Clock::time_point> ended_at_;
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

  std::optional<std::chrono::milliseconds> fresh;
  if (!options.fresh.empty()) {
    const auto parsed = config::parse_duration(options.fresh);
    if (!parsed) return console.fail(usage_error("--fresh: " + parsed.error().detail));
    if (!loaded->config.require || loaded->config.require->attestation == Requirement::off)
      return console.fail(
          usage_error("--fresh needs attestation of the server: see [require] in " + loaded->path));
    fresh = *parsed;
    loaded->framing = Framing::seatls_1;
  }

  const auto verdicts = record_verdicts(*loaded);
  const auto context = openssl::make_context(*loaded);
  if (!context) return console.fail(context.error());
  const ContextPtr owned(*context);

  auto link =
      ClientLink::open(owned.get(), *loaded, *address, name, std::chrono::milliseconds(options.timeout_ms));
  if (!link) return console.fail(link.error(), verdicts->node());
  if (const auto done = Pump(console, *link, fresh).run(); !done) return console.fail(done.error());
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
  verb.add_option("--fresh", o->fresh,
                  "before anything is sent, evidence of the server must be at most this old: 5s")
      ->type_name("DURATION");
  program.on(verb, [&program, o](const Console& console) { return run(console, program, *o); });
}

}  // namespace seatls::cli
