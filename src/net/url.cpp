#include "net/url.h"

#include <algorithm>
#include <string_view>

#include "net/http.h"

namespace seatls::net {

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

}  // namespace seatls::net
