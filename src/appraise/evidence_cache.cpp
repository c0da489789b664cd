#include "base/remembered.h"
#include "seatls/verifiers.h"

namespace seatls {

struct EvidenceCache::Impl {
  struct Nothing {};
  base::Remembered<Bytes, Nothing> seen;
};

EvidenceCache::EvidenceCache(std::size_t capacity)
    : impl_(new Impl{base::Remembered<Bytes, Impl::Nothing>(capacity)}) {}
EvidenceCache::~EvidenceCache() = default;

const std::shared_ptr<EvidenceCache>& EvidenceCache::of_process() {
  static const auto cache = std::make_shared<EvidenceCache>();
  return cache;
}

bool EvidenceCache::admit(ByteView digest) { return impl_->seen.keep(bytes(digest), {}); }

}  // namespace seatls
