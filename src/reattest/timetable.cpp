#include "seatls/reattestation.h"

namespace seatls::reattest {

void Timetable::set(Key key, std::optional<Clock::time_point> when) {
  if (const auto old = when_.find(key); old != when_.end()) {
    order_.erase({old->second, key});
    when_.erase(old);
  }
  if (!when) return;
  when_.emplace(key, *when);
  order_.emplace(*when, key);
}

std::optional<Clock::time_point> Timetable::next() const {
  if (order_.empty()) return std::nullopt;
  return order_.begin()->first;
}

std::optional<Timetable::Key> Timetable::take(Clock::time_point now) {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  const Key key = order_.begin()->second;
  when_.erase(key);
  order_.erase(order_.begin());
  return key;
}

}  // namespace seatls::reattest
