// Session: data between the attested peer and the plain side.
#include <cerrno>
#include <cstring>

#include "proxy/session.h"

namespace seatls::proxy {
namespace {

// How long the other side may take to say that it has heard the end.
constexpr std::chrono::seconds goodbye_limit{30};
constexpr int most_reads = 16;

}  // namespace

Result<bool> Session::relay(Clock::time_point now) {
  SEATLS_TRY(const bool in, peer_to_plain());
  SEATLS_TRY(const bool out, plain_to_peer());
  const bool decided = meet_demand(now);
  if (auto broken = filter_->broken()) return std::move(*broken);
  if (change_plain()) return true;
  if (in || out) moved_ = now;
  return in || out || decided;
}

Result<bool> Session::peer_to_plain() {
  bool moved = false;
  // While it is waited for, there is nothing to read: most turns are about the other side.
  const bool dry = peer_.reading && attested_->is_dry();
  for (int reads = 0; reads < most_reads && !dry && !peer_end_told_ && filter_->wants_peer(); ++reads) {
    SEATLS_TRY(const std::size_t n, attested_->read(host_.scratch));
    if (n > 0) {
      traffic_.from_peer += n;
      moved = true;
      SEATLS_CHECK(filter_->peer_sent(host_.scratch.first(n)));
      continue;
    }
    if (attested_->peer_ended()) {
      peer_end_told_ = moved = true;
      filter_->peer_ended();
    }
    break;
  }
  SEATLS_TRY(const bool written, write_plain());
  return moved || written;
}

// write_plain sends what waits, and shuts that direction when the filter says so.
Result<bool> Session::write_plain() {
  plain_.wants_write = false;
  bool moved = false;
  while (!plain_gone_ && !plain_write_ended_) {
    const bool preamble = !first_.empty();
    const ByteView data = preamble ? first_.view() : filter_->for_upstream();
    if (data.empty()) {
      if (!filter_->end_upstream()) break;
      ::shutdown(plain_.fd(), SHUT_WR);
      plain_write_ended_ = moved = true;
      break;
    }
    const auto n = ::send(plain_.fd(), data.data(), data.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      plain_.wants_write = true;
      break;
    }
    if (n < 0) return plain_failed(errno);
    if (preamble)
      first_.take(static_cast<std::size_t>(n));
    else
      filter_->taken_by_upstream(static_cast<std::size_t>(n));
    moved = true;
  }
  return moved;
}

Result<bool> Session::plain_to_peer() {
  bool moved = false;
  plain_.wants_read = plain_.reading;
  while (!plain_.reading && !plain_gone_ && !plain_read_ended_ && filter_->wants_upstream()) {
    const auto n = ::recv(plain_.fd(), host_.scratch.data(), host_.scratch.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      plain_.wants_read = true;
      break;
    }
    if (n < 0) {
      SEATLS_CHECK(plain_failed(errno));
      break;
    }
    moved = true;
    if (n == 0) {
      plain_read_ended_ = true;
      filter_->upstream_ended();
      break;
    }
    SEATLS_CHECK(filter_->upstream_sent(host_.scratch.first(static_cast<std::size_t>(n))));
  }
  while (true) {
    const ByteView data = filter_->for_peer();
    if (data.empty()) break;
    SEATLS_TRY(const std::size_t n, attested_->write(data));
    if (n == 0) break;
    traffic_.to_peer += n;
    filter_->taken_by_peer(n);
    moved = true;
  }
  if (!peer_write_ended_ && filter_->for_peer().empty() && filter_->end_peer()) {
    attested_->end();
    peer_write_ended_ = moved = true;
  }
  return moved;
}

Result<bool> Session::plain_failed(int error) {
  Error broken{Code::network, std::string("the plain side broke off: ") + std::strerror(error), facts_.to};
  // Bytes alone cannot say that some are missing: the other side is broken off as well.
  if (route_->listener.mode != config::ProxyListener::Mode::http) return broken;
  plain_gone_ = true;
  filter_->upstream_failed(broken);
  return true;
}

// change_plain lets go of a connection to the application that has ended between two requests, and gets
// another one when there is a next request.
bool Session::change_plain() {
  const auto state = filter_->upstream();
  if (state == Filter::Upstream::used || !server()) return false;
  bool moved = false;
  if (plain_.line) {
    boost::system::error_code ignored;
    reset_when_closed(plain_.fd(), false);  // nothing is missing
    plain_.line->close(ignored);
    plain_.line.reset();
    plain_.reading = plain_.writing = plain_.wants_read = plain_.wants_write = false;
    plain_gone_ = moved = true;
  }
  if (state == Filter::Upstream::spent) return moved;
  connect_to(*route_->listener.to);
  return true;
}

bool Session::meet_demand(Clock::time_point now) {
  if (!demanding_) {
    const auto demand = filter_->demand();
    if (!demand) return false;
    demanding_ = true;
    attested_->require(*demand, now, [this](Result<void> result) { decision_ = std::move(result); });
  }
  if (!decision_) return false;
  demanding_ = false;
  const auto decision = std::exchange(decision_, std::nullopt);
  filter_->decided(*decision);
  return true;
}

// ends tells whether nothing is left to relay.
bool Session::ends(Clock::time_point now) {
  const bool plain_done = plain_gone_ || plain_write_ended_;
  if (!peer_write_ended_ || !plain_done) return false;
  if (peer_end_told_ && (plain_gone_ || plain_read_ended_) && attested_->end_sent()) {
    finish(nullptr);
    return true;
  }
  // Both have heard the last: what they still send is read, so that no reset overtakes what they were sent.
  phase_ = Phase::linger;
  deadline_ = now + goodbye_limit;
  again_ = true;
  return true;
}

Result<void> Session::linger() {
  plain_.wants_read = plain_.wants_write = false;
  while (!plain_gone_ && !plain_read_ended_) {
    const auto n = ::recv(plain_.fd(), host_.scratch.data(), host_.scratch.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      plain_.wants_read = true;
      break;
    }
    plain_read_ended_ = n <= 0;
  }
  for (int reads = 0; reads < most_reads && !peer_end_told_; ++reads) {
    const auto n = attested_->read(host_.scratch);
    peer_end_told_ = !n || attested_->peer_ended();
    if (n && *n == 0) break;
  }
  if (peer_end_told_ && (plain_gone_ || plain_read_ended_) && attested_->end_sent()) finish(nullptr);
  return {};
}

}  // namespace seatls::proxy
