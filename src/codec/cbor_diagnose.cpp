#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/encoding.h"
#include "codec/cbor.h"

namespace seatls::codec::cbor {
namespace {

// Escaped: what JSON escapes, and C1 controls, which some terminals obey.
bool must_escape(unsigned char first, unsigned char second) {
  return first < 0x20 || first == 0x7f || (first == 0xc2 && second < 0xa0);
}

std::string quoted(std::string_view s, std::size_t longest) {
  std::size_t shown = std::min(s.size(), longest);
  if (shown < s.size())  // never within a UTF-8 sequence
    while (shown > 0 && (static_cast<unsigned char>(s[shown]) & 0xc0) == 0x80) --shown;
  std::string out = "\"";
  for (std::size_t i = 0; i < shown; ++i) {
    const auto c = static_cast<unsigned char>(s[i]);
    const auto next = i + 1 < shown ? static_cast<unsigned char>(s[i + 1]) : static_cast<unsigned char>(0xff);
    if (c == '"' || c == '\\') out += '\\';
    if (must_escape(c, next)) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c == 0xc2 ? unsigned{next} : unsigned{c});
      out += escape;
      if (c == 0xc2) ++i;
    } else {
      out += s[i];
    }
  }
  return out + (s.size() > shown ? "…\"" : "\"");
}

std::string floating(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v < 0 ? "-Infinity" : "Infinity";
  char out[40];
  const bool plain = v == 0 || (std::abs(v) >= 1e-4 && std::abs(v) < 1e15);
  const auto form = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(out, out + sizeof out, v, form).ptr;
  std::string s(out, end);
  return s.find_first_of(".e") == std::string::npos ? s + ".0" : s;
}

// Diagnoser stops where `most` characters are written, so that what a peer sent cannot make an error
// message as long as itself.
class Diagnoser {
 public:
  Diagnoser(std::size_t longest, std::size_t most) : longest_(longest), most_(most) {}

  void item(const Value& v) {
    if (out_.size() >= most_) {
      full_ = true;
      return;
    }
    std::visit(*this, v.data());
  }
  [[nodiscard]] std::string take() && { return full_ ? std::move(out_) + "…" : std::move(out_); }

  void operator()(std::int64_t v) { out_ += std::to_string(v); }
  void operator()(std::uint64_t v) { out_ += std::to_string(v); }
  void operator()(const Negative& v) {
    out_ += v.minus_one_minus == UINT64_MAX ? "-18446744073709551616"
                                            : "-" + std::to_string(v.minus_one_minus + 1);
  }
  void operator()(const Bytes& v) {
    const ByteView shown = ByteView(v).first(std::min(v.size(), longest_));
    out_ += "h'" + base::to_hex(shown) +
            (v.size() > longest_ ? "…' (" + std::to_string(v.size()) + " bytes)" : "'");
  }
  void operator()(const std::string& v) { out_ += quoted(v, longest_); }
  void operator()(const Array& v) {
    out_ += '[';
    for (std::size_t i = 0; i < v.size() && !full_; ++i) {
      if (i > 0) out_ += ", ";
      item(v[i]);
    }
    out_ += ']';
  }
  void operator()(const Map& v) {
    out_ += '{';
    for (std::size_t i = 0; i < v.size() && !full_; ++i) {
      if (i > 0) out_ += ", ";
      item(v[i].first);
      out_ += ": ";
      item(v[i].second);
    }
    out_ += '}';
  }
  void operator()(const std::shared_ptr<const Tag>& v) {
    out_ += std::to_string(v->number) + "(";
    item(v->content);
    out_ += ')';
  }
  void operator()(bool v) { out_ += v ? "true" : "false"; }
  void operator()(const Null&) { out_ += "null"; }
  void operator()(const Undefined&) { out_ += "undefined"; }
  void operator()(const Simple& v) { out_ += "simple(" + std::to_string(v.value) + ")"; }
  void operator()(double v) { out_ += floating(v); }

 private:
  std::size_t longest_, most_;
  std::string out_;
  bool full_ = false;
};

}  // namespace

std::string diagnose(const Value& value, std::size_t longest, std::size_t most) {
  Diagnoser d(longest, most);
  d.item(value);
  return std::move(d).take();
}

std::string brief(const Value& value) { return diagnose(value, 24, 80); }

}  // namespace seatls::codec::cbor
