#include <deque>
#include <mutex>
#include <unordered_set>

#include "seatls/verifiers.h"

namespace seatls {

struct EvidenceCache::Impl {
  std::size_t capacity;
  std::mutex mutex{};
  std::unordered_set<std::string> known{};
  std::deque<const std::string*> order{};  // oldest first; the set does not move its elements
};

EvidenceCache::EvidenceCache(std::size_t capacity) : impl_(new Impl{std::max<std::size_t>(capacity, 1)}) {}
EvidenceCache::~EvidenceCache() = default;

const std::shared_ptr<EvidenceCache>& EvidenceCache::of_process() {
  static const auto cache = std::make_shared<EvidenceCache>();
  return cache;
}

bool EvidenceCache::admit(ByteView digest) {
  const std::scoped_lock lock(impl_->mutex);
  const auto [at, added] = impl_->known.insert(text(digest));
  if (!added) return false;
  impl_->order.push_back(&*at);
  if (impl_->order.size() > impl_->capacity) {
    impl_->known.erase(*impl_->order.front());
    impl_->order.pop_front();
  }
  return true;
}

}  // namespace seatls
