// CBOR (RFC 8949): a bounded reader into a tree, and a deterministic writer.
// The reader takes any well-formed encoding (indefinite lengths, any key order, non-shortest
// integers), since signatures cover the received bytes; it refuses duplicate keys (however each is
// encoded), invalid UTF-8, trailing bytes, and whatever goes beyond the limits. The writer writes
// deterministic CBOR (4.2.1).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::codec::cbor {

struct Limits {
  std::size_t depth = 16;
  std::size_t items = 65'536;  // in the whole message
};

class Value;
using Array = std::vector<Value>;
using Map = std::vector<std::pair<Value, Value>>;
struct Tag;
struct Null {
  bool operator==(const Null&) const = default;
};
struct Undefined {
  bool operator==(const Undefined&) const = default;
};
struct Simple {
  std::uint8_t value;
  bool operator==(const Simple&) const = default;
};
struct Negative {
  std::uint64_t minus_one_minus;
  bool operator==(const Negative&) const = default;
};  // below int64

// Value is one data item. The `as_` readers return malformed when it is of another type.
class Value {
 public:
  // Integers within int64 are std::int64_t; larger unsigned ones std::uint64_t.
  using Data = std::variant<std::int64_t, std::uint64_t, Negative, Bytes, std::string, Array, Map,
                            std::shared_ptr<const Tag>, bool, Null, Undefined, Simple, double>;
  Value() : data_(Null{}) {}
  Value(Data data) : data_(std::move(data)) {}  // NOLINT: values are written inline

  [[nodiscard]] const Data& data() const { return data_; }
  [[nodiscard]] Result<std::int64_t> as_int() const;
  [[nodiscard]] Result<std::uint64_t> as_uint() const;
  [[nodiscard]] Result<ByteView> as_bytes() const;
  [[nodiscard]] Result<std::string_view> as_text() const;
  [[nodiscard]] Result<bool> as_bool() const;
  [[nodiscard]] const Array* array() const { return std::get_if<Array>(&data_); }
  [[nodiscard]] const Map* map() const { return std::get_if<Map>(&data_); }
  [[nodiscard]] const Tag* tag() const;

  // find returns the value of a map's key, or nullptr (also when this is no map).
  [[nodiscard]] const Value* find(std::int64_t key) const;
  [[nodiscard]] const Value* find(std::string_view key) const;

  bool operator==(const Value&) const;

 private:
  Data data_;
};
struct Tag {
  std::uint64_t number;
  Value content;
};

// parse reads exactly one item and nothing after it. Errors: category decode, path names the item
// ("map[10] > array[2]").
[[nodiscard]] Result<Value> parse(ByteView bytes, const Limits& limits = {});

// encode writes deterministic CBOR: shortest forms, definite lengths, map keys sorted by their
// encoded bytes. Duplicate keys are misuse.
[[nodiscard]] Result<Bytes> encode(const Value& value);

// diagnose renders RFC 8949 diagnostic notation, for inspect. Strings are cut after `longest` bytes, and
// the whole after about `most` characters. brief is for error messages.
[[nodiscard]] std::string diagnose(const Value& value, std::size_t longest = 64,
                                   std::size_t most = 1'000'000);
[[nodiscard]] std::string brief(const Value& value);

// Makers, so that structures read like CDDL: map({{1, bytes(x)}, {2, text("y")}}).
[[nodiscard]] Value integer(std::int64_t v);
[[nodiscard]] Value bytes(ByteView v);
[[nodiscard]] Value text(std::string_view v);
[[nodiscard]] Value boolean(bool v);
[[nodiscard]] Value array(Array v);
[[nodiscard]] Value map(Map v);
[[nodiscard]] Value tag(std::uint64_t number, Value content);

}  // namespace seatls::codec::cbor
