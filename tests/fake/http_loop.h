// FakeLoop: an HttpLoop without a network, whose clock a test turns. Nothing happens but in `turn`.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "net/http.h"

namespace seatls::fake {

class FakeLoop final : public net::HttpLoop {
 public:
  struct Sent {
    net::HttpRequest request;
    net::HttpLimits limits;
    Then then;
  };

  ~FakeLoop() override {
    const Error ended{Code::closed, "the client was stopped", ""};
    while (!sent_.empty() || !alarms_.empty()) {
      for (auto& s : std::exchange(sent_, {})) s.then(ended);
      for (auto& [at, then] : std::exchange(alarms_, {})) then(ended);
    }
  }
  void send(net::HttpRequest request, net::HttpLimits limits, Then then) override {
    const std::scoped_lock lock(mutex_);
    sent_.push_back({std::move(request), limits, std::move(then)});
  }
  void wake(Steady::time_point at, Woken then) override {
    const std::scoped_lock lock(mutex_);
    alarms_.emplace(at, std::move(then));
  }
  [[nodiscard]] Steady::time_point now() const override {
    const std::scoped_lock lock(mutex_);
    return now_;
  }

  // turn lets so much time pass, and rings what is due, in its order.
  void turn(std::chrono::milliseconds time = {}) {
    const auto end = now() + time;
    while (true) {
      Woken then;
      {
        const std::scoped_lock lock(mutex_);
        if (alarms_.empty() || alarms_.begin()->first > end) {
          now_ = end;
          return;
        }
        auto node = alarms_.extract(alarms_.begin());
        now_ = std::max(now_, node.key());
        then = std::move(node.mapped());
      }
      then({});
    }
  }
  // taken hands the test the oldest request that nobody answered.
  [[nodiscard]] Sent taken() {
    const std::scoped_lock lock(mutex_);
    if (sent_.empty()) std::abort();
    auto out = std::move(sent_.front());
    sent_.pop_front();
    return out;
  }
  [[nodiscard]] std::size_t waiting() const {
    const std::scoped_lock lock(mutex_);
    return sent_.size();
  }

 private:
  mutable std::mutex mutex_;
  Steady::time_point now_{std::chrono::hours(1)};
  std::deque<Sent> sent_;
  std::multimap<Steady::time_point, Woken> alarms_;
};

}  // namespace seatls::fake
