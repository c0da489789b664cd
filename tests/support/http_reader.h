// A reader of HTTP/1.1 messages as lax as the laxest server: bare line feeds end lines, names are taken as
// CGI takes them. What a proxy sends on must be the same messages for this one as for the proxy.
#pragma once

#include <cctype>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seatls::testing {

struct HttpMessage {
  std::string start;                                        // the first line
  std::vector<std::pair<std::string, std::string>> fields;  // names as CGI has them: SEATLS_VERDICT
  std::string body;
  bool whole = false;  // its end was there

  [[nodiscard]] std::string word(std::size_t n) const {
    std::size_t begin = 0;
    for (; n > 0; --n) begin = start.find(' ', begin) + 1;
    return start.substr(begin, start.find(' ', begin) - begin);
  }
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const {
    std::vector<std::string> out;
    for (const auto& [n, value] : fields)
      if (n == name) out.push_back(value);
    return out;
  }
  [[nodiscard]] std::string field(std::string_view name) const {
    const auto found = all(name);
    return found.empty() ? std::string() : found.front();
  }
};

class HttpReader {
 public:
  explicit HttpReader(std::string_view all) : rest_(all) {}

  // next returns the next message; nothing at the end, or where no head is whole. A response `to` HEAD has no
  // body.
  [[nodiscard]] std::optional<HttpMessage> next(std::string_view to = {}) {
    const auto before = rest_;
    HttpMessage out;
    const auto start = line();
    if (!start || start->empty()) return none(before);
    out.start = *start;
    while (true) {
      const auto text = line();
      if (!text) return none(before);
      if (text->empty()) break;
      const auto colon = text->find(':');
      std::string name(text->substr(0, colon));
      while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.pop_back();
      for (char& c : name)
        c = std::isalnum(static_cast<unsigned char>(c)) != 0
                ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
                : '_';
      std::string value(colon == std::string_view::npos ? std::string_view() : text->substr(colon + 1));
      while (!value.empty() && value.front() == ' ') value.erase(0, 1);
      out.fields.emplace_back(std::move(name), std::move(value));
    }
    const bool response = out.start.starts_with("HTTP/");
    const int status = response ? std::atoi(out.word(1).c_str()) : 0;
    if (response && (to == "HEAD" || status / 100 == 1 || status == 204 || status == 304))
      out.whole = true;
    else if (!out.all("TRANSFER_ENCODING").empty())
      out.whole = chunks(out.body);
    else if (!out.all("CONTENT_LENGTH").empty())
      out.whole = take(std::strtoull(out.field("CONTENT_LENGTH").c_str(), nullptr, 10), out.body);
    else if (response)
      out.whole = take(rest_.size(), out.body);
    else
      out.whole = true;
    return out;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::optional<HttpMessage> none(std::string_view before) {
    rest_ = before;
    return std::nullopt;
  }
  std::optional<std::string_view> line() {
    const auto end = rest_.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    auto out = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    if (out.ends_with('\r')) out.remove_suffix(1);
    return out;
  }
  bool take(unsigned long long size, std::string& into) {
    const auto piece = rest_.substr(0, size);
    into.append(piece);
    rest_.remove_prefix(piece.size());
    return piece.size() == size;
  }
  bool chunks(std::string& into) {
    while (true) {
      const auto text = line();
      if (!text) return false;
      const auto size = std::strtoull(std::string(*text).c_str(), nullptr, 16);
      if (size == 0) break;
      if (!take(size, into) || !line()) return false;
    }
    while (true) {
      const auto trailer = line();
      if (!trailer) return false;
      if (trailer->empty()) return true;
    }
  }

  std::string_view rest_;
};

}  // namespace seatls::testing
