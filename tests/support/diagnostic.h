// A reader of CBOR diagnostic notation (RFC 8949, 8), as far as the examples of the drafts use it: integers,
// text, h'…', arrays, maps, tags, << … >>, and /comments/.
#pragma once

#include <cctype>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "codec/cbor.h"

namespace seatls::testing {

class DiagnosticReader {
 public:
  explicit DiagnosticReader(std::string_view notation) : rest_(notation) {}

  codec::cbor::Value whole() {
    auto v = item();
    skip();
    if (!rest_.empty()) fail("trailing text");
    return v;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(what + " at: " + std::string(rest_.substr(0, 40)));
  }
  void skip() {  // white space and comments
    for (;;) {
      while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front())) != 0)
        rest_.remove_prefix(1);
      if (!rest_.starts_with('/')) return;
      rest_.remove_prefix(std::min(rest_.find('/', 1), rest_.size() - 1) + 1);
    }
  }
  bool take(std::string_view token) {
    skip();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void demand(std::string_view token) {
    if (!take(token)) fail("no '" + std::string(token) + "'");
  }
  std::string until(char end) {
    const auto at = rest_.find(end);
    if (at == std::string_view::npos) fail("no end");
    std::string out(rest_.substr(0, at));
    rest_.remove_prefix(at + 1);
    return out;
  }

  codec::cbor::Value item() {
    namespace cbor = codec::cbor;
    if (take("h'")) {
      std::string digits;
      for (const char c : until('\''))
        if (std::isspace(static_cast<unsigned char>(c)) == 0) digits += c;
      return cbor::bytes(base::from_hex(digits).value());
    }
    if (take("<<")) {
      const Bytes inner = cbor::encode(item()).value();
      demand(">>");
      return cbor::bytes(inner);
    }
    if (take("\"")) return cbor::text(until('"'));
    if (take("true")) return cbor::boolean(true);
    if (take("false")) return cbor::boolean(false);
    if (take("null")) return cbor::Value(cbor::Null{});
    if (take("[")) {
      cbor::Array out;
      while (!take("]")) {
        out.push_back(item());
        (void)take(",");
      }
      return cbor::array(std::move(out));
    }
    if (take("{")) {
      cbor::Map out;
      while (!take("}")) {
        auto key = item();
        demand(":");
        out.emplace_back(std::move(key), item());
        (void)take(",");
      }
      return cbor::map(std::move(out));
    }
    return number();
  }

  codec::cbor::Value number() {
    skip();
    const std::string digits(rest_.substr(0, rest_.find_first_not_of("-0123456789")));
    if (digits.empty()) fail("not an item");
    rest_.remove_prefix(digits.size());
    const auto value = std::strtoll(digits.c_str(), nullptr, 10);
    if (!rest_.starts_with('(')) return codec::cbor::integer(value);
    demand("(");
    auto content = item();
    demand(")");
    return codec::cbor::tag(static_cast<std::uint64_t>(value), std::move(content));
  }

  std::string_view rest_;
};

// from_diagnostic encodes what the notation shows; notation that it cannot read throws.
inline Bytes from_diagnostic(std::string_view notation) {
  return codec::cbor::encode(DiagnosticReader(notation).whole()).value();
}

}  // namespace seatls::testing
