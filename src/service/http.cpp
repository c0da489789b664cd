#include "service/http.h"

#include <algorithm>

#include "base/encoding.h"
#include "codec/json.h"
#include "rats/media_type.h"

namespace seatls::service {
namespace {

namespace json = codec::json;

Error malformed(std::string what) { return {Code::malformed, std::move(what), "request target"}; }

Result<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = base::from_hex(text.substr(i + 1, 2));
    if (text.size() < i + 3 || !byte) return malformed("holds a % without two hexadecimal digits");
    out += static_cast<char>(byte->front());
    i += 2;
  }
  const bool printable =
      std::ranges::none_of(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (!printable || !base::is_utf8(view(out))) return malformed("holds control characters, or no UTF-8");
  return out;
}

std::string_view title_of(unsigned status) {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    default: return "Internal Server Error";
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// parts_of splits a list at a separator that does not stand in quotes.
std::vector<std::string_view> parts_of(std::string_view list, char separator) {
  std::vector<std::string_view> out;
  std::size_t start = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (quoted && list[i] == '\\')
      ++i;
    else if (list[i] == '"')
      quoted = !quoted;
    else if (list[i] == separator && !quoted) {
      out.push_back(trimmed(list.substr(start, i - start)));
      start = i + 1;
    }
  }
  out.push_back(trimmed(list.substr(start)));
  return out;
}

}  // namespace

std::string Request::header(std::string_view lower_name) const {
  std::string out;
  for (const auto& [name, value] : headers)
    if (name == lower_name) out += (out.empty() ? "" : ", ") + value;
  return out;
}

Result<std::optional<std::string>> Request::parameter(std::string_view name) const {
  std::optional<std::string> out;
  for (const auto& [key, value] : query) {
    if (key != name) continue;
    if (out) return Error{Code::malformed, "is there twice", std::string(name)};
    out = value;
  }
  return out;
}

Result<Target> parse_target(std::string_view target) {
  if (!target.starts_with('/')) return malformed("is no absolute path");
  if (target.find('#') != std::string_view::npos) return malformed("holds a fragment");
  const auto mark = target.find('?');
  Target out;
  SEATLS_TRY(out.path, percent_decoded(target.substr(0, mark)));
  if (mark == std::string_view::npos) return out;
  for (const auto pair : parts_of(target.substr(mark + 1), '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    SEATLS_TRY(auto name, percent_decoded(pair.substr(0, equals)));
    std::string value;
    if (equals != std::string_view::npos) {
      SEATLS_TRY(value, percent_decoded(pair.substr(equals + 1)));
    }
    out.query.emplace_back(std::move(name), std::move(value));
  }
  return out;
}

Response problem(unsigned status, std::string_view detail) {
  json::Object members{{"type", "about:blank"},
                       {"title", json::Value(std::string(title_of(status)))},
                       {"status", json::Value(std::int64_t{status})},
                       {"detail", json::Value(std::string(detail))}};
  auto text = json::write(json::Value(std::move(members)));
  // Details are texts of ours; one that JSON cannot hold is left out.
  return {status, "application/problem+json",
          text ? std::move(*text) : R"({"type":"about:blank","status":)" + std::to_string(status) + "}"};
}

Response unavailable(unsigned status, std::string_view detail, unsigned retry_after_seconds) {
  auto response = problem(status, detail);
  response.headers.emplace_back("Retry-After", std::to_string(retry_after_seconds));
  return response;
}

bool accepts(std::string_view accept, std::string_view media_type) {
  if (trimmed(accept).empty()) return true;
  const auto wanted = rats::parse_media_type(media_type);
  if (!wanted) return false;
  const auto major = wanted->type.substr(0, wanted->type.find('/'));
  for (const auto part : parts_of(accept, ',')) {
    const auto pieces = parts_of(part, ';');
    const bool refused = std::ranges::any_of(pieces, [](std::string_view p) {
      return p == "q=0" || p == "q=0.0" || p == "q=0.00" || p == "q=0.000";
    });
    if (refused) continue;
    if (pieces.front() == "*/*" || pieces.front() == major + "/*") return true;
    if (const auto offered = rats::parse_media_type(pieces.front()); offered && offered->type == wanted->type)
      return true;
  }
  return false;
}

}  // namespace seatls::service
