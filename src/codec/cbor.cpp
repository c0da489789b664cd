#include "codec/cbor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/encoding.h"

namespace seatls::codec::cbor {
namespace {

// Major types of RFC 8949, 3.1.
enum Major : std::uint8_t {
  kUnsigned = 0,
  kNegative = 1,
  kBytes = 2,
  kText = 3,
  kArray = 4,
  kMap = 5,
  kTag = 6,
  kSimple = 7
};
constexpr std::uint8_t kIndefinite = 31, kBreak = 0xff;

struct Head {
  std::uint8_t major = 0;
  std::uint8_t info = 0;
  std::uint64_t argument = 0;
};

// Parser walks the bytes once. A length is compared with what is left before anything is allocated,
// so memory stays proportional to the input.
class Parser {
 public:
  Parser(ByteView in, const Limits& limits) : in_(in), limits_(limits) {}

  Result<Value> item(std::size_t depth) {
    if (depth > limits_.depth)
      return bad(Code::limit_exceeded, "nested deeper than " + std::to_string(limits_.depth));
    if (++items_ > limits_.items)
      return bad(Code::limit_exceeded, "more than " + std::to_string(limits_.items) + " items");
    SEATLS_TRY(const Head h, head());
    if (h.info == kIndefinite && (h.major < kBytes || h.major == kTag || h.major == kSimple))
      return bad(Code::malformed, h.major == kSimple ? "a break outside of an indefinite item"
                                                     : "an indefinite length where none may be");
    switch (h.major) {
      case kUnsigned:
        if (h.argument <= std::uint64_t{std::numeric_limits<std::int64_t>::max()})
          return Value(static_cast<std::int64_t>(h.argument));
        return Value(h.argument);
      case kNegative:
        if (h.argument <= std::uint64_t{std::numeric_limits<std::int64_t>::max()})
          return Value(-1 - static_cast<std::int64_t>(h.argument));
        return Value(Negative{h.argument});
      case kBytes: {
        SEATLS_TRY(Bytes b, string(h));
        return Value(std::move(b));
      }
      case kText: {
        SEATLS_TRY(const Bytes b, string(h));
        return Value(seatls::text(b));
      }
      case kArray: return array_of(h, depth);
      case kMap: return map_of(h, depth);
      case kTag: {
        auto content = item(depth + 1);
        if (!content) return std::move(content).error().in("tag(" + std::to_string(h.argument) + ")");
        return Value(std::make_shared<const Tag>(Tag{h.argument, std::move(content).value()}));
      }
      default: return simple(h);
    }
  }

  [[nodiscard]] std::size_t left() const { return in_.size() - at_; }

 private:
  Error bad(Code code, std::string what) const {
    return {code, std::move(what) + " (byte " + std::to_string(at_) + ")", ""};
  }
  [[nodiscard]] bool at_break() const { return at_ < in_.size() && in_[at_] == kBreak; }

  Result<Head> head() {
    if (left() == 0) return bad(Code::truncated, "an item is missing");
    const std::uint8_t initial = in_[at_];
    Head h{static_cast<std::uint8_t>(initial >> 5), static_cast<std::uint8_t>(initial & 31), 0};
    if (h.info < 24) {
      h.argument = h.info;
    } else if (h.info < 28) {
      const std::size_t width = std::size_t{1} << (h.info - 24);
      if (left() - 1 < width) return bad(Code::truncated, "an item's head is cut short");
      for (std::size_t i = 1; i <= width; ++i) h.argument = h.argument << 8 | in_[at_ + i];
      at_ += width;
    } else if (h.info != kIndefinite) {
      return bad(Code::malformed, "additional information " + std::to_string(h.info) + " is reserved");
    }
    ++at_;
    return h;
  }

  // string reads a byte or text string, or the definite chunks of an indefinite one (3.2.3).
  Result<Bytes> string(const Head& h) {
    Bytes out;
    if (h.info != kIndefinite) {
      SEATLS_CHECK(chunk(h, out));
      return out;
    }
    while (!at_break()) {
      if (++items_ > limits_.items)
        return bad(Code::limit_exceeded, "more than " + std::to_string(limits_.items) + " items");
      SEATLS_TRY(const Head part, head());
      if (part.major != h.major || part.info == kIndefinite)
        return bad(Code::malformed, "a chunk of another type in an indefinite string");
      SEATLS_CHECK(chunk(part, out));
    }
    ++at_;
    return out;
  }

