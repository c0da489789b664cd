// HttpGet fetches one address. What is fetched is not believed for it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/collateral.h"
#include "seatls/error.h"

namespace seatls::collateral {

struct HttpResponse {
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string location;                                      // of a redirection, as a whole address
  Bytes body;

  // header returns the value of the first header of that name, or nothing.
  [[nodiscard]] std::string header(std::string_view lower_name) const;
};

struct HttpLimits {
  std::chrono::milliseconds timeout{};  // of the whole exchange
  std::size_t largest = 0;              // bytes of a body
  const std::atomic<bool>* stop = nullptr;
};

class HttpGet {
 public:
  virtual ~HttpGet() = default;
  // get blocks, and follows no redirection. Safe to use from many threads. Errors: network, timed_out;
  // limit_exceeded for a body that is too large.
  [[nodiscard]] virtual Result<HttpResponse> get(const std::string& url, const HttpLimits& limits) const = 0;
};

// make_http_get fetches with libcurl: https is verified, proxies are those of the environment, and of plain
// http the caller has judged the address (check_url).
[[nodiscard]] std::shared_ptr<const HttpGet> make_http_get(std::string ca_pem);

// check_url refuses addresses that are neither https nor, unless `plain`, http to this very machine. Errors:
// configuration.
[[nodiscard]] Result<void> check_url(const std::string& url, bool plain);

}  // namespace seatls::collateral
