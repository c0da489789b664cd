#include "codec/json.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <unordered_set>

namespace seatls::codec::json {
namespace {

using nlohmann::ordered_json;

// Builder takes nlohmann's events, so that duplicate keys and depth are seen before a tree exists.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(const Limits& limits) : limits_(limits) {}

  bool null() override { return add(Value(Null{})); }
  bool boolean(bool v) override { return add(Value(v)); }
  bool number_integer(number_integer_t v) override { return add(Value(std::int64_t{v})); }
  bool number_unsigned(number_unsigned_t v) override {
    if (v <= std::uint64_t{std::numeric_limits<std::int64_t>::max()})
      return add(Value(static_cast<std::int64_t>(v)));
    return add(Value(std::uint64_t{v}));
  }
  bool number_float(number_float_t v, const string_t&) override { return add(Value(double{v})); }
  bool string(string_t& v) override { return add(Value(std::move(v))); }
  bool binary(binary_t&) override { return fail(Code::malformed, "binary data"); }
  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool key(string_t& v) override {
    if (!open_.back().keys.insert(v).second)
      return fail(Code::malformed, "the key \"" + v.substr(0, 40) + "\" stands twice");
    open_.back().key = std::move(v);
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return fail(Code::malformed, "not JSON at character " + std::to_string(position));
  }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  Value take() { return std::move(root_); }

 private:
  struct Open {
    bool object;
    Array array;
    Object members;
    std::unordered_set<std::string> keys;
    std::string key;
  };

  bool fail(Code code, std::string what) {
    if (!error_) error_ = Error{code, std::move(what), ""};
    return false;
  }
  bool add(Value v) {
    if (++items_ > limits_.items)
      return fail(Code::limit_exceeded, "more than " + std::to_string(limits_.items) + " items");
    if (open_.empty())
      root_ = std::move(v);
    else if (open_.back().object)
      open_.back().members.emplace_back(std::move(open_.back().key), std::move(v));
    else
      open_.back().array.push_back(std::move(v));
    return true;
  }
  bool open(bool object) {
    if (open_.size() >= limits_.depth)
      return fail(Code::limit_exceeded, "nested deeper than " + std::to_string(limits_.depth));
    open_.push_back({object, {}, {}, {}, {}});
    return true;
  }
  bool close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    return add(done.object ? Value(std::move(done.members)) : Value(std::move(done.array)));
  }

  const Limits& limits_;
  std::vector<Open> open_;
  Value root_;
  std::size_t items_ = 0;
  std::optional<Error> error_;
};

// to_nlohmann throws what write() turns into an error.
ordered_json to_nlohmann(const Value& v) {
  if (const auto* a = v.array()) {
    auto out = ordered_json::array();
    for (const auto& item : *a) out.push_back(to_nlohmann(item));
    return out;
  }
  if (const auto* o = v.object()) {
    auto out = ordered_json::object();
    for (const auto& [key, content] : *o)
      if (!out.emplace(key, to_nlohmann(content)).second)
        throw std::invalid_argument("the key \"" + key + "\" stands twice");
    return out;
  }
  return std::visit(
      [](const auto& x) -> ordered_json {
        using T = std::decay_t<decltype(x)>;
        if constexpr (std::is_same_v<T, Null> || std::is_same_v<T, Array> || std::is_same_v<T, Object>) {
          return nullptr;
        } else if constexpr (std::is_same_v<T, double>) {
          if (!std::isfinite(x)) throw std::invalid_argument("a number that JSON does not have");
          return x;
        } else {
          return x;
        }
      },
      v.data());
}

}  // namespace

Result<std::int64_t> Value::as_int() const {
  if (const auto* v = std::get_if<std::int64_t>(&data_)) return *v;
  return Error{Code::malformed, "is not an integer", ""};
}
Result<std::string_view> Value::as_text() const {
  if (const auto* v = std::get_if<std::string>(&data_)) return std::string_view(*v);
  return Error{Code::malformed, "is not a string", ""};
}
Result<bool> Value::as_bool() const {
  if (const auto* v = std::get_if<bool>(&data_)) return *v;
  return Error{Code::malformed, "is not true or false", ""};
}
const Value* Value::find(std::string_view key) const {
  if (object() == nullptr) return nullptr;
  for (const auto& [name, content] : *object())
    if (name == key) return &content;
  return nullptr;
}

Result<Value> parse(std::string_view text, const Limits& limits) {
  // nlohmann-json skips a byte order mark, and takes a zero byte for the end of the text.
  if (text.starts_with("\xef\xbb\xbf")) return Error{Code::malformed, "starts with a byte order mark", ""};
  if (const auto zero = text.find('\0'); zero != std::string_view::npos)
    return Error{Code::malformed, "a zero byte at character " + std::to_string(zero + 1), ""};
  Builder builder(limits);
  const bool parsed = nlohmann::json::sax_parse(text, &builder);
  if (builder.error()) return *builder.error();
  if (!parsed) return Error{Code::malformed, "not JSON", ""};
  return builder.take();
}

Result<std::string> write(const Value& value) {
  try {
    return to_nlohmann(value).dump();
  } catch (const nlohmann::json::exception&) {
    return Error{Code::misuse, "text that is not UTF-8 cannot be JSON", ""};
  } catch (const std::invalid_argument& e) {
    return Error{Code::misuse, e.what(), ""};
  }
}

}  // namespace seatls::codec::json
