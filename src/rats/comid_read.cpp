// concise-mid-tag: environments and triples. What is measured is read in comid_values.cpp.
#include <algorithm>

#include "base/encoding.h"
#include "rats/comid.h"
#include "rats/comid_values.h"

namespace seatls::rats::comid {
namespace {

namespace cbor = codec::cbor;
using cbor::Value;

Error malformed(std::string what, std::string path) {
  return {Code::malformed, std::move(what), std::move(path)};
}

Result<std::optional<std::string>> text_member(const Value& map, std::int64_t key, std::string_view name) {
  const Value* v = map.find(key);
  if (v == nullptr) return std::optional<std::string>();
  auto text = v->as_text();
  if (!text) return std::move(text).error().in(name);
  return std::optional(std::string(*text));
}
Result<std::optional<std::uint64_t>> uint_member(const Value& map, std::int64_t key, std::string_view name) {
  const Value* v = map.find(key);
  if (v == nullptr) return std::optional<std::uint64_t>();
  auto number = v->as_uint();
  if (!number) return std::move(number).error().in(name);
  return std::optional(*number);
}
Result<std::optional<Encoded>> tagged_member(const Value& map, std::int64_t key, std::string_view name) {
  const Value* v = map.find(key);
  if (v == nullptr) return std::optional<Encoded>();
  if (v->tag() == nullptr) return malformed("is " + cbor::brief(*v) + "; it is tagged", std::string(name));
  SEATLS_TRY(Encoded encoded, cbor::encode(*v));
  return std::optional(std::move(encoded));
}

// class-map = non-empty { ? 0 class-id, ? 1 vendor, ? 2 model, ? 3 layer, ? 4 index }
Result<Class> read_class(const Value& v) {
  if (v.map() == nullptr || v.map()->empty()) return malformed("is no map with a member", "class");
  Class out;
  SEATLS_TRY(out.id, tagged_member(v, 0, "class > class-id"));
  SEATLS_TRY(out.vendor, text_member(v, 1, "class > vendor"));
  SEATLS_TRY(out.model, text_member(v, 2, "class > model"));
  SEATLS_TRY(out.layer, uint_member(v, 3, "class > layer"));
  SEATLS_TRY(out.index, uint_member(v, 4, "class > index"));
  return out;
}

// environment-map = non-empty { ? 0 class, ? 1 instance, ? 2 group }. A member that is not known would narrow
// what the triple is about in a way that nobody here sees: it is refused.
Result<Environment> read_environment(const Value& v) {
  if (v.map() == nullptr || v.map()->empty()) return malformed("is no map with a member", "environment");
  Environment out;
  for (const auto& [key, member] : *v.map()) {
    const auto number = key.as_int();
    if (!number || *number < 0 || *number > 2)
      return malformed("holds the unknown member " + cbor::brief(key), "environment");
    if (*number != 0) continue;
    auto read = read_class(member);
    if (!read) return std::move(read).error().in("environment");
    out.of_class = std::move(read).value();
  }
  SEATLS_TRY(out.instance, tagged_member(v, 1, "environment > instance"));
  SEATLS_TRY(out.group, tagged_member(v, 2, "environment > group"));
  return out;
}

// [ environment-map, [ + measurement-map ] ]
Result<Triple> read_triple(const Value& v) {
  const auto* pair = v.array();
  if (pair == nullptr || pair->size() != 2) return malformed("is no [environment, measurements]", "");
  Triple out;
  SEATLS_TRY(out.environment, read_environment((*pair)[0]));
  const auto* list = (*pair)[1].array();
  if (list == nullptr || list->empty()) return malformed("is no array with an element", "measurements");
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto measurement = read_measurement((*list)[i]);
    if (!measurement) return std::move(measurement).error().in("measurements[" + std::to_string(i) + "]");
    out.measurements.push_back(std::move(measurement).value());
  }
  return out;
}

template <class T, class Read>
Result<void> read_list(const Value& v, std::vector<T>& into, Read read) {
  const auto* list = v.array();
  if (list == nullptr || list->empty()) return malformed("is no array with an element", "");
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto item = read((*list)[i]);
    if (!item) return std::move(item).error().in("[" + std::to_string(i) + "]");
    into.push_back(std::move(item).value());
  }
  return {};
}

