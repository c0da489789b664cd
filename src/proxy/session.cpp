#include "proxy/session.h"

#include <openssl/ssl.h>
#include <poll.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "proxy/client_hello.h"
#include "proxy/http_filter.h"
#include "proxy/proxy_header.h"

namespace seatls::proxy {
namespace {

namespace asio = boost::asio;
using Mode = config::ProxyListener::Mode;

constexpr int most_turns = 8;  // so that one busy connection does not starve the others of its thread

Error late(const std::string& what) { return {Code::timed_out, what, "proxy"}; }

// hung_up tells whether nothing more will come. Whoever only peeks does not see the end.
bool hung_up(int fd) {
  pollfd p{fd, POLLRDHUP, 0};
  return ::poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

config::SocketAddress address_of(const Target& target) {
  return config::SocketAddress{
      config::SocketAddress::Kind::tcp, {target.host, std::to_string(target.port)}, ""};
}

}  // namespace

Session::Session(Host host, std::shared_ptr<const Site> site, Descriptor accepted, std::string id,
                 std::function<void(Session&)> over)
    : host_(host), site_(std::move(site)), over_(std::move(over)), timer_(host_.io) {
  source_ = remote_end(accepted.fd());
  destination_ = local_end(accepted.fd());
  facts_ = {std::move(id), site_->address.text(), source_.text(), {}};
  prepare(accepted.fd());
  if (!site_->reads_names()) route_ = &site_->routes.front();
  Side& side = route_ != nullptr && !server() ? plain_ : peer_;
  if (&side == &plain_) reset_when_closed(accepted.fd(), true);
  side.line.emplace(host_.io);
  boost::system::error_code code;
  side.line->assign(accepted.fd(), code);
  if (code)
    side.line.reset();
  else
    (void)accepted.release();
  host_.metrics.opened(facts_.listener);
}

Session::~Session() = default;

void Session::start() {
  begun_ = moved_ = Clock::now();
  deadline_ = begun_ + site_->limits.handshake;
  if (!peer_.line && !plain_.line) {
    const Error none{Code::io, "no memory or descriptor is left for another connection", "proxy"};
    return finish(&none);
  }
  Result<void> begun;
  if (route_ != nullptr && !server()) {
    const auto mode = route_->listener.mode;
    if (mode == Mode::tcp) {
      connect_to(*route_->listener.to);
    } else {
      phase_ = Phase::preface;
      preface_ = mode == Mode::socks5 ? make_socks5() : make_connect();
    }
  } else if (route_ != nullptr) {
    begun = begin_handshake(peer_, "");
  }
  if (!begun) return finish(&begun.error());
  advance();
}

void Session::wind_up() {
  if (phase_ == Phase::over) return;
  if (filter_) filter_->wind_up();
  again();
}

void Session::abort(Error reason) { finish(&reason); }

std::function<void(const Error&)> Session::noticing() {
  return [this](const Error& error) {
    host_.metrics.attested_again(false);
    if (host_.events.noticed) host_.events.noticed(facts_, error);
  };
}

void Session::advance() {
  if (phase_ == Phase::over || advancing_) return;
  advancing_ = true;
  const auto now = Clock::now();
  const auto done = turn(now);
  advancing_ = false;
  if (!done) return finish(&done.error());
  if (phase_ != Phase::over) wait(now);
}

Result<void> Session::turn(Clock::time_point now) {
  if (deadline_ && now >= *deadline_) {
    if (phase_ != Phase::linger) return late("the time limit passed before the peer was accepted");
    finish(nullptr);
    return {};
  }
  if ((phase_ == Phase::relay) && now - moved_ >= site_->limits.idle)
    return late("nothing passed for longer than proxy.idle");
  if (phase_ == Phase::name) SEATLS_CHECK(read_name());
  if (phase_ == Phase::preface) SEATLS_CHECK(read_preface());
  for (int turns = 0; turns < most_turns; ++turns) {
    if (!attested_ || phase_ == Phase::over) return {};
    if (phase_ == Phase::handshake) let_go_of_answer();
    SEATLS_CHECK(attested_->step(now, noticing()));
    if (phase_ == Phase::handshake && attested_->is_open()) SEATLS_CHECK(accept_peer(now));
    if (filter_) SEATLS_CHECK(tell_verdict());
    if (phase_ == Phase::linger) return linger();
    if (phase_ != Phase::relay) return {};
    SEATLS_TRY(const bool moved, relay(now));
    if (ends(now) || !moved) return {};
  }
  again_ = true;
  return {};
}

// The ClientHello stays where it is: OpenSSL reads it.
Result<void> Session::read_name() {
  name_again_.reset();
  auto* const into = host_.scratch.data();
  const auto n = ::recv(peer_.fd(), into, std::min(host_.scratch.size(), longest_hello), MSG_PEEK);
  if (n == 0) return Error{Code::closed, "the peer said nothing", "ClientHello"};
  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR) return Error{Code::network, std::strerror(errno), "ClientHello"};
    peer_.wants_read = true;
    return {};
  }
  SEATLS_TRY(const auto hello, read_hello_name({into, static_cast<std::size_t>(n)}));
  if (!hello) {
    if (static_cast<std::size_t>(n) >= longest_hello)
      return Error{Code::limit_exceeded, "longer than 64 KiB", "ClientHello"};
    if (hung_up(peer_.fd())) return Error{Code::closed, "the peer left in the middle", "ClientHello"};
    // It can be read from again when there is more than what was seen. Unix sockets do not know that.
    const int more = static_cast<int>(n) + 1;
    if (source_.family() == AF_UNIX ||
        setsockopt(peer_.fd(), SOL_SOCKET, SO_RCVLOWAT, &more, sizeof more) != 0)
      name_again_ = Clock::now() + std::chrono::milliseconds(10);
    else
      peer_.wants_read = true;
    return {};
  }
  const int any = 1;
  setsockopt(peer_.fd(), SOL_SOCKET, SO_RCVLOWAT, &any, sizeof any);
  route_ = site_->route_for(hello->host);
  if (route_ == nullptr) {
    const auto alert = unrecognized_name();
    (void)::send(peer_.fd(), alert.data(), alert.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    // A close over what was not read is a reset, and may overtake the alert.
    (void)::recv(peer_.fd(), into, host_.scratch.size(), 0);
    ::shutdown(peer_.fd(), SHUT_WR);
    return Error{
        Code::unknown_value,
        hello->host.empty() ? "the ClientHello names no host" : "no listener is for \"" + hello->host + "\"",
        "ClientHello > server_name"};
  }
  return begin_handshake(peer_, "");
}

Result<void> Session::read_preface() {
  plain_.wants_read = false;
  while (true) {
    const auto n = ::recv(plain_.fd(), host_.scratch.data(), 4096, 0);
    if (n == 0) return Error{Code::closed, "the program said nothing", "proxy"};
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      if (errno != EAGAIN) return Error{Code::network, std::strerror(errno), "proxy"};
      plain_.wants_read = true;
      return {};
    }
    auto target = preface_->take({host_.scratch.data(), static_cast<std::size_t>(n)});
    if (const auto reply = preface_->reply(); !reply.empty()) say_to_plain(reply);
    if (!target) {
      preface_.reset();  // it has said its last words
      return std::move(target).error();
    }
    if (!*target) continue;
    facts_.to = config::to_text({(*target)->host, std::to_string((*target)->port)});
    if (!config::allows(route_->listener.allow, (*target)->host, (*target)->port))
      return Error{Code::configuration, "the target is not allowed (proxy.listener.allow): " + facts_.to,
                   "proxy"};
    connect_to(address_of(**target));
    return {};
  }
}

