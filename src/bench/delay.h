// Delay: what takes its time elsewhere, an attester or a verifier, and nobody's processor.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace seatls::bench {

// Delay calls each function that it is given so much later, on a thread of its own. All delays are equal, so
// that is in the order of the requests. What is left at its end is never called.
class Delay {
 public:
  explicit Delay(std::chrono::milliseconds delay) : delay_(delay), thread_([this] { run(); }) {}
  ~Delay();
  Delay(const Delay&) = delete;
  Delay& operator=(const Delay&) = delete;

  void then(std::function<void()> function);

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    Clock::time_point due;
    std::function<void()> function;
  };
  void run();

  const std::chrono::milliseconds delay_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> queue_;
  bool ending_ = false;
  std::thread thread_;  // last: it starts when all else is there
};

}  // namespace seatls::bench
