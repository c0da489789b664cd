// HTTP, as a client speaks it. Nothing that comes back is believed for where it comes from.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";  // or POST, DELETE
  std::string url{};
  HttpHeaders headers{};
  Bytes body{};  // of a POST
};

struct HttpResponse {
  unsigned status = 0;
  HttpHeaders headers{};   // names in lower case
  std::string location{};  // of a redirection, as a whole address
  Bytes body{};

  // header returns the value of the first header of that name, or nothing.
  [[nodiscard]] std::string header(std::string_view lower_name) const;
};

struct HttpLimits {
  std::chrono::milliseconds timeout{};      // of the whole exchange
  std::size_t largest = 0;                  // bytes of a body
  const std::atomic<bool>* stop = nullptr;  // ends it early; it outlives the exchange
};

struct HttpOptions {
  std::string ca_pem{};  // who vouches for servers; empty: whom the system trusts
};

// HttpClient asks, and waits for the answer.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // exchange blocks, and follows no redirection. Safe to use from many threads. Errors: network, timed_out;
  // limit_exceeded for an answer that is too large; misuse for a request that cannot be written.
  [[nodiscard]] virtual Result<HttpResponse> exchange(const HttpRequest& request,
                                                      const HttpLimits& limits) const = 0;
  [[nodiscard]] Result<HttpResponse> get(const std::string& url, const HttpLimits& limits) const {
    return exchange({.url = url}, limits);
  }
};

// HttpLoop asks many at a time, on one thread of its own that keeps connections for the next.
class HttpLoop {
 public:
  using Steady = std::chrono::steady_clock;
  using Then = std::function<void(Result<HttpResponse>)>;
  using Woken = std::function<void(Result<void>)>;
  // Whatever was begun ends with `closed`, on the loop's thread, before the destructor returns (unless it
  // is that thread which destroys the loop).
  virtual ~HttpLoop() = default;

  // send never blocks; `then` is called exactly once, on the loop's thread. Errors: as HttpClient's.
  virtual void send(HttpRequest request, HttpLimits limits, Then then) = 0;
  // wake calls `then` exactly once, on the loop's thread, when the moment has come.
  virtual void wake(Steady::time_point at, Woken then) = 0;
  [[nodiscard]] virtual Steady::time_point now() const = 0;
};

// Both speak through libcurl: https is verified, proxies are those of the environment, and of plain http the
// caller has judged the address (check_url).
[[nodiscard]] std::shared_ptr<const HttpClient> make_http_client(HttpOptions options);
[[nodiscard]] Result<std::shared_ptr<HttpLoop>> make_http_loop(HttpOptions options);

// check_url refuses addresses that are neither https nor, unless `plain`, http to this very machine. Errors:
// configuration.
[[nodiscard]] Result<void> check_url(const std::string& url, bool plain);

}  // namespace seatls::net
