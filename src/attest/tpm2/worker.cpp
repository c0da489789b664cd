#include "attest/tpm2/worker.h"

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

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
  state_->thread = std::thread([state = state_] { loop(state); });
}

Worker::~Worker() {
  std::unique_lock lock(state_->mutex);
  state_->stop = true;
  state_->changed.notify_all();
  // The last owner may be a callback of the worker itself.
  const bool on_own_thread = state_->thread.get_id() == std::this_thread::get_id();
  const bool ended =
      !on_own_thread && state_->changed.wait_for(lock, patience_at_the_end, [this] { return state_->ended; });
  lock.unlock();
  if (ended) {
    state_->thread.join();
  } else {
    state_->thread.detach();
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
