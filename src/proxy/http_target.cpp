#include "proxy/http_target.h"

#include <algorithm>

#include "base/encoding.h"
#include "proxy/http_message.h"

namespace seatls::proxy {
namespace {

Error malformed(std::string what) { return {Code::malformed, std::move(what), "HTTP request"}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_unreserved(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
// pchar of RFC 3986 without the semicolon: some servers take what follows it out of the path.
bool is_path_character(char c) {
  return is_unreserved(c) || std::string_view("!$&'()*+,=:@").find(c) != std::string_view::npos;
}
// What an encoded character may not be: one that needs no encoding, as it hides a name, or one that would be
// read as a part of the path's structure by whoever decodes it first.
bool is_ambiguous_when_encoded(char c) {
  return is_unreserved(c) || static_cast<unsigned char>(c) < 0x20 || c == 0x7f ||
         std::string_view("/\\%;?#").find(c) != std::string_view::npos;
}

Result<std::string> decoded_path(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      if (path[i] != '/' && !is_path_character(path[i]))
        return malformed("the path holds a character that must be percent-encoded");
      out += path[i];
      continue;
    }
    const auto byte = base::from_hex(path.substr(i + 1, 2));
    if (path.size() < i + 3 || !byte) return malformed("the path holds a % without two hexadecimal digits");
    const char c = static_cast<char>(byte->front());
    if (is_ambiguous_when_encoded(c))
      return malformed("the path hides a character behind percent-encoding: write it as it is");
    out += c;
    i += 2;
  }
  if (!base::is_utf8(view(out))) return malformed("the path is not UTF-8");
  return out;
}

Result<void> check_segments(std::string_view path) {
  for (std::size_t start = 1; start < path.size();) {
    const auto slash = std::min(path.find('/', start), path.size());
    const auto segment = path.substr(start, slash - start);
    if (segment.empty()) return malformed("the path has an empty segment");
    if (segment == "." || segment == "..") return malformed("the path has a dot segment");
    start = slash + 1;
  }
  return {};
}

Result<void> check_query(std::string_view query) {
  const bool printable =
      std::ranges::all_of(query, [](char c) { return c > 0x20 && c < 0x7f && c != '#' && c != '\\'; });
  if (!printable) return malformed("the query holds a character that must be percent-encoded");
  return {};
}

}  // namespace

Result<HttpTarget> parse_http_target(std::string_view target) {
  HttpTarget out;
  if (!target.starts_with('/')) {
    const auto scheme = target.find("://");
    const auto name = target.substr(0, scheme);
    if (scheme == std::string_view::npos ||
        !(equal_ignoring_case(name, "http") || equal_ignoring_case(name, "https")))
      return malformed("the target is neither a path nor an http URL");
    target.remove_prefix(scheme + 3);
    const auto end = std::min(target.find_first_of("/?"), target.size());
    out.authority = std::string(target.substr(0, end));
    SEATLS_CHECK(check_host(out.authority));
    target.remove_prefix(end);
  }
  const auto mark = std::min(target.find('?'), target.size());
  const auto path = target.substr(0, mark);
  SEATLS_CHECK(check_query(target.substr(mark)));
  // An absolute form may leave the path out (RFC 9112, 3.2.1).
  out.sent = (path.empty() ? "/" : std::string(path)) + std::string(target.substr(mark));
  SEATLS_TRY(out.path, decoded_path(path.empty() ? "/" : path));
  SEATLS_CHECK(check_segments(out.path));
  return out;
}

Result<void> check_host(std::string_view host) {
  auto name = host;
  std::string_view port;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return malformed("Host is no name and no address");
    name = host.substr(1, end - 1);
    port = host.substr(end + 1);
    const bool address = !name.empty() && std::ranges::all_of(name, [](char c) {
      return is_digit(c) || c == ':' || c == '.' || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    });
    if (!address) return malformed("Host is no name and no address");
  } else {
    const auto colon = std::min(host.find(':'), host.size());
    name = host.substr(0, colon);
    port = host.substr(colon);
    const bool good = !name.empty() && std::ranges::all_of(name, [](char c) {
      return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
    });
    if (!good) return malformed("Host is no name and no address");
  }
  if (port.empty()) return {};
  port.remove_prefix(1);
  if (host[host.size() - port.size() - 1] != ':' || port.empty() || port.size() > 5 ||
      !std::ranges::all_of(port, is_digit))
    return malformed("the port of Host is no number");
  return {};
}

}  // namespace seatls::proxy
