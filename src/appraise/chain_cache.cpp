#include "appraise/chain_cache.h"

#include <algorithm>

#include "crypto/hash.h"

namespace seatls::appraise {
namespace {

// Each part with its length, so that no two lists of parts are the same bytes.
void add(crypto::Hasher& hasher, ByteView part) {
  const auto size = static_cast<std::uint64_t>(part.size());
  Bytes prefix;
  for (int shift = 0; shift < 64; shift += 8) prefix.push_back(static_cast<std::uint8_t>(size >> shift));
  hasher.update(prefix);
  hasher.update(part);
}

Bytes key_of(std::span<const crypto::Certificate> chain, const std::vector<Bytes>& crls) {
  crypto::Hasher hasher(Hash::sha256);
  for (const auto& certificate : chain) add(hasher, certificate.der());
  add(hasher, {});
  for (const auto& crl : crls) add(hasher, crl);
  return hasher.current();
}

// A step apart for each certificate: a CA may publish a list of intermediates, and none of end entities.
Result<void> verify_steps(std::span<const crypto::Certificate> chain, const std::vector<Bytes>& crls,
                          Time at) {
  for (std::size_t i = 0; i + 1 < chain.size(); ++i)
    SEATLS_CHECK(crypto::verify_chain(
        chain[i], {.anchors = {chain[i + 1]}, .crls = i == 0 ? std::vector<Bytes>() : crls, .at = at}));
  return {};
}

}  // namespace

ChainCache& ChainCache::of_process() {
  static ChainCache cache;
  return cache;
}

Result<void> ChainCache::verify(std::span<const crypto::Certificate> chain, const std::vector<Bytes>& crls,
                                Time at) {
  Bytes key = key_of(chain, crls);
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(key);
    if (known != known_.end() && known->second.from <= at && at <= known->second.until) return {};
  }
  SEATLS_CHECK(verify_steps(chain, crls, at));
  Interval holds{Time::min(), Time::max()};
  for (const auto& certificate : chain) {
    holds.from = std::max(holds.from, certificate.not_before());
    holds.until = std::min(holds.until, certificate.not_after());
  }
  for (const auto& crl : crls) {
    SEATLS_TRY(const auto period, crypto::crl_period(crl));
    holds.from = std::max(holds.from, period.from);
    holds.until = std::min(holds.until, period.until);
  }
  const std::lock_guard lock(mutex_);
  // Whoever fills it with chains of its own only costs the others a verification.
  if (known_.size() >= capacity_) known_.clear();
  known_.insert_or_assign(std::move(key), holds);
  return {};
}

}  // namespace seatls::appraise
