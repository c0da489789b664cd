#include "proxy/http_message.h"

#include <algorithm>
#include <array>

#include "codec/json.h"

namespace seatls::proxy {
namespace {

namespace json = codec::json;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::string canonical_of(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    c = lower(c);
    if (!is_alphanumeric(c)) c = '-';
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view title_of(unsigned status) {
  switch (status) {
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 417: return "Expectation Failed";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Internal Server Error";
  }
}

}  // namespace

Field::Field(std::string_view n, std::string_view v)
    : name(n), value(trimmed(v)), canonical(canonical_of(n)) {}

std::size_t Head::count(std::string_view canonical) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(fields, [&](const Field& f) { return f.canonical == canonical; }));
}

std::string_view Head::value(std::string_view canonical) const {
  const auto found = std::ranges::find_if(fields, [&](const Field& f) { return f.canonical == canonical; });
  return found == fields.end() ? std::string_view() : found->value;
}

bool Head::lists(std::string_view canonical, std::string_view word) const {
  return std::ranges::any_of(fields, [&](const Field& f) {
    return f.canonical == canonical &&
           std::ranges::any_of(words_of(f.value), [&](auto w) { return equal_ignoring_case(w, word); });
  });
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, {}, [](char c) { return lower(c); }, [](char c) { return lower(c); });
}

std::vector<std::string_view> words_of(std::string_view list) {
  std::vector<std::string_view> out;
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (const auto word = trimmed(list.substr(0, comma)); !word.empty()) out.push_back(word);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return out;
}

bool is_ours(const Field& field) {
  return field.canonical.starts_with("seatls-") || field.canonical == "seatls";
}

bool is_hop_by_hop(const Field& field) {
  constexpr std::array<std::string_view, 11> names{"connection",
                                                   "keep-alive",
                                                   "proxy-connection",
                                                   "proxy-authenticate",
                                                   "proxy-authorization",
                                                   "te",
                                                   "trailer",
                                                   "transfer-encoding",
                                                   "upgrade",
                                                   "http2-settings",
                                                   "content-length"};
  return std::ranges::find(names, field.canonical) != names.end();
}

bool tells_origin(const Field& field) {
  return field.canonical.starts_with("x-forwarded-") || field.canonical == "forwarded" ||
         field.canonical == "x-real-ip";
}

bool diverts(const Field& field) {
  constexpr std::array<std::string_view, 3> names{"x-original-url", "x-original-uri", "x-rewrite-url"};
  return std::ranges::find(names, field.canonical) != names.end();
}

std::string written(const Problem& problem, ProblemForm form) {
  json::Object members{{"type", "about:blank"},
                       {"title", json::Value(std::string(title_of(problem.status)))},
                       {"status", json::Value(std::int64_t{problem.status})},
                       {"code", json::Value(problem.code)},
                       {"detail", json::Value(problem.detail)}};
  if (!problem.route.empty()) members.emplace_back("route", json::Value(problem.route));
  const auto text = json::write(json::Value(std::move(members)));
  // Codes and details are texts of ours, and routes are UTF-8: a file of TOML is.
  const std::string body = text ? *text : "{}";
  std::string out =
      "HTTP/1.1 " + std::to_string(problem.status) + " " + std::string(title_of(problem.status)) +
      "\r\nContent-Type: application/problem+json\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  if (form.close) out += "Connection: close\r\n";
  out += "\r\n";
  return form.bodiless ? out : out + body;
}

}  // namespace seatls::proxy
