// Session: what it waits for.
#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "proxy/session.h"

namespace seatls::proxy {

namespace asio = boost::asio;

void Session::again() {
  asio::post(host_.io, [self = shared_from_this()] { self->advance(); });
}

void Session::wait(Clock::time_point now) {
  std::optional<Clock::time_point> at;
  const auto sooner = [&at](const std::optional<Clock::time_point>& other) {
    if (other && (!at || *other < *at)) at = other;
  };
  if (attested_) {
    const bool reading = (phase_ == Phase::relay && filter_->wants_peer()) || phase_ == Phase::linger;
    const auto wants = attested_->wants(reading);
    peer_.wants_read = wants.read;
    peer_.wants_write = wants.write;
    wait_for_answer(wants.answer);
    sooner(wants.at);
  }
  if (at && *at <= now) again_ = true;
  wait_on(peer_);
  if (phase_ != Phase::connect || !server()) wait_on(plain_);
  if (std::exchange(again_, false)) return again();
  sooner(deadline_);
  sooner(name_again_);
  if (phase_ == Phase::relay) sooner(moved_ + site_->limits.idle);
  wait_until(at);
}

void Session::wait_on(Side& side) {
  if (!side.line) return;
  if (side.wants_read && !std::exchange(side.reading, true))
    side.line->async_wait(Line::wait_read,
                          [self = shared_from_this(), &side](const boost::system::error_code& code) {
                            if (code == asio::error::operation_aborted)
                              return;  // the side may have another line by now
                            side.reading = false;
                            self->advance();
                          });
  if (side.wants_write && !std::exchange(side.writing, true))
    side.line->async_wait(Line::wait_write,
                          [self = shared_from_this(), &side](const boost::system::error_code& code) {
                            if (code == asio::error::operation_aborted)
                              return;  // the side may have another line by now
                            side.writing = false;
                            self->advance();
                          });
}

// The descriptor belongs to the handshake, which closes it when it goes on, or to the channel, which keeps it
// while it is named here.
void Session::wait_for_answer(int fd) {
  if (fd < 0) {
    again_ = again_ || answer_;  // the channel closes it in its next step
    return let_go_of_answer();
  }
  if (!answer_) {
    answer_.emplace(host_.io);
    boost::system::error_code code;
    answer_->assign(fd, code);
    if (code) {  // no memory is left, most likely: the time limit ends it
      answer_.reset();
      return;
    }
  }
  if (std::exchange(answer_waiting_, true)) return;
  answer_->async_wait(Line::wait_read, [self = shared_from_this(), number = answers_](const auto& failed) {
    if (failed || number != self->answers_) return;
    self->answer_waiting_ = false;
    self->advance();
  });
}

void Session::let_go_of_answer() {
  if (!answer_) return;
  ++answers_;
  answer_waiting_ = false;
  (void)answer_->release();
  answer_.reset();
}

void Session::wait_until(std::optional<Clock::time_point> at) {
  // A timer that fires too early looks again; one for every byte that passes would cost more.
  if (!at || (timer_at_ && *timer_at_ <= *at)) return;
  timer_at_ = at;
  timer_.expires_at(*at);
  timer_.async_wait([self = shared_from_this(), at](const boost::system::error_code& code) {
    if (code || self->timer_at_ != at) return;
    self->timer_at_.reset();
    self->advance();
  });
}

}  // namespace seatls::proxy
