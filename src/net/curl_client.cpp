#include "net/curl_exchange.h"

namespace seatls::net {
namespace {

class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(HttpOptions options) : options_(std::move(options)) {}

  Result<HttpResponse> exchange(const HttpRequest& request, const HttpLimits& limits) const override {
    SEATLS_TRY(const auto x, CurlExchange::make(request, limits, options_));
    return x->outcome(curl_easy_perform(x->handle()));
  }

 private:
  const HttpOptions options_;
};

}  // namespace

std::string HttpResponse::header(std::string_view lower_name) const {
  for (const auto& [name, value] : headers)
    if (name == lower_name) return value;
  return "";
}

std::shared_ptr<const HttpClient> make_http_client(HttpOptions options) {
  return std::make_shared<CurlClient>(std::move(options));
}

}  // namespace seatls::net
