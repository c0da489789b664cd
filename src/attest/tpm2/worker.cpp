#include "attest/tpm2/worker.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "attest/tpm2/tpm.h"

namespace seatls::attest::tpm2 {
namespace {

constexpr std::chrono::milliseconds idle_before_release{200};
// A TPM that hangs must not keep the process from ending.
constexpr std::chrono::seconds patience_at_the_end{3};

Error gone() { return {Code::attester_unavailable, "the TPM's worker was stopped", ""}; }

}  // namespace

// The thread owns the state together with the Worker: whichever ends last frees it.
struct Worker::State {
  explicit State(std::string tcti) : tpm(std::move(tcti)) {}
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> jobs;
  bool stop = false;
  bool ended = false;
  std::thread thread;
  Tpm tpm;  // the thread's own

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
class Worker::Threads {
 public:
  static Threads& all() {
    // Never destroyed, like the workers; what is registered last with atexit is called first, so
    // OpenSSL comes before us.
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

std::shared_ptr<Worker> Worker::shared(const std::string& tcti) {
  // Never destroyed: a worker may outlive static objects.
  static auto& mutex = *new std::mutex;
  static auto& workers = *new std::map<std::string, std::weak_ptr<Worker>>;
  const std::lock_guard lock(mutex);
  auto& known = workers[tcti];
  if (auto worker = known.lock()) return worker;
  std::shared_ptr<Worker> worker(new Worker(tcti));
  known = worker;
  return worker;
}

Worker::Worker(std::string tcti) : state_(std::make_shared<State>(std::move(tcti))) {
  auto& threads = Threads::all();
  state_->thread = std::thread([state = state_] { loop(state); });
  threads.add(state_);
}

Worker::~Worker() {
  // The last owner may be a callback of the worker itself: then it ends by itself, and is joined later.
  if (state_->thread.get_id() == std::this_thread::get_id()) {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  } else if (Threads::all().take(state_)) {
    std::ignore = state_->finish();
  }
}

void Worker::push(Job job) {
  const std::lock_guard lock(state_->mutex);
  state_->jobs.push_back(std::move(job));
  state_->changed.notify_all();
}

void Worker::loop(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  const auto due = [&] { return state->stop || !state->jobs.empty(); };
  while (true) {
    if (!state->tpm.is_open()) {
      state->changed.wait(lock, due);
    } else if (!state->changed.wait_for(lock, idle_before_release, due)) {
      state->tpm.close();
      continue;
    }
    if (state->stop) break;
    std::optional<Job> job = std::move(state->jobs.front());
    state->jobs.pop_front();
    lock.unlock();
    if (auto opened = state->tpm.open(); opened) {
      job->run(state->tpm);
    } else {
      job->fail(std::move(opened).error());
    }
    if (state->tpm.lost()) state->tpm.close();
    job.reset();  // it may hold the last reference to the Worker, whose end takes the lock
    lock.lock();
  }
  std::deque<Job> rest = std::exchange(state->jobs, {});
  lock.unlock();
  for (const Job& job : rest) job.fail(gone());
  rest.clear();
  state->tpm.close();
  lock.lock();
  state->ended = true;
  state->changed.notify_all();
}

}  // namespace seatls::attest::tpm2