  Result<void> chunk(const Head& h, Bytes& out) {
    if (h.argument > left())
      return bad(Code::truncated, "a string of " + std::to_string(h.argument) + " bytes where " +
                                      std::to_string(left()) + " are left");
    const auto part = in_.subspan(at_, static_cast<std::size_t>(h.argument));
    if (h.major == kText && !base::is_utf8(part)) return bad(Code::malformed, "text that is not UTF-8");
    out.insert(out.end(), part.begin(), part.end());
    at_ += part.size();
    return {};
  }

  Result<Value> array_of(const Head& h, std::size_t depth) {
    if (h.info != kIndefinite && h.argument > left())
      return bad(Code::truncated, "an array of " + std::to_string(h.argument) + " items where " +
                                      std::to_string(left()) + " bytes are left");
    Array out;
    while (h.info == kIndefinite ? !at_break() : out.size() < h.argument) {
      auto v = item(depth + 1);
      if (!v) return std::move(v).error().in("array[" + std::to_string(out.size()) + "]");
      out.push_back(std::move(v).value());
    }
    if (h.info == kIndefinite) ++at_;
    return Value(std::move(out));
  }

  Result<Value> map_of(const Head& h, std::size_t depth) {
    if (h.info != kIndefinite && h.argument > left() / 2)
      return bad(Code::truncated, "a map of " + std::to_string(h.argument) + " pairs where " +
                                      std::to_string(left()) + " bytes are left");
    Map out;
    std::vector<Bytes> keys;  // encoded anew, so that two encodings of one key are the same key
    while (h.info == kIndefinite ? !at_break() : out.size() < h.argument) {
      SEATLS_TRY(Value key, item(depth + 1));
      SEATLS_TRY(Bytes encoded, encode(key));
      auto v = item(depth + 1);
      if (!v) return std::move(v).error().in("map[" + brief(key) + "]");
      keys.push_back(std::move(encoded));
      out.emplace_back(std::move(key), std::move(v).value());
    }
    if (h.info == kIndefinite) ++at_;
    std::vector<std::size_t> order(keys.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return keys[a] < keys[b]; });
    for (std::size_t i = 1; i < order.size(); ++i)
      if (keys[order[i - 1]] == keys[order[i]])
        return bad(Code::malformed, "the key " + brief(out[order[i]].first) + " stands twice in a map");
    return Value(std::move(out));
  }

  Result<Value> simple(const Head& h) const {
    switch (h.info) {
      case 20: return Value(false);
      case 21: return Value(true);
      case 22: return Value(Null{});
      case 23: return Value(Undefined{});
      case 24:
        if (h.argument < 32)
          return bad(Code::malformed, "simple value " + std::to_string(h.argument) + " in two bytes");
        return Value(Simple{static_cast<std::uint8_t>(h.argument)});
      case 25: return Value(half(static_cast<std::uint16_t>(h.argument)));
      case 26: return Value(double{std::bit_cast<float>(static_cast<std::uint32_t>(h.argument))});
      case 27: return Value(std::bit_cast<double>(h.argument));
      default: return Value(Simple{h.info});
    }
  }

  // RFC 8949, appendix D.
  static double half(std::uint16_t bits) {
    const int exponent = bits >> 10 & 0x1f, mantissa = bits & 0x3ff;
    const double v = exponent == 0    ? std::ldexp(mantissa, -24)
                     : exponent != 31 ? std::ldexp(mantissa + 1024, exponent - 25)
                     : mantissa == 0  ? std::numeric_limits<double>::infinity()
                                      : std::numeric_limits<double>::quiet_NaN();
    return (bits & 0x8000) != 0 ? -v : v;
  }

