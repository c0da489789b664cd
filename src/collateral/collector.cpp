#include "collateral/collector.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace seatls::collateral {

// Waiting is one appraisal until its last item has come, or failed to.
struct Collector::Waiting {
  Waiting(std::vector<Need> what, Time when, Then then_do, std::shared_ptr<std::atomic<std::size_t>> others)
      : needs(std::move(what)), at(when), then(std::move(then_do)), count(std::move(others)) {
    ++*count;
  }
  ~Waiting() {
    --*count;
    if (then) then(nullptr);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  const std::vector<Need> needs;
  const Time at;
  Then then;
  const std::shared_ptr<std::atomic<std::size_t>> count;
  // Under the state's mutex.
  std::size_t left = 1;  // items that have not come, and one until it is known which these are
  std::map<std::string, Error> failed;
};

// State outlives the Collector in the jobs that still run.
struct Collector::State {
  State(const CollateralOptions& o, Fetcher f, Trust trust, std::function<Time()> c, CollectorLimits l)
      : options(o),
        fetcher(std::move(f)),
        clock(std::move(c)),
        limits(l),
        store(o.cache, std::move(trust)),
        failures(1024),
        chips(l.chips),
        chips_since(Steady::now()) {}

  struct Remembered {
    Error error;
    Steady::time_point until, since;
  };

  const CollateralOptions options;
  const Fetcher fetcher;
  const std::function<Time()> clock;
  const CollectorLimits limits;
  Store store;
  base::Remembered<std::string, Remembered> failures;
  std::atomic<bool> stop{false};
  const std::shared_ptr<std::atomic<std::size_t>> waiting = std::make_shared<std::atomic<std::size_t>>(0);

  std::mutex mutex;
  std::map<std::string, std::vector<std::shared_ptr<Waiting>>> in_flight;
  unsigned chips;
  Steady::time_point chips_since;

  // refusal says why an item is not to be asked for now. Under the mutex.
  std::optional<Error> refusal(const Item& item) {
    const auto name = name_of(item);
    const auto now = Steady::now();
    if (const auto failure = failures.find(name); failure && now < failure->until) {
      Error error = failure->error;
      error.detail += "; asked " +
                      std::to_string(std::chrono::floor<std::chrono::seconds>(now - failure->since).count()) +
                      " s ago, and not again for " +
                      std::to_string(std::chrono::ceil<std::chrono::seconds>(failure->until - now).count()) +
                      " s";
      return error;
    }
    const auto busy = [&](const std::string& why) {
      return Error{Code::collateral_missing, describe(item) + ": not asked for: " + why, "collateral"};
    };
    if (in_flight.size() >= limits.in_flight)
      return busy(std::to_string(limits.in_flight) +
                  " others are being asked for; fetch it beforehand with "
                  "`seatls collateral prefetch`");
    if (!std::holds_alternative<appraise::VcekOf>(item)) return std::nullopt;
    for (; chips < limits.chips && now - chips_since >= limits.chip_pause; chips_since += limits.chip_pause)
      ++chips;
    if (chips == limits.chips) chips_since = now;
    if (chips == 0)
      return busy(
          "certificates of " + std::to_string(limits.chips) +
          " chips were asked for in short time; let the evidence bring its own, or fetch it beforehand "
          "with `seatls collateral prefetch`");
    --chips;
    return std::nullopt;
  }

  [[nodiscard]] bool is_old(const Checked& c, Time at) const {
    return at - c.entry.fetched >= options.refresh ||
           c.until - at <= std::min(options.refresh, (c.until - c.from) / 4);
  }

  // gather takes what is held. Each of the rest is missing for the reason in `failed`.
  Collected gather(const std::vector<Need>& needs, Time at, const std::map<std::string, Error>& failed) {
    Collected out;
    for (const auto& need : needs) {
      if (auto held = store.find(need.item, at)) {
        out.entries.push_back(std::move(held));
        continue;
      }
      if (!need.essential) continue;
      const auto known = failed.find(name_of(need.item));
      Error error = known != failed.end()
                        ? known->second
                        : Error{Code::collateral_missing, describe(need.item) + ": does not hold any more",
                                "collateral"};
      if (store.stale(need.item, at)) {
        error.code = Code::collateral_stale;
        error.detail += "; what is held is not valid at " + base::to_rfc3339(at);
      }
      out.missing.push_back(std::move(error));
    }
    return out;
  }

