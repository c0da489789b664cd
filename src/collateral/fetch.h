// Fetcher: where each item is published, how often it is asked for, and what comes of an answer.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "collateral/entry.h"
#include "net/http.h"
#include "seatls/collateral.h"

namespace seatls::collateral {

using net::HttpResponse;
using Steady = std::chrono::steady_clock;

// Failure is why an item could not be had, and for how long it is not worth asking again.
struct Failure {
  Error error{};
  std::chrono::milliseconds not_before{};
};

// Fetched is an entry, or a failure.
struct Fetched {
  std::optional<Entry> entry{};
  Failure failure{};
};

class Fetcher {
 public:
  static constexpr std::size_t largest_answer = 4U << 20U;
  static constexpr unsigned most_redirections = 3;

  // Errors of `options`: configuration.
  [[nodiscard]] static Result<Fetcher> make(const CollateralOptions& options,
                                            std::shared_ptr<const net::HttpClient> http);

  // fetch blocks until there is an answer or `deadline`; it ends early when `stop` is set. The entry is not
  // checked yet. `now` is what the entry says about when it was fetched.
  [[nodiscard]] Fetched fetch(const Item& item, Steady::time_point deadline, Time now,
                              const std::atomic<bool>* stop = nullptr) const;

  [[nodiscard]] std::string url_of(const Item& item) const;

  // For tests: how a pause is made. Default: waiting.
  std::function<void(std::chrono::milliseconds)> pause;

 private:
  Fetcher(CollateralOptions options, std::shared_ptr<const net::HttpClient> http)
      : options_(std::move(options)), http_(std::move(http)) {}
  [[nodiscard]] Result<HttpResponse> get(std::string url, Steady::time_point deadline,
                                         const std::atomic<bool>* stop) const;
  CollateralOptions options_;
  std::shared_ptr<const net::HttpClient> http_;
};

// entry_of makes an entry of an answer. Errors: category decode.
[[nodiscard]] Result<Entry> entry_of(const Item& item, const HttpResponse& response);

}  // namespace seatls::collateral
