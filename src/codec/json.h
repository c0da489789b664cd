// JSON (RFC 8259), strictly: nlohmann-json below, hidden. Refuses duplicate keys, invalid UTF-8,
// trailing data and whatever is nested too deep. Numbers keep whether they were written as integers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::codec::json {

struct Limits {
  std::size_t depth = 16;
  std::size_t items = 65'536;
};

class Value;
using Array = std::vector<Value>;
using Object = std::vector<std::pair<std::string, Value>>;  // in the order of the text
struct Null {
  bool operator==(const Null&) const = default;
};

class Value {
 public:
  // Integers within int64 are std::int64_t; larger ones std::uint64_t; everything with a fraction or an
  // exponent is double.
  using Data = std::variant<Null, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object>;
  Value() : data_(Null{}) {}
  Value(Data data) : data_(std::move(data)) {}
  Value(const char* text) : data_(std::string(text)) {}

  [[nodiscard]] const Data& data() const { return data_; }
  [[nodiscard]] Result<std::int64_t> as_int() const;
  [[nodiscard]] Result<std::string_view> as_text() const;
  [[nodiscard]] Result<bool> as_bool() const;
  [[nodiscard]] const Array* array() const { return std::get_if<Array>(&data_); }
  [[nodiscard]] const Object* object() const { return std::get_if<Object>(&data_); }
  // find returns the value of an object's key, or nullptr (also when this is no object).
  [[nodiscard]] const Value* find(std::string_view key) const;

  bool operator==(const Value&) const = default;

 private:
  Data data_;
};

// parse reads exactly one value. Errors: category decode.
[[nodiscard]] Result<Value> parse(std::string_view text, const Limits& limits = {});
// write returns compact text; keys keep their order. Errors: misuse for text that is not UTF-8, a key twice,
// a number that is not finite.
[[nodiscard]] Result<std::string> write(const Value& value);

}  // namespace seatls::codec::json