  // run asks for one item, and lets those go on who waited for it alone.
  void run(const Item& item, Steady::time_point deadline) {
    const auto name = name_of(item);
    std::optional<Failure> failure;
    // Another process may have filled the folder.
    if (const auto held = store.find(item, clock(), clock() - options.refresh);
        held && !is_old(*held, clock()))
      return finish(name, std::nullopt);
    auto fetched = fetcher.fetch(item, deadline, clock(), &stop);
    if (fetched.entry) {
      const auto source = fetched.entry->source;
      if (auto kept = store.keep(std::move(*fetched.entry), item, clock()); !kept) {
        auto error = std::move(kept).error();
        error.detail = describe(item) + ": " + source + ": what it serves " + error.detail;
        error.path = "collateral";
        failure = Failure{std::move(error), std::chrono::milliseconds(60'000)};
      }
    } else {
      failure = std::move(fetched.failure);
    }
    if (failure && !stop && failure->not_before > std::chrono::milliseconds(0)) {
      const auto now = Steady::now();
      failures.keep(name, {failure->error, now + failure->not_before, now});
    }
    finish(name, failure ? std::optional(failure->error) : std::nullopt);
  }

  void finish(const std::string& name, const std::optional<Error>& error) {
    std::vector<std::shared_ptr<Waiting>> ready;
    {
      const std::scoped_lock lock(mutex);
      for (auto& waiter : std::exchange(in_flight[name], {})) {
        if (error) waiter->failed.insert_or_assign(name, *error);
        if (--waiter->left == 0) ready.push_back(std::move(waiter));
      }
      in_flight.erase(name);
    }
    if (stop) return;  // who waits is told so when it is let go
    for (const auto& waiter : ready) {
      const auto collected = gather(waiter->needs, waiter->at, waiter->failed);
      std::exchange(waiter->then, nullptr)(&collected);
    }
  }
};

Collector::Collector(const CollateralOptions& options, Fetcher fetcher, Trust trust,
                     std::function<Time()> clock, CollectorLimits limits)
    : state_(
          std::make_shared<State>(options, std::move(fetcher), std::move(trust), std::move(clock), limits)) {}

Collector::~Collector() { state_->stop = true; }

bool Collector::holds(const std::vector<Need>& needs, Time at) {
  return std::ranges::all_of(needs,
                             [&](const Need& need) { return state_->store.find(need.item, at) != nullptr; });
}

void Collector::collect(const std::vector<Need>& needs, Time at, Then then) {
  auto& s = *state_;
  std::vector<Item> absent, old;
  std::map<std::string, Error> failed;
  for (const auto& need : needs) {
    const auto held = s.store.find(need.item, at);
    if (!held)
      absent.push_back(need.item);
    else if (s.is_old(*held, at))
      old.push_back(need.item);
  }
  if (s.options.offline) {
    for (const auto& item : absent)
      failed.emplace(
          name_of(item),
          Error{Code::collateral_missing,
                describe(item) + ": not in " + (s.options.cache.empty() ? "memory" : s.options.cache) +
                    ", and nothing is fetched (offline); `seatls collateral prefetch` fills the folder",
                "collateral"});
    absent.clear();
    old.clear();
  }

  auto waiter = std::make_shared<Waiting>(needs, at, std::move(then), s.waiting);
  std::vector<Item> to_start;
  bool ready = false;
  {
    const std::scoped_lock lock(s.mutex);
    const bool full = *s.waiting > s.limits.waiting;
    const auto want = [&](const Item& item, bool wait) {
      const auto name = name_of(item);
      if (const auto flying = s.in_flight.find(name); flying != s.in_flight.end()) {
        if (wait) flying->second.push_back(waiter);
        waiter->left += wait ? 1 : 0;
        return;
      }
      if (auto refused = s.refusal(item)) {
        if (wait) waiter->failed.insert_or_assign(name, std::move(*refused));
        return;
      }
      s.in_flight[name] = wait ? std::vector{waiter} : std::vector<std::shared_ptr<Waiting>>();
      waiter->left += wait ? 1 : 0;
      to_start.push_back(item);
    };
    waiter->failed = std::move(failed);
    for (const auto& item : absent) {
      if (full)
        waiter->failed.insert_or_assign(
            name_of(item),
            Error{Code::collateral_missing,
                  describe(item) + ": not asked for: " + std::to_string(s.limits.waiting) +
                      " appraisals wait for collateral; fetch it beforehand with `seatls collateral "
                      "prefetch`",
                  "collateral"});
      else
        want(item, true);
    }
    for (const auto& item : old) want(item, false);
    ready = --waiter->left == 0;
  }
  if (ready) {
    const auto collected = s.gather(needs, at, waiter->failed);
    std::exchange(waiter->then, nullptr)(&collected);
  }
  waiter.reset();
  start(to_start);
}

void Collector::start(const std::vector<Item>& items) {
  const auto deadline = Steady::now() + state_->options.budget;
  const std::scoped_lock lock(threads_mutex_);
  for (const auto& item : items) {
    const auto name = name_of(item);
    auto& thread = threads_[(is_intel(item) ? 0 : 2) + std::hash<std::string>{}(name) % 2];
    if (!thread) thread = std::make_unique<base::JobThread>(base::JobThread::Idle{});
    thread->push({.run = [state = state_, item, deadline] { state->run(item, deadline); },
                  .drop = [state = state_, name](const Error& error) { state->finish(name, error); }});
  }
}

}  // namespace seatls::collateral
