// When to ask next.
#pragma once

#include <chrono>
#include <functional>

#include "seatls/reattestation.h"

namespace seatls::reattest {

class Pace {
 public:
  explicit Pace(const Plan& plan);
  // period returns a time between `longest` × (1 - jitter) and `longest`.
  [[nodiscard]] std::chrono::milliseconds period(std::chrono::milliseconds longest) const;
  // pause returns how long to wait after so many failures in a row, at least 1.
  [[nodiscard]] std::chrono::milliseconds pause(unsigned failures) const;

 private:
  const Plan& plan_;
  std::function<double()> random_;
};

}  // namespace seatls::reattest
