#include "net/curl_exchange.h"

#include <algorithm>
#include <mutex>

#include "net/url.h"

namespace seatls::net {
namespace {

constexpr std::size_t largest_header = 64U << 10U;  // bytes of all headers: chains travel in them

long milliseconds_of(const HttpLimits& limits) {
  return static_cast<long>(std::max<std::chrono::milliseconds::rep>(limits.timeout.count(), 1));
}

bool is_one_line(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c != 0x7f; });
}

}  // namespace

std::size_t CurlExchange::on_body(char* data, std::size_t, std::size_t size, void* self) {
  auto& x = *static_cast<CurlExchange*>(self);
  if (x.response_.body.size() + size > x.limits_.largest) {
    x.too_large_ = true;
    return 0;
  }
  x.response_.body.insert(x.response_.body.end(), data, data + size);
  return size;
}

std::size_t CurlExchange::on_header(char* data, std::size_t, std::size_t size, void* self) {
  auto& x = *static_cast<CurlExchange*>(self);
  x.header_bytes_ += size;
  if (x.header_bytes_ > largest_header) {
    x.too_large_ = true;
    return 0;
  }
  std::string_view line(data, size);
  if (line.starts_with("HTTP/")) x.response_.headers.clear();  // of an answer that announced another
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  auto value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  x.response_.headers.emplace_back(std::move(name), value);
  return size;
}

int CurlExchange::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* stop = static_cast<const CurlExchange*>(self)->limits_.stop;
  return stop != nullptr && stop->load() ? 1 : 0;
}

Result<std::unique_ptr<CurlExchange>> CurlExchange::make(HttpRequest request, HttpLimits limits,
                                                         const HttpOptions& options) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  std::unique_ptr<CurlExchange> x(new CurlExchange(std::move(request), limits));
  x->handle_.reset(curl_easy_init());
  if (!x->handle_) return Error{Code::internal, "libcurl gives no handle", "http"};
  SEATLS_CHECK(x->set_headers());
  SEATLS_CHECK(x->set_up(options));
  return x;
}

Result<void> CurlExchange::set_headers() {
  // libcurl would wait for a "100 Continue" before large bodies.
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  bool whole = list != nullptr;
  for (const auto& [name, value] : request_.headers) {
    if (!is_one_line(name) || !is_one_line(value) || name.empty() || value.empty()) {
      curl_slist_free_all(list);
      return Error{Code::misuse, "\"" + name.substr(0, 80) + "\" is no header that can be written", "http"};
    }
    if (curl_slist* longer = curl_slist_append(list, (name + ": " + value).c_str()))
      list = longer;
    else
      whole = false;
  }
  headers_.reset(list);
  if (!whole) return Error{Code::internal, "out of memory", "http"};
  return {};
}

Result<void> CurlExchange::set_up(const HttpOptions& options) {
  CURL* const c = handle();
  const bool secure = request_.url.starts_with("https://");
  curl_blob ca{const_cast<char*>(options.ca_pem.data()), options.ca_pem.size(), CURL_BLOB_NOCOPY};
  const long limit = milliseconds_of(limits_);
  void* const self = this;

  bool set = true;
  const auto option = [&](CURLoption name, auto value) {
    set = set && curl_easy_setopt(c, name, value) == CURLE_OK;
  };
  option(CURLOPT_URL, request_.url.c_str());
  if (request_.method == "POST") {
    option(CURLOPT_POST, 1L);
    option(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    option(CURLOPT_POSTFIELDS,
           request_.body.empty() ? "" : reinterpret_cast<const char*>(request_.body.data()));
  } else if (request_.method == "DELETE") {
    option(CURLOPT_CUSTOMREQUEST, "DELETE");
  } else if (request_.method != "GET") {
    return Error{Code::misuse, "\"" + request_.method + "\" is no method that is spoken here", "http"};
  }
  option(CURLOPT_HTTPHEADER, headers_.get());
  option(CURLOPT_PROTOCOLS_STR, secure ? "https" : "http");
  option(CURLOPT_FOLLOWLOCATION, 0L);
  option(CURLOPT_SSL_VERIFYPEER, 1L);
  option(CURLOPT_SSL_VERIFYHOST, 2L);
  option(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_pem.empty()) option(CURLOPT_CAINFO_BLOB, &ca);
  if (is_loopback(host_of(request_.url))) option(CURLOPT_PROXY, "");
  option(CURLOPT_TIMEOUT_MS, limit);
  option(CURLOPT_CONNECTTIMEOUT_MS, limit);
  option(CURLOPT_NOSIGNAL, 1L);
  option(CURLOPT_USERAGENT, "seatls");
  option(CURLOPT_ERRORBUFFER, static_cast<char*>(why_));
  option(CURLOPT_WRITEFUNCTION, &CurlExchange::on_body);
  option(CURLOPT_WRITEDATA, self);
  option(CURLOPT_HEADERFUNCTION, &CurlExchange::on_header);
  option(CURLOPT_HEADERDATA, self);
  option(CURLOPT_PRIVATE, self);
  option(CURLOPT_NOPROGRESS, limits_.stop == nullptr ? 1L : 0L);
  option(CURLOPT_XFERINFOFUNCTION, &CurlExchange::on_progress);
  option(CURLOPT_XFERINFODATA, self);
  if (!set) return Error{Code::internal, "this libcurl lacks an option that is needed", "http"};
  return {};
}

Result<HttpResponse> CurlExchange::outcome(CURLcode code) {
  if (too_large_)
    return Error{Code::limit_exceeded,
                 "answers with more than " + std::to_string(limits_.largest) +
                     " bytes (headers: " + std::to_string(largest_header) + ")",
                 "http"};
  if (code == CURLE_OPERATION_TIMEDOUT)
    return Error{Code::timed_out,
                 "no whole answer within " + std::to_string(milliseconds_of(limits_)) + " ms", "http"};
  if (code != CURLE_OK)
    return Error{Code::network, why_[0] != '\0' ? why_ : curl_easy_strerror(code), "http"};
  long status = 0;
  curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<unsigned>(status);
  char* next = nullptr;
  if (curl_easy_getinfo(handle(), CURLINFO_REDIRECT_URL, &next) == CURLE_OK && next != nullptr)
    response_.location = next;
  return std::move(response_);
}

}  // namespace seatls::net
