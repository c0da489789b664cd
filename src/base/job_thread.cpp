#include "base/job_thread.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace seatls::base {
namespace {

// A device that hangs must not keep the process from ending.
constexpr std::chrono::seconds patience_at_the_end{3};

Error gone() { return {Code::attester_unavailable, "the attester was stopped", ""}; }

}  // namespace

// The thread owns the state together with the JobThread: whichever ends last frees it.
struct JobThread::State {
  explicit State(Idle what) : idle(std::move(what)) {}
  const Idle idle;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> jobs;
  bool stop = false;
  bool ended = false;
  std::thread thread;

  // finish lets the thread end, and tells whether it did in time.
  bool finish() {
    std::unique_lock lock(mutex);
    stop = true;
    changed.notify_all();
    const bool done = changed.wait_for(lock, patience_at_the_end, [this] { return ended; });
    lock.unlock();
    done ? thread.join() : thread.detach();
    return done;
  }
};

// Threads knows every thread that nobody has joined. Before the process ends they are joined: each has
// state inside OpenSSL, which would be lost when OpenSSL cleans up first.
class JobThread::Threads {
 public:
  static Threads& all() {
    // Never destroyed, since a thread may outlive static objects; what is registered last with atexit is
    // called first, so OpenSSL comes before us.
    static Threads& threads = *[] {
      OPENSSL_init_crypto(0, nullptr);
      std::ignore = std::atexit([] { all().finish(); });
      return new Threads;
    }();
    return threads;
  }
  void finish() {
    const auto states = [&] {
      const std::lock_guard lock(mutex_);
      return std::exchange(states_, {});
    }();
    for (const auto& state : states) std::ignore = state->finish();
  }
  void add(const std::shared_ptr<State>& state) {
    const std::lock_guard lock(mutex_);
    std::erase_if(states_, [](const auto& s) {
      {
        const std::lock_guard inner(s->mutex);
        if (!s->ended) return false;
      }
      s->thread.join();
      return true;
    });
    states_.push_back(state);
  }
  // take makes the caller the one that joins; false: another one does.
  bool take(const std::shared_ptr<State>& state) {
    const std::lock_guard lock(mutex_);
    return std::erase(states_, state) == 1;
  }

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<State>> states_;
};

JobThread::JobThread(Idle idle) : state_(std::make_shared<State>(std::move(idle))) {
  auto& threads = Threads::all();
  state_->thread = std::thread([state = state_] { loop(state); });
  threads.add(state_);
}

JobThread::~JobThread() {
  if (state_->thread.get_id() == std::this_thread::get_id()) {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;  // it is joined later
  } else if (Threads::all().take(state_)) {
    std::ignore = state_->finish();
  }
}

void JobThread::push(Job job) {
  const std::lock_guard lock(state_->mutex);
  state_->jobs.push_back(std::move(job));
  state_->changed.notify_all();
}

void JobThread::loop(const std::shared_ptr<State>& state) {
  const auto& idle = state->idle;
  bool used = false;  // since idle.then was called
  std::unique_lock lock(state->mutex);
  const auto due = [&] { return state->stop || !state->jobs.empty(); };
  while (true) {
    if (!used || !idle.then) {
      state->changed.wait(lock, due);
    } else if (!state->changed.wait_for(lock, idle.after, due)) {
      idle.then();
      used = false;
      continue;
    }
    if (state->stop) break;
    std::optional<Job> job = std::move(state->jobs.front());
    state->jobs.pop_front();
    lock.unlock();
    job->run();
    used = true;
    job.reset();  // it may hold the last reference to the JobThread, whose end takes the lock
    lock.lock();
  }
  std::deque<Job> rest = std::exchange(state->jobs, {});
  lock.unlock();
  for (const Job& job : rest) job.drop(gone());
  rest.clear();
  if (idle.then) idle.then();
  lock.lock();
  state->ended = true;
  state->changed.notify_all();
}

}  // namespace seatls::base
