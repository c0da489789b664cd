// Breaker: a service that fails again and again is left alone for a while, so that nobody waits for it. Pure:
// the time is given.
#pragma once

#include <chrono>
#include <optional>

namespace seatls::remote {

class Breaker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Rule {
    unsigned failures = 5;                    // in a row, before it opens
    std::chrono::milliseconds pause{10'000};  // before one may try again
  };
  explicit Breaker(Rule rule) : rule_(rule) {}

  // admit tells whether the service may be asked now. After the pause one asker is admitted as a probe, and
  // the others when it succeeded. Each that was admitted tells what came of it, by one of the three below.
  [[nodiscard]] bool admit(Time now);
  void succeeded();
  void failed(Time now);
  void gave_up();  // nothing was learnt of the service

  [[nodiscard]] bool is_open() const { return opened_.has_value(); }

 private:
  const Rule rule_;
  unsigned failures_ = 0;
  std::optional<Time> opened_;
  bool probing_ = false;
};

}  // namespace seatls::remote
