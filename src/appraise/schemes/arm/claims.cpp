#include "appraise/schemes/arm/claims.h"

namespace seatls::appraise::arm {
namespace {

namespace cbor = codec::cbor;

constexpr std::size_t most_components = 32;

}  // namespace

Error malformed(std::string_view field, std::string detail) {
  return {Code::malformed, std::move(detail), std::string(field)};
}

Result<Message> parse_message(ByteView raw) {
  SEATLS_TRY(auto envelope, codec::cose::parse_sign1(raw, limits));
  SEATLS_TRY(auto claims, cbor::parse(envelope.payload, limits));
  if (claims.map() == nullptr) return malformed("payload", "must be a map");
  return Message{std::move(envelope), std::move(claims)};
}

Result<Bytes> as_bytes(const cbor::Value& value, std::string_view name, std::size_t least, std::size_t most) {
  const auto raw = value.as_bytes();
  if (!raw) return Error(raw.error()).in(name);
  if (raw->size() < least || raw->size() > most)
    return Error{Code::length_out_of_range,
                 std::to_string(raw->size()) + " bytes; " + std::to_string(least) + " to " +
                     std::to_string(most) + " are allowed",
                 std::string(name)};
  return seatls::bytes(*raw);
}

Result<Bytes> as_digest(const cbor::Value& value, std::string_view name) {
  SEATLS_TRY(auto out, as_bytes(value, name, 32, 64));
  if (out.size() != 32 && out.size() != 48 && out.size() != 64)
    return Error{Code::length_out_of_range, std::to_string(out.size()) + " bytes; a digest has 32, 48 or 64",
                 std::string(name)};
  return out;
}

Result<const cbor::Value*> ClaimReader::item(std::int64_t key, std::string_view name) const {
  const auto* value = map_.find(key);
  if (value == nullptr) return malformed(name, "(" + std::to_string(key) + ") is missing");
  return value;
}

Result<Bytes> ClaimReader::bytes(std::int64_t key, std::string_view name, std::size_t least,
                                 std::size_t most) const {
  SEATLS_TRY(const auto* value, item(key, name));
  return as_bytes(*value, name, least, most);
}

Result<Bytes> ClaimReader::digest(std::int64_t key, std::string_view name) const {
  SEATLS_TRY(const auto* value, item(key, name));
  return as_digest(*value, name);
}

Result<std::string> ClaimReader::text(std::int64_t key, std::string_view name) const {
  SEATLS_TRY(const auto* value, item(key, name));
  const auto content = value->as_text();
  if (!content) return Error(content.error()).in(name);
  return std::string(*content);
}

Result<std::string> ClaimReader::optional_text(std::int64_t key, std::string_view name) const {
  if (!has(key)) return std::string();
  return text(key, name);
}

Result<Hash> ClaimReader::hash(std::int64_t key, std::string_view name) const {
  SEATLS_TRY(const auto written, text(key, name));
  if (written == "sha-256") return Hash::sha256;
  if (written == "sha-384") return Hash::sha384;
  if (written == "sha-512") return Hash::sha512;
  return malformed(name, "\"" + written + "\" is none of sha-256, sha-384, sha-512");
}

Result<Bytes> ClaimReader::implementation_id(std::int64_t key) const {
  return bytes(key, "implementation-id", 32, 32);
}

Result<Bytes> ClaimReader::instance_id(std::int64_t key) const {
  SEATLS_TRY(auto id, bytes(key, "instance-id", 33, 33));
  if (id[0] != 1) return malformed("instance-id", "does not start with 01");
  return id;
}

Result<std::uint16_t> ClaimReader::lifecycle(std::int64_t key) const {
  SEATLS_TRY(const auto* value, item(key, "lifecycle"));
  const auto state = value->as_uint();
  if (!state || *state > 0xFFFF) return malformed("lifecycle", "is no number of 16 bits");
  return static_cast<std::uint16_t>(*state);
}

Result<std::vector<Component>> ClaimReader::components(std::int64_t key) const {
  SEATLS_TRY(const auto* value, item(key, "sw-components"));
  const auto* rows = value->array();
  if (rows == nullptr || rows->empty() || rows->size() > most_components)
    return malformed("sw-components",
                     "must be an array of 1 to " + std::to_string(most_components) + " components");
  std::vector<Component> list;
  for (const auto& row : *rows) {
    const std::string place = "sw-components[" + std::to_string(list.size()) + "]";
    if (row.map() == nullptr) return malformed(place, "must be a map");
    const ClaimReader in(row);
    Component c;
    SEATLS_TRY(c.type, in.optional_text(1, place));
    SEATLS_TRY(c.value, in.digest(2, place));
    SEATLS_TRY(c.version, in.optional_text(4, place));
    SEATLS_TRY(c.signer_id, in.digest(5, place));
    list.push_back(std::move(c));
  }
  return list;
}

}  // namespace seatls::appraise::arm
