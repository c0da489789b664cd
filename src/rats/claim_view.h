// ClaimView reads a claim of a JWT and of a CWT alike, so that a token has one reader whatever it is
// written in. It looks at a parsed tree that must outlive it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "codec/cbor.h"
#include "codec/json.h"
#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::rats {

// ClaimName is what a claim is called: a number in CBOR, a name in JSON, and in JSON perhaps the name that
// deployed verifiers still use.
struct ClaimName {
  std::int64_t number;
  std::string_view name;
  std::string_view older = {};
};

class ClaimView {
 public:
  explicit ClaimView(const codec::cbor::Value& value) : value_(&value) {}
  explicit ClaimView(const codec::json::Value& value) : value_(&value) {}

  [[nodiscard]] bool is_json() const { return json() != nullptr; }
  [[nodiscard]] const codec::cbor::Value* cbor() const;  // nullptr for JSON
  [[nodiscard]] const codec::json::Value* json() const;  // nullptr for CBOR

  [[nodiscard]] Result<std::int64_t> as_int() const;  // never from a float
  [[nodiscard]] Result<std::string> as_text() const;
  [[nodiscard]] Result<Bytes> as_bytes() const;  // in JSON base64url text

  [[nodiscard]] bool is_map() const;
  // find returns a map's claim, or nothing. A claim that stands there by both of its names is malformed.
  [[nodiscard]] Result<std::optional<ClaimView>> find(const ClaimName& claim) const;
  // members returns a map whose keys must all be text (such as submods).
  [[nodiscard]] Result<std::vector<std::pair<std::string, ClaimView>>> members() const;
  // items returns an array's elements; nothing when this is no array.
  [[nodiscard]] std::optional<std::vector<ClaimView>> items() const;

 private:
  std::variant<const codec::cbor::Value*, const codec::json::Value*> value_;
};

}  // namespace seatls::rats
