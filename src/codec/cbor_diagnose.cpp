#include <cmath>
#include <cstdio>

#include "base/encoding.h"
#include "codec/cbor.h"

namespace seatls::codec::cbor {
namespace {

std::string quoted(std::string_view s, std::size_t longest) {
  std::string out = "\"";
  for (char c : s.substr(0, longest)) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + (s.size() > longest ? "…\"" : "\"");
}

std::string floating(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v < 0 ? "-Infinity" : "Infinity";
  char out[40];
  std::snprintf(out, sizeof out, "%.17g", v);
  std::string s = out;
  return s.find_first_of(".e") == std::string::npos ? s + ".0" : s;
}

struct Diagnose {
  std::size_t longest;

  std::string operator()(std::int64_t v) const { return std::to_string(v); }
  std::string operator()(std::uint64_t v) const { return std::to_string(v); }
  std::string operator()(const Negative& v) const {
    return v.minus_one_minus == UINT64_MAX ? "-18446744073709551616"
                                           : "-" + std::to_string(v.minus_one_minus + 1);
  }
  std::string operator()(const Bytes& v) const {
    const ByteView shown = ByteView(v).first(std::min(v.size(), longest));
    return "h'" + base::to_hex(shown) +
           (v.size() > longest ? "…' (" + std::to_string(v.size()) + " bytes)" : "'");
  }
  std::string operator()(const std::string& v) const { return quoted(v, longest); }
  std::string operator()(const Array& v) const {
    std::string out = "[";
    for (const auto& item : v) out += (out.size() > 1 ? ", " : "") + diagnose(item, longest);
    return out + "]";
  }
  std::string operator()(const Map& v) const {
    std::string out = "{";
    for (const auto& [key, content] : v)
      out += (out.size() > 1 ? ", " : "") + diagnose(key, longest) + ": " + diagnose(content, longest);
    return out + "}";
  }
  std::string operator()(const std::shared_ptr<const Tag>& v) const {
    return std::to_string(v->number) + "(" + diagnose(v->content, longest) + ")";
  }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(const Null&) const { return "null"; }
  std::string operator()(const Undefined&) const { return "undefined"; }
  std::string operator()(const Simple& v) const { return "simple(" + std::to_string(v.value) + ")"; }
  std::string operator()(double v) const { return floating(v); }
};

}  // namespace

std::string diagnose(const Value& value, std::size_t longest) {
  return std::visit(Diagnose{longest}, value.data());
}

}  // namespace seatls::codec::cbor
