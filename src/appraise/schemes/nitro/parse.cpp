#include "appraise/schemes/nitro/parse.h"

#include <algorithm>

namespace seatls::appraise::nitro {
namespace {

namespace cbor = codec::cbor;

constexpr cbor::Limits limits{.depth = 4, .items = 256};
constexpr std::size_t pcr_size = 48, most_pcrs = 32, longest_certificate = 1024, longest_field = 512,
                      longest_public_key = 1024, most_certificates = 8;
constexpr std::uint64_t latest_ms = 253'402'300'799'000;  // the end of the year 9999

Error malformed(std::string_view field, std::string detail) {
  return {Code::malformed, std::move(detail), std::string(field)};
}

Result<const cbor::Value*> item(const cbor::Value& map, std::string_view key) {
  const auto* value = map.find(key);
  if (value == nullptr) return malformed(key, "is missing");
  return value;
}

Result<Bytes> sized(const cbor::Value& value, std::string_view field, std::size_t least, std::size_t most) {
  auto raw = value.as_bytes();
  if (!raw) return std::move(raw).error().in(field);
  if (raw->size() < least || raw->size() > most)
    return Error{Code::length_out_of_range,
                 std::to_string(raw->size()) + " bytes; " + std::to_string(least) + " to " +
                     std::to_string(most) + " are allowed",
                 std::string(field)};
  return bytes(*raw);
}

// An absent field may also be null.
Result<Bytes> optional(const cbor::Value& map, std::string_view key, std::size_t most) {
  const auto* value = map.find(key);
  if (value == nullptr || std::holds_alternative<cbor::Null>(value->data())) return Bytes();
  return sized(*value, key, 0, most);
}

Result<crypto::Certificate> certificate(const cbor::Value& value, std::string_view field) {
  SEATLS_TRY(const Bytes der, sized(value, field, 1, longest_certificate));
  auto read = crypto::Certificate::from_der(der);
  if (!read) return std::move(read).error().in(field);
  return read;
}

Result<std::vector<crypto::Certificate>> cabundle(const cbor::Value& map) {
  SEATLS_TRY(const auto* value, item(map, "cabundle"));
  const auto* rows = value->array();
  if (rows == nullptr || rows->empty() || rows->size() > most_certificates)
    return malformed("cabundle",
                     "must be an array of 1 to " + std::to_string(most_certificates) + " certificates");
  std::vector<crypto::Certificate> list;
  for (const auto& row : *rows) {
    SEATLS_TRY(auto one, certificate(row, "cabundle[" + std::to_string(list.size()) + "]"));
    list.push_back(std::move(one));
  }
  return list;
}

Result<std::map<unsigned, Bytes>> pcrs(const cbor::Value& map) {
  SEATLS_TRY(const auto* value, item(map, "pcrs"));
  const auto* rows = value->map();
  if (rows == nullptr || rows->empty() || rows->size() > most_pcrs)
    return malformed("pcrs", "must be a map of 1 to " + std::to_string(most_pcrs) + " values");
  std::map<unsigned, Bytes> out;
  for (const auto& [key, pcr] : *rows) {
    const auto index = key.as_uint();
    if (!index || *index >= most_pcrs)
      return malformed("pcrs", cbor::brief(key) + " is no index from 0 to 31");
    const std::string place = "pcrs[" + std::to_string(*index) + "]";
    SEATLS_TRY(out[static_cast<unsigned>(*index)], sized(pcr, place, pcr_size, pcr_size));
  }
  return out;
}

Result<std::string> text_of(const cbor::Value& map, std::string_view key) {
  SEATLS_TRY(const auto* value, item(map, key));
  const auto content = value->as_text();
  if (!content) return Error(content.error()).in(key);
  if (content->empty()) return malformed(key, "is empty");
  return std::string(*content);
}

Result<Time> timestamp(const cbor::Value& map) {
  SEATLS_TRY(const auto* value, item(map, "timestamp"));
  const auto ms = value->as_uint();
  if (!ms) return Error(ms.error()).in("timestamp");
  if (*ms == 0 || *ms > latest_ms)
    return malformed("timestamp", std::to_string(*ms) + " is no time in milliseconds");
  return Time(std::chrono::seconds(*ms / 1000));
}

Result<Document> read(ByteView raw) {
  SEATLS_TRY(auto message, codec::cose::parse_sign1(raw, limits));
  if (!message.unprotected_headers.map()->empty()) return malformed("unprotected", "must be empty");
  auto payload = cbor::parse(message.payload, limits);
  if (!payload) return std::move(payload).error().in("payload");
  if (payload->map() == nullptr) return malformed("payload", "must be a map");
  const auto& map = *payload;
  SEATLS_TRY(const auto digest, text_of(map, "digest"));
  if (digest != "SHA384") return malformed("digest", "is \"" + digest + "\"; only SHA384 is known");
  SEATLS_TRY(auto module_id, text_of(map, "module_id"));
  SEATLS_TRY(const auto time, timestamp(map));
  SEATLS_TRY(auto all_pcrs, pcrs(map));
  SEATLS_TRY(const auto* own, item(map, "certificate"));
  SEATLS_TRY(auto leaf, certificate(*own, "certificate"));
  SEATLS_TRY(auto bundle, cabundle(map));
  SEATLS_TRY(auto public_key, optional(map, "public_key", longest_public_key));
  SEATLS_TRY(auto user_data, optional(map, "user_data", longest_field));
  SEATLS_TRY(auto nonce, optional(map, "nonce", longest_field));
  return Document{std::move(message),    std::move(module_id), time,
                  std::move(all_pcrs),   std::move(leaf),      std::move(bundle),
                  std::move(public_key), std::move(user_data), std::move(nonce)};
}

}  // namespace

bool Document::in_debug_mode() const {
  for (const unsigned index : {0U, 1U, 2U})
    if (const auto pcr = pcrs.find(index); pcr != pcrs.end())
      if (std::ranges::any_of(pcr->second, [](std::uint8_t b) { return b != 0; })) return false;
  return true;
}

class Parser {
 public:
  static ParsedEvidence mint(Document document) { return ParsedEvidence(std::move(document)); }
};

Result<ParsedEvidence> parse(const Cmw& credential) {
  if (credential.record() == nullptr) return Error{Code::malformed, "nitro evidence is a CMW record", "cmw"};
  auto document = read(credential.record()->value);
  if (!document) return std::move(document).error().in("nitro");
  return Parser::mint(std::move(*document));
}

}  // namespace seatls::appraise::nitro