// [ environment-map, [ + crypto-key ], ? conditions ]. Conditions narrow what the keys are good for, and are
// not understood here: such a record is nothing to go by.
Result<std::optional<KeyTriple>> read_key_triple(const Value& v) {
  const auto* parts = v.array();
  if (parts == nullptr || parts->size() < 2 || parts->size() > 3)
    return malformed("is no [environment, keys]", "");
  KeyTriple out;
  SEATLS_TRY(out.environment, read_environment((*parts)[0]));
  const auto* keys = (*parts)[1].array();
  if (keys == nullptr || keys->empty()) return malformed("is no array with an element", "keys");
  for (const Value& key : *keys) SEATLS_CHECK(check_crypto_key(key));
  out.keys = *keys;
  if (parts->size() == 3) return std::optional<KeyTriple>();
  return std::optional(std::move(out));
}

Result<void> read_key_triples(const Value& v, std::vector<KeyTriple>& into, Comid& out, std::int64_t kind) {
  std::vector<std::optional<KeyTriple>> read;
  SEATLS_CHECK(read_list(v, read, read_key_triple));
  for (auto& triple : read) {
    if (triple)
      into.push_back(std::move(*triple));
    else
      out.unread.push_back(kind);
  }
  return {};
}

Result<void> read_triples(const Value& v, Comid& out) {
  if (v.map() == nullptr || v.map()->empty()) return malformed("is no map with a member", "");
  for (const auto& [key, list] : *v.map()) {
    const auto kind = key.as_int();
    if (!kind) return malformed("the kind " + cbor::brief(key) + " is no number", "");
    Result<void> read;
    std::string_view name;
    switch (*kind) {
      case 0: name = "reference-triples", read = read_list(list, out.reference, read_triple); break;
      case 1: name = "endorsed-triples", read = read_list(list, out.endorsed, read_triple); break;
      case 2: name = "identity-triples", read = read_key_triples(list, out.identity_keys, out, 2); break;
      case 3: name = "attest-key-triples", read = read_key_triples(list, out.attest_keys, out, 3); break;
      default: out.unread.push_back(*kind);
    }
    if (!read) return std::move(read).error().in(name);
  }
  return {};
}

// tag-identity-map = { 0 tag-id: text / uuid, ? 1 tag-version: uint }
Result<void> read_identity(const Value* v, Comid& out) {
  const Value* id = v == nullptr ? nullptr : v->find(0);
  if (id == nullptr) return malformed("is missing", "tag-identity > tag-id");
  if (const auto text = id->as_text())
    out.tag_id = *text;
  else if (const auto uuid = id->as_bytes(); uuid && uuid->size() == 16)
    out.tag_id = base::to_hex(*uuid);
  else
    return malformed("is " + cbor::brief(*id) + "; it is a text or 16 bytes", "tag-identity > tag-id");
  SEATLS_TRY(const auto version, uint_member(*v, 1, "tag-identity > tag-version"));
  out.tag_version = version.value_or(0);
  return {};
}

}  // namespace

// concise-mid-tag = { ? 0 language, 1 tag-identity, ? 2 entities, ? 3 linked-tags, 4 triples }
Result<Comid> read_comid(const Value& v) {
  if (v.map() == nullptr) return malformed("is no map", "comid");
  Comid out;
  if (auto identity = read_identity(v.find(1), out); !identity)
    return std::move(identity).error().in("comid");
  const Value* triples = v.find(4);
  if (triples == nullptr) return malformed("is missing", "comid > triples");
  if (auto read = read_triples(*triples, out); !read)
    return std::move(read).error().in("triples").in("comid \"" + out.tag_id.substr(0, 40) + "\"");
  return out;
}

Result<Comid> read_comid(ByteView data) {
  auto parsed = cbor::parse(data);
  if (!parsed) return std::move(parsed).error().in("comid");
  return read_comid(*parsed);
}

}  // namespace seatls::rats::comid
