// Waiting for a slow answer (evidence, a verdict, a TPM's signature) in the middle of a handshake.
//
// Inside of an OpenSSL ASYNC job the job is paused, and its thread goes on with other connections.
// Outside of one the call blocks: OpenSSL offers nothing else there. docs/adr says why jobs.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "seatls/error.h"

namespace seatls::openssl {

// Wakeup is shared by the handshake that waits and the thread that works for it, so that either may
// go first. It ends by `ring` or by its time limit, whichever comes first.
class Wakeup {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Wakeup(std::chrono::milliseconds limit) : deadline_(Clock::now() + limit) {}
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  // ring may come from any thread, at any time, and more than once.
  void ring() noexcept;
  [[nodiscard]] bool rung() const;
  [[nodiscard]] bool over() const;  // rung, or out of time

  // fd can be read once over() is true. It is made on first use and belongs to the Wakeup.
  [[nodiscard]] Result<int> fd();
  void block();  // until over()

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  const Clock::time_point deadline_;
  bool rung_ = false;
  int fd_ = -1;
};

// wait_for returns once `wakeup` has rung. Errors: timed_out; closed when the connection is being
// given up (see abandon in seatls/openssl.h); io when no file descriptor is left.
[[nodiscard]] Result<void> wait_for(const std::shared_ptr<Wakeup>& wakeup);

// park pauses the current job once: what follows is to happen on the stack that the job was started
// from. Errors: closed, as above.
[[nodiscard]] Result<void> park();

// Answer is one value that another thread hands in. The first `put` counts.
template <class T>
class Answer {
 public:
  explicit Answer(std::chrono::milliseconds limit) : wakeup_(std::make_shared<Wakeup>(limit)) {}

  void put(Result<T> value) {
    {
      const std::lock_guard lock(mutex_);
      if (value_) return;
      value_.emplace(std::move(value));
    }
    wakeup_->ring();
  }
  // wait pauses or blocks until there is an answer, and takes it. Errors: those of wait_for, and the
  // answer's own.
  [[nodiscard]] Result<T> wait() {
    SEATLS_CHECK(wait_for(wakeup_));
    const std::lock_guard lock(mutex_);
    return std::move(*value_);
  }
  [[nodiscard]] const std::shared_ptr<Wakeup>& wakeup() const { return wakeup_; }

 private:
  std::mutex mutex_;
  std::optional<Result<T>> value_;
  std::shared_ptr<Wakeup> wakeup_;
};

}  // namespace seatls::openssl
