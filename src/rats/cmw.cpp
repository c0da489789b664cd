// CMW: draft-ietf-rats-msg-wrap-23, section 3.
#include "seatls/cmw.h"

#include <algorithm>

#include "base/encoding.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "rats/media_type.h"

namespace seatls {

Cmw::Cmw(CmwCollection collection, CmwForm form)
    : content_(std::make_shared<const CmwCollection>(std::move(collection))), form_(form) {}

const CmwRecord* Cmw::record() const { return std::get_if<CmwRecord>(&content_); }
const CmwCollection* Cmw::collection() const {
  const auto* c = std::get_if<std::shared_ptr<const CmwCollection>>(&content_);
  return c == nullptr ? nullptr : c->get();
}
bool CmwCollection::operator==(const CmwCollection& other) const {
  return type == other.type &&
         std::is_permutation(entries.begin(), entries.end(), other.entries.begin(), other.entries.end());
}
bool Cmw::operator==(const Cmw& other) const {
  if (form_ != other.form_) return false;
  if (record() != nullptr) return other.record() != nullptr && *record() == *other.record();
  return other.collection() != nullptr && *collection() == *other.collection();
}

namespace {

namespace cbor = codec::cbor;
namespace json = codec::json;

constexpr std::string_view kCollectionType = "__cmwc_t";
constexpr std::uint32_t kAssignedIndicators = 31;

Error malformed(std::string what, std::string path) {
  return {Code::malformed, std::move(what), std::move(path)};
}

Result<void> check_depth(std::size_t depth, const CmwLimits& limits) {
  if (depth < limits.depth) return {};
  return Error{Code::limit_exceeded, "collections are nested deeper than " + std::to_string(limits.depth),
               ""};
}
Result<void> check_entries(std::size_t entries, const CmwLimits& limits) {
  if (entries > limits.entries)
    return Error{Code::limit_exceeded,
                 "a collection of " + std::to_string(entries) + " entries; the limit is " +
                     std::to_string(limits.entries),
                 ""};
  if (entries == 0) return malformed("a collection without an entry", "");
  return {};
}

// ind: uint .bits cm-type, non-zero; bits beyond the registry are refused.
Result<std::uint32_t> indicator(std::int64_t v) {
  if (v <= 0 || v > kAssignedIndicators)
    return malformed("is " + std::to_string(v) + "; assigned are 1 to 31", "ind");
  return static_cast<std::uint32_t>(v);
}

Result<EvidenceType> media_type(std::string_view text) {
  auto parsed = rats::parse_media_type(text);
  if (!parsed) return std::move(parsed).error().in("type");
  return EvidenceType(MediaType{std::string(text)});
}

bool is_oid(std::string_view s) {  // ([0-2])((\.0)|(\.[1-9][0-9]*))*
  if (s.empty() || s[0] < '0' || s[0] > '2') return false;
  for (std::size_t i = 1; i < s.size();) {
    if (s[i++] != '.') return false;
    const auto start = i;
    while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
    if (i == start || (s[start] == '0' && i - start > 1)) return false;
  }
  return true;
}
bool is_absolute_uri(std::string_view s) {  // scheme ":" something
  const auto colon = s.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == s.size()) return false;
  const auto alpha = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!alpha(s[0])) return false;
  for (char c : s.substr(1, colon - 1))
    if (!alpha(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.') return false;
  for (char c : s)
    if (static_cast<unsigned char>(c) <= 0x20) return false;
  return true;
}
Result<std::string> collection_type(std::string_view s) {
  if (!is_oid(s) && !is_absolute_uri(s))
    return malformed("is neither an absolute URI nor an OID", std::string(kCollectionType));
  return std::string(s);
}

Result<void> check_writable(const CmwCollection& c) {
  SEATLS_CHECK(check_entries(c.entries.size(), CmwLimits{}));
  for (const auto& entry : c.entries)
    if (const auto* label = std::get_if<std::string>(&entry.first);
        label != nullptr && *label == kCollectionType)
      return Error{Code::misuse, "\"__cmwc_t\" is no label: it holds the collection's type", ""};
  return {};
}

// ---- CBOR ----------------------------------------------------------------------------------------
// cbor-record = [ type: uint .size 2 / media-type-text, value: bstr, ? ind: uint ]
Result<Cmw> read_cbor(const cbor::Value& v, const CmwLimits& limits, std::size_t depth);

Result<Cmw> read_cbor_record(const cbor::Array& a) {
  if (a.size() != 2 && a.size() != 3)
    return malformed("a record of " + std::to_string(a.size()) + " elements", "");
  CmwRecord out;
  if (auto name = a[0].as_text()) {
    SEATLS_TRY(out.type, media_type(*name));
  } else {
    auto id = a[0].as_uint();
    if (!id || *id > 0xffff)
      return malformed("is neither a media type nor a content format of 16 bits", "type");
    out.type = ContentFormat{static_cast<std::uint16_t>(*id)};
  }
  auto value = a[1].as_bytes();
  if (!value) return std::move(value).error().in("value");
  out.value = bytes(*value);
  if (a.size() == 3) {
    auto ind = a[2].as_int();
    if (!ind) return std::move(ind).error().in("ind");
    SEATLS_TRY(out.indicator, indicator(*ind));
  }
  return Cmw(std::move(out), CmwForm::cbor);
}

// cbor-collection = { ? "__cmwc_t": ~uri / oid, + (int / text) => cbor-cmw }
Result<Cmw> read_cbor_collection(const cbor::Map& m, const CmwLimits& limits, std::size_t depth) {
  SEATLS_CHECK(check_depth(depth, limits));
  CmwCollection out;
  for (const auto& [key, content] : m) {
    CmwCollection::Label label;
    if (auto name = key.as_text()) {
      if (*name == kCollectionType) {
        auto type = content.as_text();
        if (!type) return std::move(type).error().in(kCollectionType);
        SEATLS_TRY(out.type, collection_type(*type));
        continue;
      }
      label = std::string(*name);
    } else if (auto number = key.as_int()) {
      label = *number;
    } else {
      return malformed("a label that is neither an integer nor text", "");
    }
    auto entry = read_cbor(content, limits, depth + 1);
    if (!entry) return std::move(entry).error().in("[" + cbor::brief(key) + "]");
    out.entries.emplace_back(std::move(label), std::move(entry).value());
  }
  SEATLS_CHECK(check_entries(out.entries.size(), limits));
  return Cmw(std::move(out), CmwForm::cbor);
}

// tag-cm-cbor<tn, fmt> / tag-cm-data<tn> = #6.<tn>(bstr), tn = TN(content format)
Result<Cmw> read_cbor_tag(const cbor::Tag& tag) {
  const auto format = rats::content_format_of_tag(tag.number);
  if (!format) return malformed("CBOR tag " + std::to_string(tag.number) + " is no CMW tag", "");
  auto value = tag.content.as_bytes();
  if (!value) return std::move(value).error().in("value");
  return Cmw(CmwRecord{ContentFormat{*format}, bytes(*value), 0}, CmwForm::cbor_tag);
}

Result<Cmw> read_cbor(const cbor::Value& v, const CmwLimits& limits, std::size_t depth) {
  if (v.array() != nullptr) return read_cbor_record(*v.array());
  if (v.map() != nullptr) return read_cbor_collection(*v.map(), limits, depth);
  if (v.tag() != nullptr) return read_cbor_tag(*v.tag());
  return malformed(cbor::brief(v) + " is neither record, collection nor tag", "");
}

Result<cbor::Value> to_cbor(const Cmw& cmw) {
  if (const auto* r = cmw.record()) {
    const auto* format = std::get_if<ContentFormat>(&r->type);
    if (cmw.form() == CmwForm::cbor_tag) {
      if (format == nullptr || r->indicator != 0)
        return Error{Code::misuse, "a tag CMW has a content format and no indicator", ""};
      const auto tag = rats::tag_number(format->id);
      if (!tag)
        return Error{Code::misuse, "content format " + std::to_string(format->id) + " has no CBOR tag",
                     "type"};
      return cbor::tag(*tag, cbor::bytes(r->value));
    }
    cbor::Array out;
    if (format != nullptr) {
      out.push_back(cbor::integer(format->id));
    } else {
      SEATLS_CHECK(media_type(std::get<MediaType>(r->type).name));
      out.push_back(cbor::text(std::get<MediaType>(r->type).name));
    }
    out.push_back(cbor::bytes(r->value));
    if (r->indicator != 0) {
      SEATLS_CHECK(indicator(r->indicator));
      out.push_back(cbor::integer(r->indicator));
    }
    return cbor::array(std::move(out));
  }
  cbor::Map out;
  const auto& c = *cmw.collection();
  SEATLS_CHECK(check_writable(c));
  if (!c.type.empty()) {
    SEATLS_CHECK(collection_type(c.type));
    out.emplace_back(cbor::text(kCollectionType), cbor::text(c.type));
  }
  for (const auto& [label, entry] : c.entries) {
    if (entry.form() == CmwForm::json)
      return Error{Code::misuse, "a JSON CMW inside of a CBOR collection", ""};
    SEATLS_TRY(cbor::Value v, to_cbor(entry));
    const auto* number = std::get_if<std::int64_t>(&label);
    out.emplace_back(number != nullptr ? cbor::integer(*number) : cbor::text(std::get<std::string>(label)),
                     std::move(v));
  }
  return cbor::map(std::move(out));
}

// ---- JSON ----------------------------------------------------------------------------------------
// json-record = [ type: media-type-text, value: b64url-text, ? ind: uint ]
// json-collection = { ? "__cmwc_t": ~uri / oid, + text => json-cmw }
Result<Cmw> read_json(const json::Value& v, const CmwLimits& limits, std::size_t depth) {
  if (const auto* a = v.array()) {
    if (a->size() != 2 && a->size() != 3)
      return malformed("a record of " + std::to_string(a->size()) + " elements", "");
    CmwRecord out;
    auto name = (*a)[0].as_text();
    if (!name) return std::move(name).error().in("type");
    SEATLS_TRY(out.type, media_type(*name));
    auto value = (*a)[1].as_text();
    if (!value) return std::move(value).error().in("value");
    auto decoded = base::from_base64url(*value);
    if (!decoded) return std::move(decoded).error().in("value");
    out.value = std::move(decoded).value();
    if (a->size() == 3) {
      auto ind = (*a)[2].as_int();
      if (!ind) return std::move(ind).error().in("ind");
      SEATLS_TRY(out.indicator, indicator(*ind));
    }
    return Cmw(std::move(out), CmwForm::json);
  }
  const auto* o = v.object();
  if (o == nullptr) return malformed("is neither a record nor a collection", "");
  SEATLS_CHECK(check_depth(depth, limits));
  CmwCollection out;
  for (const auto& [key, content] : *o) {
    if (key == kCollectionType) {
      auto type = content.as_text();
      if (!type) return std::move(type).error().in(kCollectionType);
      SEATLS_TRY(out.type, collection_type(*type));
      continue;
    }
    auto entry = read_json(content, limits, depth + 1);
    if (!entry) return std::move(entry).error().in("[" + cbor::brief(cbor::text(key)) + "]");
    out.entries.emplace_back(key, std::move(entry).value());
  }
  SEATLS_CHECK(check_entries(out.entries.size(), limits));
  return Cmw(std::move(out), CmwForm::json);
}

Result<json::Value> to_json(const Cmw& cmw) {
  if (cmw.form() != CmwForm::json) return Error{Code::misuse, "a CBOR CMW inside of a JSON collection", ""};
  if (const auto* r = cmw.record()) {
    const auto* name = std::get_if<MediaType>(&r->type);
    if (name == nullptr)
      return Error{Code::misuse, "a JSON record needs a media type, not a content format", "type"};
    SEATLS_CHECK(media_type(name->name));
    json::Array out{json::Value(name->name), json::Value(base::to_base64url(r->value))};
    if (r->indicator != 0) {
      SEATLS_CHECK(indicator(r->indicator));
      out.emplace_back(std::int64_t{r->indicator});
    }
    return json::Value(std::move(out));
  }
  json::Object out;
  const auto& c = *cmw.collection();
  SEATLS_CHECK(check_writable(c));
  if (!c.type.empty()) {
    SEATLS_CHECK(collection_type(c.type));
    out.emplace_back(kCollectionType, json::Value(c.type));
  }
  for (const auto& [label, entry] : c.entries) {
    const auto* key = std::get_if<std::string>(&label);
    if (key == nullptr) return Error{Code::misuse, "an integer label in a JSON collection", ""};
    for (const auto& known : out)
      if (known.first == *key) return Error{Code::misuse, "the label \"" + *key + "\" stands twice", ""};
    SEATLS_TRY(json::Value v, to_json(entry));
    out.emplace_back(*key, std::move(v));
  }
  return json::Value(std::move(out));
}

Result<Cmw> parse_any(ByteView in, const CmwLimits& limits) {
  if (in.empty()) return Error{Code::truncated, "is empty", ""};
  if (in.size() > limits.size)
    return Error{Code::limit_exceeded,
                 "is " + std::to_string(in.size()) + " bytes; the limit is " + std::to_string(limits.size),
                 ""};
  // Section "Demuxing": the first byte tells. Records, tags and collections only; a record is two levels
  // deep, and each collection adds one.
  const std::uint8_t first = in[0];
  if (first == '[' || first == '{') {
    SEATLS_TRY(const auto v, json::parse(text(in), {.depth = limits.depth + 2}));
    return read_json(v, limits, 0);
  }
  const bool record = first == 0x82 || first == 0x83 || first == 0x9f;
  const bool collection = (first >= 0xa0 && first <= 0xbb) || first == 0xbf;
  if (!record && !collection && first != 0xda)
    return malformed("starts with byte " + base::to_hex(in.first(1)) + ", which no CMW does", "");
  SEATLS_TRY(const auto v, cbor::parse(in, {.depth = limits.depth + 2}));
  return read_cbor(v, limits, 0);
}

Result<Bytes> encode_any(const Cmw& cmw) {
  if (cmw.form() == CmwForm::json) {
    SEATLS_TRY(const json::Value v, to_json(cmw));
    SEATLS_TRY(const std::string out, json::write(v));
    return bytes(out);
  }
  SEATLS_TRY(const cbor::Value v, to_cbor(cmw));
  return cbor::encode(v);
}

}  // namespace

Result<Cmw> parse_cmw(ByteView in, const CmwLimits& limits) {
  auto out = parse_any(in, limits);
  if (!out) return std::move(out).error().in("cmw");
  return out;
}

Result<Bytes> encode_cmw(const Cmw& cmw) {
  auto out = encode_any(cmw);
  if (!out) return std::move(out).error().in("cmw");
  return out;
}

}  // namespace seatls