  ByteView in_;
  const Limits& limits_;
  std::size_t at_ = 0;
  std::size_t items_ = 0;
};

void write_head(Bytes& out, std::uint8_t major, std::uint64_t argument) {
  const auto initial = static_cast<std::uint8_t>(major << 5);
  if (argument < 24) {
    out.push_back(static_cast<std::uint8_t>(initial | argument));
    return;
  }
  const unsigned log = argument <= 0xff ? 0 : argument <= 0xffff ? 1 : argument <= 0xffffffff ? 2 : 3;
  out.push_back(static_cast<std::uint8_t>(initial | (24 + log)));
  for (unsigned i = 1u << log; i-- > 0;) out.push_back(static_cast<std::uint8_t>(argument >> 8 * i));
}

void write_double(Bytes& out, double v) {  // the shortest form that keeps the value (4.2.1)
  if (std::isnan(v)) {
    out.insert(out.end(), {0xf9, 0x7e, 0x00});
    return;
  }
  const auto single = static_cast<float>(v);
  if (std::isinf(v) || double{single} == v) {
    const auto bits = std::bit_cast<std::uint32_t>(single);
    const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000);
    const int exponent = static_cast<int>(bits >> 23 & 0xff) - 127;
    const std::uint32_t mantissa = bits & 0x7fffff;
    std::optional<std::uint16_t> half;
    if (exponent == 128)
      half = static_cast<std::uint16_t>(sign | 0x7c00);
    else if ((bits & 0x7fffffff) == 0)
      half = sign;
    else if (exponent >= -14 && exponent <= 15 && (mantissa & 0x1fff) == 0)
      half = static_cast<std::uint16_t>(sign | static_cast<unsigned>(exponent + 15) << 10 | mantissa >> 13);
    else if (exponent >= -24 && exponent < -14) {
      const unsigned shift = static_cast<unsigned>(-exponent - 14) + 13;
      const std::uint32_t full = mantissa | 0x800000;
      if ((full & ((1u << shift) - 1)) == 0) half = static_cast<std::uint16_t>(sign | full >> shift);
    }
    out.push_back(half ? 0xf9 : 0xfa);
    const std::uint32_t value = half ? *half : bits;
    for (unsigned i = half ? 2 : 4; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> 8 * i));
    return;
  }
  out.push_back(0xfb);
  const auto bits = std::bit_cast<std::uint64_t>(v);
  for (unsigned i = 8; i-- > 0;) out.push_back(static_cast<std::uint8_t>(bits >> 8 * i));
}

Result<void> write(Bytes& out, const Value& value) {
  const auto& data = value.data();
  if (const auto* v = std::get_if<std::int64_t>(&data)) {
    if (*v >= 0)
      write_head(out, kUnsigned, static_cast<std::uint64_t>(*v));
    else
      write_head(out, kNegative, static_cast<std::uint64_t>(-1 - *v));
  } else if (const auto* u = std::get_if<std::uint64_t>(&data)) {
    write_head(out, kUnsigned, *u);
  } else if (const auto* n = std::get_if<Negative>(&data)) {
    write_head(out, kNegative, n->minus_one_minus);
  } else if (const auto* b = std::get_if<Bytes>(&data)) {
    write_head(out, kBytes, b->size());
    out.insert(out.end(), b->begin(), b->end());
  } else if (const auto* t = std::get_if<std::string>(&data)) {
    if (!base::is_utf8(view(*t))) return Error{Code::misuse, "text that is not UTF-8", ""};
    write_head(out, kText, t->size());
    out.insert(out.end(), t->begin(), t->end());
  } else if (const auto* a = std::get_if<Array>(&data)) {
    write_head(out, kArray, a->size());
    for (const auto& item : *a) SEATLS_CHECK(write(out, item));
  } else if (const auto* m = std::get_if<Map>(&data)) {
    std::vector<std::pair<Bytes, const Value*>> rows;
    for (const auto& [key, content] : *m) {
      SEATLS_TRY(Bytes encoded, encode(key));
      rows.emplace_back(std::move(encoded), &content);
    }
    std::sort(rows.begin(), rows.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
    write_head(out, kMap, rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i > 0 && rows[i - 1].first == rows[i].first)
        return Error{Code::misuse, "a map with the same key twice", ""};
      out.insert(out.end(), rows[i].first.begin(), rows[i].first.end());
      SEATLS_CHECK(write(out, *rows[i].second));
    }
  } else if (const auto* tagged = std::get_if<std::shared_ptr<const Tag>>(&data)) {
    write_head(out, kTag, (*tagged)->number);
    SEATLS_CHECK(write(out, (*tagged)->content));
  } else if (const auto* flag = std::get_if<bool>(&data)) {
    out.push_back(*flag ? 0xf5 : 0xf4);
  } else if (std::holds_alternative<Null>(data)) {
    out.push_back(0xf6);
  } else if (std::holds_alternative<Undefined>(data)) {
    out.push_back(0xf7);
  } else if (const auto* s = std::get_if<Simple>(&data)) {
    if (s->value >= 20 && s->value < 32)
      return Error{Code::misuse, "simple value " + std::to_string(s->value) + " is reserved", ""};
    write_head(out, kSimple, s->value);
  } else {
    write_double(out, std::get<double>(data));
  }
  return {};
}

