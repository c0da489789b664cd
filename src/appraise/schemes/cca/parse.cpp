#include "appraise/schemes/cca/parse.h"

#include <algorithm>

#include "rats/key_format.h"

namespace seatls::appraise::cca {
namespace {

namespace cbor = codec::cbor;

constexpr cbor::Limits limits{.depth = 6, .items = 512};
constexpr std::uint64_t tag_legacy = 399, tag_collection = 907;
constexpr std::int64_t eat_cwt = 263;  // content format
constexpr std::int64_t platform_token = 44234, realm_token = 44241;
constexpr std::size_t challenge_size = 64, personalization_size = 64, most_components = 32,
                      longest_config = 1024;
// No policy here judges them: devices that are assigned to a realm.
constexpr std::int64_t devices_hash = 44257;

constexpr std::array<std::string_view, 2> platform_profiles = {"tag:arm.com,2023:cca_platform#1.0.0",
                                                               "http://arm.com/CCA-SSD/1.0.0"};
constexpr std::string_view realm_profile = "tag:arm.com,2023:realm#1.0.0";

Error malformed(std::string_view field, std::string detail) {
  return {Code::malformed, std::move(detail), std::string(field)};
}

Result<const cbor::Value*> item(const cbor::Value& map, std::int64_t key, std::string_view name) {
  const auto* value = map.find(key);
  if (value == nullptr) return malformed(name, "(" + std::to_string(key) + ") is missing");
  return value;
}

Result<Bytes> as_bytes(const cbor::Value& value, std::string_view name, std::size_t least, std::size_t most) {
  const auto raw = value.as_bytes();
  if (!raw) return Error(raw.error()).in(name);
  if (raw->size() < least || raw->size() > most)
    return Error{Code::length_out_of_range,
                 std::to_string(raw->size()) + " bytes; " + std::to_string(least) + " to " +
                     std::to_string(most) + " are allowed",
                 std::string(name)};
  return bytes(*raw);
}

Result<Bytes> field(const cbor::Value& map, std::int64_t key, std::string_view name, std::size_t least,
                    std::size_t most) {
  SEATLS_TRY(const auto* value, item(map, key, name));
  return as_bytes(*value, name, least, most);
}

// hash is a digest of one of the three sizes that SHA-2 has here.
Result<Bytes> digest(const cbor::Value& value, std::string_view name) {
  SEATLS_TRY(auto out, as_bytes(value, name, 32, 64));
  if (out.size() != 32 && out.size() != 48 && out.size() != 64)
    return Error{Code::length_out_of_range, std::to_string(out.size()) + " bytes; a digest has 32, 48 or 64",
                 std::string(name)};
  return out;
}
Result<Bytes> digest(const cbor::Value& map, std::int64_t key, std::string_view name) {
  SEATLS_TRY(const auto* value, item(map, key, name));
  return digest(*value, name);
}

Result<std::string> text_of(const cbor::Value& map, std::int64_t key, std::string_view name) {
  SEATLS_TRY(const auto* value, item(map, key, name));
  const auto content = value->as_text();
  if (!content) return Error(content.error()).in(name);
  return std::string(*content);
}
Result<std::string> optional_text(const cbor::Value& map, std::int64_t key, std::string_view name) {
  if (map.find(key) == nullptr) return std::string();
  return text_of(map, key, name);
}

Result<Hash> hash_named(const cbor::Value& map, std::int64_t key, std::string_view name) {
  SEATLS_TRY(const auto written, text_of(map, key, name));
  if (written == "sha-256") return Hash::sha256;
  if (written == "sha-384") return Hash::sha384;
  if (written == "sha-512") return Hash::sha512;
  return malformed(name, "\"" + written + "\" is none of sha-256, sha-384, sha-512");
}

// message_of parses one COSE_Sign1 and the map in it.
Result<std::pair<codec::cose::Sign1, cbor::Value>> message_of(ByteView raw) {
  SEATLS_TRY(auto message, codec::cose::parse_sign1(raw, limits));
  SEATLS_TRY(auto claims, cbor::parse(message.payload, limits));
  if (claims.map() == nullptr) return malformed("payload", "must be a map");
  return std::pair{std::move(message), std::move(claims)};
}

Result<std::vector<Component>> components(const cbor::Value& map) {
  SEATLS_TRY(const auto* value, item(map, 2399, "sw-components"));
  const auto* rows = value->array();
  if (rows == nullptr || rows->empty() || rows->size() > most_components)
    return malformed("sw-components",
                     "must be an array of 1 to " + std::to_string(most_components) + " components");
  std::vector<Component> list;
  for (const auto& row : *rows) {
    const std::string place = "sw-components[" + std::to_string(list.size()) + "]";
    if (row.map() == nullptr) return malformed(place, "must be a map");
    Component c;
    SEATLS_TRY(c.type, optional_text(row, 1, place));
    SEATLS_TRY(c.value, digest(row, 2, place));
    SEATLS_TRY(c.version, optional_text(row, 4, place));
    SEATLS_TRY(c.signer_id, digest(row, 5, place));
    list.push_back(std::move(c));
  }
  return list;
}

Result<Platform> read_platform(ByteView raw) {
  SEATLS_TRY(auto parts, message_of(raw));
  const auto& map = parts.second;
  Platform p;
  SEATLS_TRY(p.profile, text_of(map, 265, "profile"));
  if (std::ranges::find(platform_profiles, p.profile) == platform_profiles.end())
    return malformed("profile", "\"" + p.profile + "\" is not known");
  SEATLS_TRY(p.challenge, digest(map, 10, "challenge"));
  SEATLS_TRY(p.implementation_id, field(map, 2396, "implementation-id", 32, 32));
  SEATLS_TRY(p.instance_id, field(map, 256, "instance-id", 33, 33));
  if (p.instance_id[0] != 1) return malformed("instance-id", "does not start with 01");
  SEATLS_TRY(p.config, field(map, 2401, "config", 0, longest_config));
  SEATLS_TRY(const auto* lifecycle, item(map, 2395, "lifecycle"));
  const auto state = lifecycle->as_uint();
  if (!state || *state > 0xFFFF) return malformed("lifecycle", "is no number of 16 bits");
  p.lifecycle = static_cast<std::uint16_t>(*state);
  SEATLS_TRY(p.components, components(map));
  SEATLS_TRY(const auto hash, hash_named(map, 2402, "hash-algo-id"));
  (void)hash;
  p.message = std::move(parts.first);
  return p;
}

// The key is a COSE_Key; before the profile had a name, it was a bare point on P-384.
Result<crypto::PublicKey> realm_key(ByteView raw) {
  constexpr std::size_t width = 48;
  if (raw.size() == 1 + 2 * width && raw[0] == 0x04)
    return crypto::PublicKey::from_ec_point(crypto::KeyType::p384,
                                            {bytes(raw.subspan(1, width)), bytes(raw.subspan(1 + width))});
  SEATLS_TRY(const auto key, cbor::parse(raw, limits));
  return rats::from_cose_key(key);
}

Result<Realm> read_realm(ByteView raw) {
  SEATLS_TRY(auto parts, message_of(raw));
  const auto& map = parts.second;
  SEATLS_TRY(auto profile, optional_text(map, 265, "profile"));
  if (!profile.empty() && profile != realm_profile)
    return malformed("profile", "\"" + profile + "\" is not known");
  if (map.find(devices_hash) != nullptr)
    return malformed("devices", "devices are assigned to the realm, and no policy judges them");
  SEATLS_TRY(auto challenge, field(map, 10, "challenge", challenge_size, challenge_size));
  SEATLS_TRY(auto personalization,
             field(map, 44235, "personalization-value", personalization_size, personalization_size));
  SEATLS_TRY(const auto hash, hash_named(map, 44236, "hash-algo-id"));
  (void)hash;
  SEATLS_TRY(auto public_key, field(map, 44237, "public-key", 1, 256));
  auto key = realm_key(public_key);
  if (!key) return std::move(key).error().in("public-key");
  SEATLS_TRY(auto initial, digest(map, 44238, "initial-measurement"));
  SEATLS_TRY(const auto* rows, item(map, 44239, "extensible-measurements"));
  if (rows->array() == nullptr || rows->array()->size() != 4)
    return malformed("extensible-measurements", "must be an array of 4");
  std::array<Bytes, 4> extensible;
  for (std::size_t i = 0; i < extensible.size(); ++i) {
    SEATLS_TRY(extensible[i],
               digest((*rows->array())[i], "extensible-measurements[" + std::to_string(i) + "]"));
  }
  SEATLS_TRY(const auto key_hash, hash_named(map, 44240, "public-key-hash-algo-id"));
  return Realm{std::move(parts.first),     std::move(profile),    std::move(challenge),
               std::move(personalization), std::move(public_key), std::move(*key),
               std::move(initial),         std::move(extensible), key_hash};
}

// cca-token = #6.907({ 44234 => [263, bstr], 44241 => [263, bstr] })
//           / #6.399({ 44234 => bstr, 44241 => bstr })   ; RMM 1.0
Result<Bytes> part(const cbor::Value& map, std::int64_t key, std::uint64_t tag, std::string_view name) {
  SEATLS_TRY(const auto* value, item(map, key, name));
  if (tag == tag_legacy) return as_bytes(*value, name, 1, 65'536);
  const auto* record = value->array();
  if (record == nullptr || record->size() != 2) return malformed(name, "must be a CMW record [263, bytes]");
  const auto type = (*record)[0].as_int();
  if (!type || *type != eat_cwt) return malformed(name, "must be of content format 263");
  return as_bytes((*record)[1], name, 1, 65'536);
}

Result<Token> read(ByteView raw) {
  SEATLS_TRY(const auto outer, cbor::parse(raw, limits));
  const auto* tag = outer.tag();
  if (tag == nullptr || (tag->number != tag_legacy && tag->number != tag_collection))
    return malformed("token", "must stand under CBOR tag 907 or 399");
  const auto* rows = tag->content.map();
  if (rows == nullptr || rows->size() != 2)
    return malformed("token", "must be a map of a platform token (44234) and a realm token (44241)");
  SEATLS_TRY(const Bytes platform, part(tag->content, platform_token, tag->number, "platform token"));
  SEATLS_TRY(const Bytes realm, part(tag->content, realm_token, tag->number, "realm token"));
  auto p = read_platform(platform);
  if (!p) return std::move(p).error().in("platform token");
  auto r = read_realm(realm);
  if (!r) return std::move(r).error().in("realm token");
  return Token{std::move(*p), std::move(*r)};
}

}  // namespace

class Parser {
 public:
  static ParsedEvidence mint(Token token) { return ParsedEvidence(std::move(token)); }
};

Result<ParsedEvidence> parse(const Cmw& credential) {
  if (credential.record() == nullptr) return Error{Code::malformed, "cca evidence is a CMW record", "cmw"};
  auto token = read(credential.record()->value);
  if (!token) return std::move(token).error().in("cca");
  return Parser::mint(std::move(*token));
}

}  // namespace seatls::appraise::cca
