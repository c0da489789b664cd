// Worker: a thread that starts attestations and appraisals for handshakes which are paused in an
// ASYNC job of the application's. A job's stack of 32 KB is too small for them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace seatls::openssl {

class Worker {
 public:
  Worker() = default;
  ~Worker();  // does what was posted, then ends
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // post runs `work` soon, after what was posted before. The thread is made on first use, so that a
  // program may still fork after attach().
  void post(std::function<void()> work);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace seatls::openssl
