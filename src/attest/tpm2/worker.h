// One connection and one thread per TPM: swtpm serves one connection at a time, and a TPM without a
// resource manager has three slots for keys. Whoever needs the TPM queues a job.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>

#include "base/job_thread.h"
#include "seatls/error.h"

namespace seatls::attest::tpm2 {

class Tpm;

class Worker {
 public:
  // shared returns this process's worker for a TCTI string ("device:/dev/tpmrm0",
  // "swtpm:host=127.0.0.1,port=2321"). It connects when the first job comes, and lets the TPM go
  // after a moment without jobs, so that other programs can have it.
  [[nodiscard]] static std::shared_ptr<Worker> shared(const std::string& tcti);

  // post runs `job` on the worker's thread and passes its result to `done` there. When the TPM
  // cannot be reached, `done` gets Code::tpm; when the worker goes away before, attester_unavailable. Both
  // are called, or `done` alone, exactly once.
  template <class T>
  void post(std::function<Result<T>(Tpm&)> job, std::function<void(Result<T>)> done) {
    push({[job = std::move(job), done](Tpm& tpm) { done(job(tpm)); },
          [done](Error error) { done(std::move(error)); }});
  }

  // call does the same and waits: for set-up and tools, never on the worker's own thread.
  template <class T>
  [[nodiscard]] Result<T> call(std::function<Result<T>(Tpm&)> job) {
    // Shared: the waiter may be gone before set_value has returned.
    auto promise = std::make_shared<std::promise<Result<T>>>();
    post<T>(std::move(job), [promise](Result<T> result) { promise->set_value(std::move(result)); });
    return promise->get_future().get();
  }

 private:
  struct Job {
    std::function<void(Tpm&)> run;
    std::function<void(Error)> fail;
  };
  explicit Worker(std::shared_ptr<Tpm> tpm);
  void push(Job job);
  std::shared_ptr<Tpm> tpm_;  // the thread's own
  base::JobThread thread_;
};

}  // namespace seatls::attest::tpm2
