#include "attest/tpm2/worker.h"

#include <map>
#include <mutex>
#include <utility>

#include "attest/tpm2/tpm.h"

namespace seatls::attest::tpm2 {
namespace {

constexpr std::chrono::milliseconds idle_before_release{200};

}  // namespace

std::shared_ptr<Worker> Worker::shared(const std::string& tcti) {
  // Never destroyed: a worker may outlive static objects.
  static auto& mutex = *new std::mutex;
  static auto& workers = *new std::map<std::string, std::weak_ptr<Worker>>;
  const std::lock_guard lock(mutex);
  auto& known = workers[tcti];
  if (auto worker = known.lock()) return worker;
  std::shared_ptr<Worker> worker(new Worker(std::make_shared<Tpm>(tcti)));
  known = worker;
  return worker;
}

Worker::Worker(std::shared_ptr<Tpm> tpm)
    : tpm_(std::move(tpm)), thread_({idle_before_release, [tpm = tpm_] { tpm->close(); }}) {}

void Worker::push(Job job) {
  const auto run = [tpm = tpm_, work = std::move(job.run), fail = job.fail] {
    if (auto opened = tpm->open(); opened) {
      work(*tpm);
    } else {
      fail(std::move(opened).error());
    }
    if (tpm->lost()) tpm->close();
  };
  thread_.push({run, std::move(job.fail)});
}

}  // namespace seatls::attest::tpm2
