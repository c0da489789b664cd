// measurement-map and measurement-values-map: draft-ietf-rats-corim-11, section 5.1.4.
#include "rats/comid_values.h"

#include <algorithm>
#include <array>

namespace seatls::rats::comid {
namespace {

namespace cbor = codec::cbor;
using cbor::Value;

namespace tag {
constexpr std::uint64_t svn = 552, min_svn = 553, key_first = 554, key_last = 562, bytes = 560, masked = 563,
                        int_range = 564;
}

// Code points of measurement-values-map.
enum : std::int64_t {
  k_version = 0,
  k_svn = 1,
  k_digests = 2,
  k_flags = 3,
  k_raw_value = 4,
  k_raw_mask = 5,  // deprecated, and still written
  k_mac_addr = 6,
  k_ip_addr = 7,
  k_serial_number = 8,
  k_ueid = 9,
  k_uuid = 10,
  k_name = 11,
  k_cryptokeys = 13,
  k_integrity_registers = 14,
  k_int_range = 15,
};

struct Algorithm {
  std::int64_t id;
  std::string_view name;
  std::size_t size;
};
// IANA, "Named Information Hash Algorithm Registry"
constexpr std::array<Algorithm, 7> algorithms = {{{1, "sha-256", 32},
                                                  {7, "sha-384", 48},
                                                  {8, "sha-512", 64},
                                                  {9, "sha3-224", 28},
                                                  {10, "sha3-256", 32},
                                                  {11, "sha3-384", 48},
                                                  {12, "sha3-512", 64}}};

Error malformed(std::string what, std::string path = "") {
  return {Code::malformed, std::move(what), std::move(path)};
}

Result<Digest> read_digest(const Value& v) {
  const auto* pair = v.array();
  if (pair == nullptr || pair->size() != 2) return malformed("a digest is no [algorithm, bytes]");
  auto value = (*pair)[1].as_bytes();
  if (!value) return malformed("the value of a digest is " + cbor::brief((*pair)[1]));
  const auto number = (*pair)[0].as_int();
  const auto text = (*pair)[0].as_text();
  if (!number && !text) return malformed("the algorithm of a digest is " + cbor::brief((*pair)[0]));
  for (const Algorithm& a : algorithms) {
    if (!(number && *number == a.id) && !(text && *text == a.name)) continue;
    if (value->size() != a.size)
      return malformed("a " + std::string(a.name) + " digest of " + std::to_string(value->size()) + " bytes");
    return Digest{a.id, bytes(*value)};
  }
  if (number) return Digest{*number, bytes(*value)};
  return Digest{std::string(*text), bytes(*value)};
}

// svn: uint / #6.552 uint / #6.553 uint
Result<Svn> read_svn(const Value& v) {
  const cbor::Tag* t = v.tag();
  if (t != nullptr && t->number != tag::svn && t->number != tag::min_svn)
    return malformed("is " + cbor::brief(v));
  SEATLS_TRY(const std::uint64_t value, (t != nullptr ? t->content : v).as_uint());
  return Svn{value, t != nullptr && t->number == tag::min_svn};
}

Result<std::map<std::int64_t, bool>> read_flags(const Value& v) {
  if (v.map() == nullptr || v.map()->empty()) return malformed("is no map with a member");
  std::map<std::int64_t, bool> out;
  for (const auto& [key, flag] : *v.map()) {
    SEATLS_TRY(const std::int64_t number, key.as_int());
    SEATLS_TRY(out[number], flag.as_bool());
  }
  return out;
}

Result<IntRange> read_int_range(const Value& v) {
  if (const auto number = v.as_int()) return IntRange{*number, *number};
  const cbor::Tag* t = v.tag();
  const auto* pair = t != nullptr && t->number == tag::int_range ? t->content.array() : nullptr;
  if (pair == nullptr || pair->size() != 2) return malformed("is no number, and no range of two");
  const auto bound = [](const Value& b) -> Result<std::optional<std::int64_t>> {
    if (std::holds_alternative<cbor::Null>(b.data())) return std::optional<std::int64_t>();
    SEATLS_TRY(const std::int64_t number, b.as_int());
    return std::optional(number);
  };
  IntRange out;
  SEATLS_TRY(out.least, bound((*pair)[0]));
  SEATLS_TRY(out.most, bound((*pair)[1]));
  if (out.least && out.most && *out.least > *out.most) return malformed("is a range that holds nothing");
  return out;
}

Result<std::map<RegisterId, Digests>> read_registers(const Value& v) {
  if (v.map() == nullptr || v.map()->empty()) return malformed("is no map with a member");
  std::map<RegisterId, Digests> out;
  for (const auto& [key, list] : *v.map()) {
    SEATLS_TRY(Digests digests, read_digests(list));
    if (const auto number = key.as_uint())
      out.emplace(*number, std::move(digests));
    else if (const auto text = key.as_text())
      out.emplace(std::string(*text), std::move(digests));
    else
      return malformed("the register " + cbor::brief(key) + " is no number and no text");
  }
  return out;
}

Result<std::vector<Encoded>> read_keys(const Value& v) {
  if (v.array() == nullptr || v.array()->empty()) return malformed("is no array with an element");
  std::vector<Encoded> out;
  for (const Value& key : *v.array()) {
    SEATLS_CHECK(check_crypto_key(key));
    SEATLS_TRY(Encoded encoded, cbor::encode(key));
    out.push_back(std::move(encoded));
  }
  return out;
}

// 4 raw-value, 5 raw-value-mask
Result<void> read_raw(const Value& map, Values& out) {
  const Value *value = map.find(k_raw_value), *mask = map.find(k_raw_mask);
  if (value == nullptr && mask == nullptr) return {};
  if (value == nullptr) return malformed("a mask without a value", "raw-value-mask");
  auto raw = read_raw_value(*value);
  if (!raw) return std::move(raw).error().in("raw-value");
  if (mask != nullptr) {
    auto bits = mask->as_bytes();
    if (!bits) return std::move(bits).error().in("raw-value-mask");
    if (raw->mask || bits->size() != raw->value.size())
      return malformed("is a second mask, or not as long as the value", "raw-value-mask");
    raw->mask = bytes(*bits);
  }
  out.raw_value = std::move(raw).value();
  return {};
}

template <class T>
Result<void> read_into(std::optional<T>& into, Result<T> read, std::string_view name) {
  if (!read) return std::move(read).error().in(name);
  into = std::move(read).value();
  return {};
}
template <class T>
Result<void> read_into(T& into, Result<T> read, std::string_view name) {
  if (!read) return std::move(read).error().in(name);
  into = std::move(read).value();
  return {};
}

Result<void> read_value(std::int64_t key, const Value& v, Values& out) {
  switch (key) {
    case k_version: return read_into(out.version, cbor::encode(v), "version");
    case k_svn: return read_into(out.svn, read_svn(v), "svn");
    case k_digests: return read_into(out.digests, read_digests(v), "digests");
    case k_flags: return read_into(out.flags, read_flags(v), "flags");
    case k_raw_value:
    case k_raw_mask: return {};  // read_raw takes both
    case k_cryptokeys: return read_into(out.cryptokeys, read_keys(v), "cryptokeys");
    case k_integrity_registers:
      return read_into(out.integrity_registers, read_registers(v), "integrity-registers");
    case k_int_range: return read_into(out.int_range, read_int_range(v), "int-range");
    case k_mac_addr:
    case k_ip_addr:
    case k_serial_number:
    case k_ueid:
    case k_uuid:
    case k_name: return read_into(out.equal[key], cbor::encode(v), "value");
    default: out.extensions.emplace(key, v); return {};
  }
}

Result<Values> read_values(const Value& v) {
  if (v.map() == nullptr || v.map()->empty()) return malformed("is no map with a member");
  Values out;
  for (const auto& [key, member] : *v.map()) {
    SEATLS_TRY(const std::int64_t number, key.as_int());
    SEATLS_CHECK(read_value(number, member, out));
  }
  SEATLS_CHECK(read_raw(v, out));
  return out;
}

}  // namespace

Result<void> check_crypto_key(const Value& key) {
  const cbor::Tag* t = key.tag();
  if (t == nullptr || t->number < tag::key_first || t->number > tag::key_last)
    return malformed("is " + cbor::brief(key) + "; a key has a tag from 554 to 562", "key");
  return {};
}

Result<Digests> read_digests(const Value& v) {
  if (v.array() == nullptr || v.array()->empty()) return malformed("is no array with an element");
  Digests out;
  for (const Value& item : *v.array()) {
    SEATLS_TRY(Digest digest, read_digest(item));
    if (std::ranges::find(out, digest.alg, &Digest::alg) != out.end())
      return malformed("holds two digests of one algorithm");
    out.push_back(std::move(digest));
  }
  return out;
}

Result<RawValue> read_raw_value(const Value& v) {
  const cbor::Tag* t = v.tag();
  if (t != nullptr && t->number == tag::bytes) {
    SEATLS_TRY(const ByteView value, t->content.as_bytes());
    return RawValue{bytes(value), {}};
  }
  const auto* pair = t != nullptr && t->number == tag::masked ? t->content.array() : nullptr;
  if (pair == nullptr || pair->size() != 2)
    return malformed("is " + cbor::brief(v) + "; it is #6.560 bytes or #6.563 [value, mask]");
  SEATLS_TRY(const ByteView value, (*pair)[0].as_bytes());
  SEATLS_TRY(const ByteView mask, (*pair)[1].as_bytes());
  if (value.size() != mask.size())
    return malformed("the mask has " + std::to_string(mask.size()) + " bytes, the value " +
                     std::to_string(value.size()));
  return RawValue{bytes(value), bytes(mask)};
}

// measurement-map = { ? 0 mkey, 1 mval, ? 2 authorized-by: [ + crypto-key ] }
Result<Measurement> read_measurement(const Value& v) {
  if (v.map() == nullptr) return malformed("is no map");
  Measurement out;
  for (const auto& [key, member] : *v.map()) {
    const auto number = key.as_int();
    if (!number || *number < 0 || *number > 2)
      return malformed("holds the unknown member " + cbor::brief(key));
  }
  if (const Value* key = v.find(0)) out.key = *key;
  const Value* values = v.find(1);
  if (values == nullptr) return malformed("is missing", "mval");
  auto read = read_values(*values);
  if (!read) return std::move(read).error().in("mval");
  out.values = std::move(read).value();
  if (const Value* keys = v.find(2))
    SEATLS_CHECK(read_into(out.authorized_by, read_keys(*keys), "authorized-by"));
  return out;
}

}  // namespace seatls::rats::comid