void Session::connect_to(const config::SocketAddress& to) {
  phase_ = Phase::connect;
  facts_.to = to.text();
  target_host_ = to.tcp.host;
  deadline_.reset();
  connector_ = Connector::start(host_.io, to, site_->limits.connect,
                                [weak = weak_from_this()](Result<Descriptor> result) {
                                  const auto self = weak.lock();
                                  if (!self || self->phase_ != Phase::connect) return;
                                  self->connector_.reset();
                                  if (const auto done = self->connected(std::move(result)); !done)
                                    return self->finish(&done.error());
                                  self->advance();
                                });
}

Result<void> Session::connected(Result<Descriptor> result) {
  const bool http = route_->listener.mode == Mode::http;
  if (!result && result.error().code == Code::io) host_.metrics.limited("descriptors");
  if (!result && server() && http) {
    plain_gone_ = true;
    phase_ = Phase::relay;
    filter_->upstream_failed(result.error());
    return {};
  }
  if (!result) return std::move(result).error();
  Side& side = server() ? plain_ : peer_;
  if (&side == &plain_) reset_when_closed(result->fd(), true);
  boost::system::error_code code;
  side.line.emplace(host_.io);
  side.line->assign(result->fd(), code);
  if (code) {
    side.line.reset();
    return Error{Code::io, code.message(), "proxy"};
  }
  (void)result->release();
  moved_ = Clock::now();
  if (server()) {
    plain_gone_ = plain_read_ended_ = plain_write_ended_ = false;
    if (route_->listener.proxy_protocol) first_.put(proxy_header());
    phase_ = Phase::relay;
    filter_->upstream_connected();
    return {};
  }
  return begin_handshake(peer_, route_->server_name.empty() ? target_host_ : route_->server_name);
}

