#include <curl/curl.h>

#include <algorithm>
#include <mutex>

#include "collateral/http.h"

namespace seatls::collateral {
namespace {

constexpr std::size_t largest_header = 64U << 10U;  // bytes of all headers: chains travel in them

struct Exchange {
  const HttpLimits& limits;
  HttpResponse response{};
  std::size_t header_bytes = 0;
  bool too_large = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& x = *static_cast<Exchange*>(user);
  if (x.response.body.size() + size > x.limits.largest) {
    x.too_large = true;
    return 0;
  }
  x.response.body.insert(x.response.body.end(), data, data + size);
  return size;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& x = *static_cast<Exchange*>(user);
  x.header_bytes += size;
  if (x.header_bytes > largest_header) {
    x.too_large = true;
    return 0;
  }
  std::string_view line(data, size);
  if (line.starts_with("HTTP/")) x.response.headers.clear();  // of an answer that announced another
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  auto value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  x.response.headers.emplace_back(std::move(name), value);
  return size;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* stop = static_cast<const HttpLimits*>(user)->stop;
  return stop != nullptr && stop->load() ? 1 : 0;
}

std::string host_of(const std::string& url) {
  const auto start = url.find("://");
  if (start == std::string::npos) return "";
  auto rest = std::string_view(url).substr(start + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (rest.find('@') != std::string_view::npos) return "";  // nobody needs a name and a password here
  if (rest.starts_with("[")) return std::string(rest.substr(0, rest.find(']') + 1));
  return std::string(rest.substr(0, rest.rfind(':')));
}

bool is_loopback(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
}

class CurlGet final : public HttpGet {
 public:
  explicit CurlGet(std::string ca_pem) : ca_pem_(std::move(ca_pem)) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  }

  Result<HttpResponse> get(const std::string& url, const HttpLimits& limits) const override {
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), curl_easy_cleanup);
    if (!handle) return Error{Code::internal, "libcurl gives no handle", "http"};
    CURL* const c = handle.get();
    Exchange x{.limits = limits};
    const bool secure = url.starts_with("https://");
    char why[CURL_ERROR_SIZE] = {};
    curl_blob ca{const_cast<char*>(ca_pem_.data()), ca_pem_.size(), CURL_BLOB_NOCOPY};
    const auto limit = static_cast<long>(std::max<std::chrono::milliseconds::rep>(limits.timeout.count(), 1));

    bool set = true;
    const auto option = [&](CURLoption name, auto value) {
      set = set && curl_easy_setopt(c, name, value) == CURLE_OK;
    };
    option(CURLOPT_URL, url.c_str());
    option(CURLOPT_PROTOCOLS_STR, secure ? "https" : "http");
    option(CURLOPT_FOLLOWLOCATION, 0L);
    option(CURLOPT_SSL_VERIFYPEER, 1L);
    option(CURLOPT_SSL_VERIFYHOST, 2L);
    option(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!ca_pem_.empty()) option(CURLOPT_CAINFO_BLOB, &ca);
    if (is_loopback(host_of(url))) option(CURLOPT_PROXY, "");
    option(CURLOPT_TIMEOUT_MS, limit);
    option(CURLOPT_CONNECTTIMEOUT_MS, limit);
    option(CURLOPT_NOSIGNAL, 1L);
    option(CURLOPT_USERAGENT, "seatls");
    option(CURLOPT_ERRORBUFFER, static_cast<char*>(why));
    option(CURLOPT_WRITEFUNCTION, &on_body);
    option(CURLOPT_WRITEDATA, static_cast<void*>(&x));
    option(CURLOPT_HEADERFUNCTION, &on_header);
    option(CURLOPT_HEADERDATA, static_cast<void*>(&x));
    option(CURLOPT_NOPROGRESS, 0L);
    option(CURLOPT_XFERINFOFUNCTION, &on_progress);
    option(CURLOPT_XFERINFODATA, const_cast<void*>(static_cast<const void*>(&limits)));
    if (!set) return Error{Code::internal, "this libcurl lacks an option that is needed", "http"};

    const CURLcode code = curl_easy_perform(c);
    if (x.too_large)
      return Error{Code::limit_exceeded,
                   "answers with more than " + std::to_string(limits.largest) +
                       " bytes (headers: " + std::to_string(largest_header) + ")",
                   "http"};
    if (code == CURLE_OPERATION_TIMEDOUT)
      return Error{Code::timed_out, "no whole answer within " + std::to_string(limit) + " ms", "http"};
    if (code != CURLE_OK)
      return Error{Code::network, why[0] != '\0' ? why : curl_easy_strerror(code), "http"};
    long status = 0;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    x.response.status = static_cast<unsigned>(status);
    char* next = nullptr;
    if (curl_easy_getinfo(c, CURLINFO_REDIRECT_URL, &next) == CURLE_OK && next != nullptr)
      x.response.location = next;
    return std::move(x.response);
  }

 private:
  const std::string ca_pem_;
};

}  // namespace

std::string HttpResponse::header(std::string_view lower_name) const {
  for (const auto& [name, value] : headers)
    if (name == lower_name) return value;
  return "";
}

std::shared_ptr<const HttpGet> make_http_get(std::string ca_pem) {
  return std::make_shared<CurlGet>(std::move(ca_pem));
}

Result<void> check_url(const std::string& url, bool plain) {
  const bool printable = std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7f; });
  const auto host = host_of(url);
  if (!printable || host.empty())
    return Error{Code::configuration, "\"" + url + "\" is no address; write https://HOST", "url"};
  if (url.starts_with("https://")) return {};
  if (!url.starts_with("http://"))
    return Error{Code::configuration, "\"" + url + "\" is neither https nor http", "url"};
  if (plain || is_loopback(host)) return {};
  return Error{Code::configuration,
               "\"" + url + "\" is plain http to another machine; write https://, or allow it below [danger]",
               "url"};
}

}  // namespace seatls::collateral
