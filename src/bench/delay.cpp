#include "bench/delay.h"

namespace seatls::bench {

Delay::~Delay() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Delay::then(std::function<void()> function) {
  const std::scoped_lock lock(mutex_);
  queue_.push_back({Clock::now() + delay_, std::move(function)});
  changed_.notify_all();
}

void Delay::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (queue_.empty()) {
      changed_.wait(lock);
    } else if (const auto due = queue_.front().due; Clock::now() < due) {
      changed_.wait_until(lock, due);
    } else {
      const auto function = std::move(queue_.front().function);
      queue_.pop_front();
      lock.unlock();
      function();
      lock.lock();
    }
  }
}

}  // namespace seatls::bench
