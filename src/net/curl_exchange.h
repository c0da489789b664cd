// CurlExchange: one request and its answer, as libcurl is told of it.
#pragma once

#include <curl/curl.h>

#include <memory>

#include "net/http.h"

namespace seatls::net {

class CurlExchange {
 public:
  // `options` outlive it. Errors: misuse, internal.
  [[nodiscard]] static Result<std::unique_ptr<CurlExchange>> make(HttpRequest request, HttpLimits limits,
                                                                  const HttpOptions& options);
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;

  [[nodiscard]] CURL* handle() const { return handle_.get(); }
  // outcome returns what came of it, once libcurl has said `code`.
  [[nodiscard]] Result<HttpResponse> outcome(CURLcode code);

 private:
  struct Freed {
    void operator()(CURL* c) const { curl_easy_cleanup(c); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  CurlExchange(HttpRequest request, HttpLimits limits) : request_(std::move(request)), limits_(limits) {}
  [[nodiscard]] Result<void> set_up(const HttpOptions& options);
  [[nodiscard]] Result<void> set_headers();
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  const HttpRequest request_;
  const HttpLimits limits_;
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  bool too_large_ = false;
  char why_[CURL_ERROR_SIZE] = {};
  std::unique_ptr<curl_slist, Freed> headers_;
  std::unique_ptr<CURL, Freed> handle_;
};

}  // namespace seatls::net