Error other_type(std::string_view wanted, const Value& v) {
  return {Code::malformed, brief(v) + " is not " + std::string(wanted), ""};
}

template <class Match>
const Value* find_in(const Value& v, Match match) {
  if (v.map() == nullptr) return nullptr;
  for (const auto& [key, content] : *v.map())
    if (match(key)) return &content;
  return nullptr;
}

}  // namespace

Result<std::int64_t> Value::as_int() const {
  if (const auto* v = std::get_if<std::int64_t>(&data_)) return *v;
  return other_type("an integer of 64 bits", *this);
}
Result<std::uint64_t> Value::as_uint() const {
  if (const auto* v = std::get_if<std::uint64_t>(&data_)) return *v;
  if (const auto* v = std::get_if<std::int64_t>(&data_); v != nullptr && *v >= 0)
    return static_cast<std::uint64_t>(*v);
  return other_type("an unsigned integer", *this);
}
Result<ByteView> Value::as_bytes() const {
  if (const auto* v = std::get_if<Bytes>(&data_)) return ByteView(*v);
  return other_type("a byte string", *this);
}
Result<std::string_view> Value::as_text() const {
  if (const auto* v = std::get_if<std::string>(&data_)) return std::string_view(*v);
  return other_type("a text string", *this);
}
Result<bool> Value::as_bool() const {
  if (const auto* v = std::get_if<bool>(&data_)) return *v;
  return other_type("true or false", *this);
}
const Tag* Value::tag() const {
  const auto* v = std::get_if<std::shared_ptr<const Tag>>(&data_);
  return v == nullptr ? nullptr : v->get();
}
const Value* Value::find(std::int64_t key) const {
  return find_in(*this, [key](const Value& k) { return k.data() == Data(key); });
}
const Value* Value::find(std::string_view key) const {
  return find_in(*this, [key](const Value& k) {
    const auto* t = std::get_if<std::string>(&k.data());
    return t != nullptr && *t == key;
  });
}
bool Value::operator==(const Value& other) const {
  if (tag() != nullptr && other.tag() != nullptr)
    return tag()->number == other.tag()->number && tag()->content == other.tag()->content;
  return data_ == other.data_;
}

Result<Value> parse(ByteView bytes, const Limits& limits) {
  Parser parser(bytes, limits);
  auto v = parser.item(0);
  if (v && parser.left() > 0)
    return Error{Code::trailing_data, std::to_string(parser.left()) + " bytes follow the item", ""};
  return v;
}

Result<Bytes> encode(const Value& value) {
  Bytes out;
  SEATLS_CHECK(write(out, value));
  return out;
}

Value integer(std::int64_t v) { return Value(v); }
Value bytes(ByteView v) { return Value(Bytes(v.begin(), v.end())); }
Value text(std::string_view v) { return Value(std::string(v)); }
Value boolean(bool v) { return Value(v); }
Value array(Array v) { return Value(std::move(v)); }
Value map(Map v) { return Value(std::move(v)); }
Value tag(std::uint64_t number, Value content) {
  return Value(std::make_shared<const Tag>(Tag{number, std::move(content)}));
}

}  // namespace seatls::codec::cbor
