// Collector: has what evidence needs, or gets it. One item is asked for once, however many wait for it.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/job_thread.h"
#include "base/remembered.h"
#include "collateral/fetch.h"
#include "collateral/store.h"

namespace seatls::collateral {

using appraise::Need;

// Bounds on what strangers can cause.
struct CollectorLimits {
  std::size_t in_flight = 64;  // items that are asked for at a time
  std::size_t waiting = 256;   // appraisals that wait for them
  // Certificates of chips are asked for by numbers that nobody has vouched for: so many at once, and then
  // one in each pause.
  unsigned chips = 32;
  std::chrono::milliseconds chip_pause{1'000};
};

// Collected is what there is of what was needed.
struct Collected {
  std::vector<Held> entries;
  std::vector<Error> missing;  // of what is essential: collateral_missing, collateral_stale
};

class Collector {
 public:
  Collector(const CollateralOptions& options, Fetcher fetcher, Trust trust, std::function<Time()> clock,
            CollectorLimits limits = {});
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // holds says that all of it is there: nothing would be asked for.
  [[nodiscard]] bool holds(const std::vector<Need>& needs, Time at);

  // collect calls `then` exactly once: at once when everything is held (or cannot be had), else from a thread
  // of the collector. When the collector ends first, `then` is called with nullptr.
  using Then = std::function<void(const Collected*)>;
  void collect(const std::vector<Need>& needs, Time at, Then then);

 private:
  struct Waiting;
  struct State;
  void start(const std::vector<Item>& items);

  std::shared_ptr<State> state_;
  std::mutex threads_mutex_;
  // Two for each maker, so that a service that hangs keeps nobody from the other. Started when needed.
  std::array<std::unique_ptr<base::JobThread>, 4> threads_;
};

}  // namespace seatls::collateral
