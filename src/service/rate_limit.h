// RateLimit: how often one client may ask. A bucket of tokens for each client, filled at a steady rate.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace seatls::service {

class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  // `per_second` requests on the average, `burst` at once. At most `clients` are remembered: of more, those
  // whose buckets are full again are forgotten, and where none is, whoever comes new waits.
  RateLimit(double per_second, double burst, std::size_t clients = 65'536)
      : rate_(per_second), burst_(burst), most_(clients) {}

  // admit takes a token of the client's, or tells that there is none. A rate of zero admits everything.
  [[nodiscard]] bool admit(const std::string& client, Clock::time_point now);

 private:
  struct Bucket {
    double tokens;
    Clock::time_point at;
  };
  void forget_full(Clock::time_point now);

  const double rate_, burst_;
  const std::size_t most_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

// client_of is who an address counts as: the address itself, and of IPv6 the network of 64 bits that one
// customer has.
[[nodiscard]] std::string client_of(const std::string& address);

}  // namespace seatls::service
