// Remembered keeps what was worked out once and comes again: keys that were decoded, chains that verified,
// evidence that was seen. Of more than `capacity` it forgets the oldest, so that whoever sends ever new ones
// makes it useless, and no more. Safe to use from many threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace seatls::base {

template <class Name, class T>
class Remembered {
 public:
  explicit Remembered(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {}

  [[nodiscard]] std::optional<T> find(const Name& name) const {
    const std::scoped_lock lock(mutex_);
    const auto found = known_.find(name);
    return found == known_.end() ? std::nullopt : std::optional<T>(found->second);
  }

  // keep returns whether the name was new; a value that was there is replaced.
  bool keep(Name name, T value) {
    const std::scoped_lock lock(mutex_);
    const auto [at, added] = known_.insert_or_assign(std::move(name), std::move(value));
    if (!added) return false;
    order_.push_back(at);
    if (order_.size() > capacity_) {
      known_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

 private:
  using Known = std::map<Name, T>;
  std::size_t capacity_;
  mutable std::mutex mutex_;
  Known known_;
  std::deque<typename Known::iterator> order_;  // oldest first
};

}  // namespace seatls::base