Result<void> Session::begin_handshake(Side& side, const std::string& server_name) {
  phase_ = Phase::handshake;
  deadline_ = Clock::now() + site_->limits.handshake;
  SEATLS_TRY(auto attested, Attested::create(route_->rules, side.fd(), server_name));
  attested_.emplace(std::move(attested));
  return {};
}

Result<void> Session::accept_peer(Clock::time_point now) {
  deadline_.reset();
  moved_ = now;
  host_.metrics.accepted(now - begun_);
  if (route_->listener.mode == Mode::http)
    filter_ = make_http_filter(route_->listener.http, {Role::server, source_.host()});
  else
    filter_ = make_tcp_filter();
  if (server()) {
    connect_to(*route_->listener.to);
  } else {
    phase_ = Phase::relay;
    if (preface_) {
      first_.put(preface_->granted());
      const auto early = bytes(preface_->rest());
      preface_.reset();
      if (!early.empty()) SEATLS_CHECK(filter_->upstream_sent(early));
    }
  }
  if (host_.events.accepted) host_.events.accepted(facts_, attested_->session(), attested_->report());
  return {};
}

Result<void> Session::tell_verdict() {
  const auto* report = attested_->report();
  const Seen seen = report != nullptr ? Seen{report->attested, report->standing} : Seen{};
  if (seen_ && *seen_ == seen) return {};
  const bool first = !seen_;
  if (!first && report->attested > seen_->attested) host_.metrics.attested_again(true);
  seen_ = seen;
  const auto& session = attested_->session();
  PeerVerdict verdict{&session, report, seen.standing == reattest::Standing::restricted, {}};
  if (host_.events.verdict_json) verdict.json = host_.events.verdict_json(session, report);
  filter_->verdict(verdict);
  if (!first && host_.events.changed) host_.events.changed(facts_, session, report);
  return {};
}

Bytes Session::proxy_header() const {
  const auto& session = attested_->session();
  SSL* ssl = attested_->connection().native();
  ProxyHeader header;
  header.source = source_;
  header.destination = destination_;
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) header.authority = name;
  header.connection = facts_.id;
  header.tls_version = SSL_get_version(ssl);
  header.cipher = SSL_get_cipher_name(ssl);
  header.has_certificate = SSL_get0_peer_certificate(ssl) != nullptr;
  header.certificate_verified = session.pki_verified || session.peer.has_value();
  if (session.pki_verified) header.common_name = session.peer_name;
  if (host_.events.verdict_json) header.verdict = host_.events.verdict_json(session, attested_->report());
  return encode(header);
}

// The program behind a client's listener hears why, as far as its protocol can say it.
void Session::say_to_plain(const Bytes& last_words) {
  (void)::send(plain_.fd(), last_words.data(), last_words.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Session::finish(const Error* reason) {
  if (std::exchange(phase_, Phase::over) == Phase::over) return;
  const auto self = shared_from_this();
  if (connector_) connector_->stop();
  connector_.reset();
  const bool accepted = filter_ != nullptr;
  if (reason != nullptr && preface_ && plain_.line) say_to_plain(preface_->refused(*reason));
  // Any other end is a reset, that of a killed process too: what is missing must not look like an end.
  if ((reason == nullptr || preface_) && plain_.line) reset_when_closed(plain_.fd(), false);
  let_go_of_answer();
  attested_.reset();
  boost::system::error_code ignored;
  timer_.cancel(ignored);
  for (Side* side : {&peer_, &plain_})
    if (side->line) side->line->close(ignored);

  traffic_.took = Clock::now() - begun_;
  host_.metrics.closed(facts_.listener, traffic_.from_peer, traffic_.to_peer);
  if (reason != nullptr && !accepted) host_.metrics.refused(reason->code);
  if (!accepted && reason != nullptr && host_.events.refused) host_.events.refused(facts_, *reason);
  if (accepted && host_.events.closed) host_.events.closed(facts_, traffic_, reason);
  if (const auto over = std::exchange(over_, nullptr)) over(*this);
}

}  // namespace seatls::proxy
