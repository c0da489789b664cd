#include "service/rate_limit.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace seatls::service {

bool RateLimit::admit(const std::string& client, Clock::time_point now) {
  if (rate_ <= 0) return true;
  const std::scoped_lock lock(mutex_);
  auto found = buckets_.find(client);
  if (found == buckets_.end()) {
    if (buckets_.size() >= most_) forget_full(now);
    if (buckets_.size() >= most_) return false;
    found = buckets_.emplace(client, Bucket{burst_, now}).first;
  }
  auto& bucket = found->second;
  const double passed = std::chrono::duration<double>(now - bucket.at).count();
  bucket.tokens = std::min(burst_, bucket.tokens + std::max(passed, 0.0) * rate_);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

void RateLimit::forget_full(Clock::time_point now) {
  std::erase_if(buckets_, [&](const auto& row) {
    return row.second.tokens + std::chrono::duration<double>(now - row.second.at).count() * rate_ >= burst_;
  });
}

std::string client_of(const std::string& address) {
  std::array<std::uint8_t, 16> raw{};
  if (::inet_pton(AF_INET6, address.c_str(), raw.data()) != 1) return address;
  constexpr std::array<std::uint8_t, 12> v4_mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::ranges::equal(v4_mapped, ByteView(raw).first(12))) return base::to_hex(ByteView(raw).last(4));
  return base::to_hex(ByteView(raw).first(8)) + "/64";
}

}  // namespace seatls::service
