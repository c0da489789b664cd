// JobThread runs jobs one after the other on a thread of its own: what takes time belongs there.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "seatls/error.h"

namespace seatls::base {

class JobThread {
 public:
  // A job is run, or dropped when the thread ends before its turn. Both happen on the thread, outside of
  // locks.
  struct Job {
    std::function<void()> run;
    std::function<void(Error)> drop;  // attester_unavailable
  };
  // Idle is what happens (on the thread) after a moment without jobs, and once more at the end.
  struct Idle {
    std::chrono::milliseconds after{};
    std::function<void()> then{};  // empty: nothing
  };

  explicit JobThread(Idle idle);
  // The last owner may be a job of this very thread: then it ends by itself.
  ~JobThread();
  JobThread(const JobThread&) = delete;
  JobThread& operator=(const JobThread&) = delete;

  void push(Job job);

 private:
  struct State;
  class Threads;
  static void loop(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace seatls::base
