// Watchers are whom Store::watch named; a thread of the store's calls them.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace seatls::service {

class Watchers {
 public:
  void add(std::function<void()> changed) {
    const std::lock_guard lock(mutex_);
    list_.push_back(std::move(changed));
  }
  void call() {
    std::vector<std::function<void()>> list;
    {
      const std::lock_guard lock(mutex_);
      list = list_;
    }
    for (const auto& changed : list) changed();
  }

 private:
  std::mutex mutex_;
  std::vector<std::function<void()>> list_;
};

}  // namespace seatls::service
