#include "proxy/attested.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>

namespace seatls::proxy {
namespace {

Error vanished() {
  return {Code::closed, "the peer ended the connection without close_notify: something may be missing",
          "TLS"};
}

bool said_goodbye(const openssl::Connection& connection) {
  return (SSL_get_shutdown(connection.native()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

}  // namespace

Attested::Attested(openssl::Connection connection, const Rules& rules)
    : context_(rules.context), rules_(&rules), plain_(std::move(connection)), begun_(Clock::now()) {}

// Whatever uses the connection goes before the context does.
Attested::~Attested() {
  channel_.reset();
  plain_.reset();
}

Result<Attested> Attested::create(const Rules& rules, int fd, const std::string& name) {
  SEATLS_TRY(auto connection, openssl::Connection::create(rules.context.get(), fd, name));
  // Most connections are idle: 34 KB each for records that are not there would be most of their memory.
  SSL_set_mode(connection.native(), SSL_MODE_RELEASE_BUFFERS);
  return Attested(std::move(connection), rules);
}

Result<void> Attested::open(const std::function<void(const Error&)>& on_refused) {
  done_ = true;
  // A record's header and its body come in one read(2).
  SSL_set_read_ahead(plain_->native(), 1);
  if (plain_->alpn() != channel_alpn && !rules_->demands_channel) return {};
  ChannelOptions options = rules_->channel;
  options.on_refused = on_refused;
  SEATLS_TRY(auto channel, Channel::create(std::move(*plain_), std::move(options)));
  plain_.reset();
  channel_.emplace(std::move(channel));
  return {};
}

Result<void> Attested::step(Clock::time_point now, const std::function<void(const Error&)>& on_refused) {
  if (!done_) {
    SEATLS_TRY(want_, plain_->handshake());
    if (want_ != Want::nothing) return {};
    SEATLS_CHECK(open(on_refused));
  }
  if (channel_) {
    auto stepped = channel_->step(now);
    if (stepped) return {};
    // A peer that has heard both ends closes. What is left for it then is credit that it has no use for.
    if (stepped.error().code != Code::closed || !own_end_ || !channel_->peer_ended()) return stepped;
    goodbye_heard_ = true;
    return {};
  }
  if (goodbye_left_) say_goodbye();
  return {};
}

bool Attested::is_open() const { return channel_ ? channel_->gate_open() : done_; }

Result<std::size_t> Attested::read(std::span<std::uint8_t> into) {
  if (channel_) return channel_->read(into);
  wants_read_ = read_wants_write_ = false;
  if (!done_ || their_end_) return std::size_t{0};
  Want want = Want::nothing;
  auto n = plain_->read(into, &want);
  if (!n) {
    if (n.error().code != Code::closed) return n;
    if (!said_goodbye(*plain_)) return vanished();
    their_end_ = true;
    return std::size_t{0};
  }
  wants_read_ = want == Want::read;
  read_wants_write_ = want == Want::write;
  return n;
}

Result<std::size_t> Attested::write(ByteView data) {
  if (channel_) return channel_->write(data);
  wants_write_ = false;
  if (!done_ || own_end_ || data.empty()) return std::size_t{0};
  Want want = Want::nothing;
  auto n = plain_->write(data, &want);
  if (n) wants_write_ = want == Want::write;
  return n;
}

void Attested::end() {
  if (std::exchange(own_end_, true)) return;
  if (channel_) return channel_->end();
  say_goodbye();
}

// OpenSSL holds an alert back that the socket had no room for. The peer would take the stream for cut off.
// Once it is sent there must be no further call: SSL_shutdown would read, and throw the peer's data away.
void Attested::say_goodbye() {
  SSL* ssl = plain_->native();
  ERR_clear_error();
  const int result = SSL_shutdown(ssl);
  goodbye_left_ = result < 0 && SSL_get_error(ssl, result) == SSL_ERROR_WANT_WRITE;
}

bool Attested::peer_ended() const { return channel_ ? channel_->peer_ended() : their_end_; }
bool Attested::end_sent() const {
  return channel_ ? goodbye_heard_ || channel_->ended() : own_end_ && !goodbye_left_;
}

Attested::Wants Attested::wants(bool reading) const {
  if (goodbye_heard_) return {};
  if (!done_) {
    if (want_ == Want::credential) return {.answer = plain_->credential_fd()};
    return {.read = want_ == Want::read, .write = want_ == Want::write};
  }
  if (channel_) {
    const auto wants = channel_->wants();
    return {.read = wants.read, .write = wants.write, .answer = wants.event_fd, .at = wants.at};
  }
  return {.read = reading && wants_read_, .write = wants_write_ || read_wants_write_ || goodbye_left_};
}

const openssl::Connection& Attested::connection() const {
  return channel_ ? channel_->connection() : *plain_;
}
const SessionReport& Attested::session() const { return connection().report(); }
const reattest::Report* Attested::report() const { return channel_ ? &channel_->attestation() : nullptr; }

void Attested::require(const Filter::Demand& demand, Clock::time_point now,
                       std::function<void(Result<void>)> done) {
  constexpr std::chrono::milliseconds any_age = std::chrono::hours(24 * 3650);
  if (channel_)
    return channel_->require(demand.max_age.value_or(any_age), demand.claims, std::move(done), now);
  const auto refuse = [&](Code code, std::string what) { done(Error{code, std::move(what), "connection"}); };
  const auto& peer = session().peer;
  if (!peer) return refuse(Code::attestation_required, "the peer is not attested");
  // What the handshake showed is as old as the handshake, and the peer cannot be asked again.
  if (demand.max_age && now - begun_ > *demand.max_age)
    return refuse(
        Code::attestation_required,
        "the peer does not speak seatls/1: it cannot be attested again, and its evidence is too old");
  const auto& claims = peer->result()->claims;
  for (const auto& wanted : demand.claims)
    if (std::ranges::find(claims, wanted) == claims.end())
      return refuse(Code::reference_mismatch, wanted.first + " is not " + wanted.second);
  done({});
}

}  // namespace seatls::proxy
