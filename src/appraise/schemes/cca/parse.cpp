#include "appraise/schemes/cca/parse.h"

#include <algorithm>

#include "rats/key_format.h"

namespace seatls::appraise::cca {
namespace {

namespace cbor = codec::cbor;
using arm::malformed;

constexpr std::uint64_t tag_legacy = 399, tag_collection = 907;
constexpr std::int64_t eat_cwt = 263;  // content format
constexpr std::int64_t platform_token = 44234, realm_token = 44241;
constexpr std::size_t challenge_size = 64, personalization_size = 64, longest_config = 1024;
// No policy here judges them: devices that are assigned to a realm.
constexpr std::int64_t devices_hash = 44257;

constexpr std::array<std::string_view, 2> platform_profiles = {"tag:arm.com,2023:cca_platform#1.0.0",
                                                               "http://arm.com/CCA-SSD/1.0.0"};
constexpr std::string_view realm_profile = "tag:arm.com,2023:realm#1.0.0";

Result<Platform> read_platform(ByteView raw) {
  SEATLS_TRY(auto message, arm::parse_message(raw));
  const arm::ClaimReader in(message.claims);
  Platform p;
  SEATLS_TRY(p.profile, in.text(265, "profile"));
  if (std::ranges::find(platform_profiles, p.profile) == platform_profiles.end())
    return malformed("profile", "\"" + p.profile + "\" is not known");
  SEATLS_TRY(p.challenge, in.digest(10, "challenge"));
  SEATLS_TRY(p.implementation_id, in.implementation_id(2396));
  SEATLS_TRY(p.instance_id, in.instance_id(256));
  SEATLS_TRY(p.config, in.bytes(2401, "config", 0, longest_config));
  SEATLS_TRY(p.lifecycle, in.lifecycle(2395));
  SEATLS_TRY(p.components, in.components(2399));
  SEATLS_CHECK(in.hash(2402, "hash-algo-id"));
  p.message = std::move(message.envelope);
  return p;
}

// The key is a COSE_Key; before the profile had a name, it was a bare point on P-384.
Result<crypto::PublicKey> realm_key(ByteView raw) {
  constexpr std::size_t width = 48;
  if (raw.size() == 1 + 2 * width && raw[0] == 0x04)
    return crypto::PublicKey::from_ec_point(crypto::KeyType::p384,
                                            {bytes(raw.subspan(1, width)), bytes(raw.subspan(1 + width))});
  SEATLS_TRY(const auto key, cbor::parse(raw, arm::limits));
  return rats::from_cose_key(key);
}

Result<Realm> read_realm(ByteView raw) {
  SEATLS_TRY(auto message, arm::parse_message(raw));
  const arm::ClaimReader in(message.claims);
  SEATLS_TRY(auto profile, in.optional_text(265, "profile"));
  if (!profile.empty() && profile != realm_profile)
    return malformed("profile", "\"" + profile + "\" is not known");
  if (in.has(devices_hash))
    return malformed("devices", "devices are assigned to the realm, and no policy judges them");
  SEATLS_TRY(auto challenge, in.bytes(10, "challenge", challenge_size, challenge_size));
  SEATLS_TRY(auto personalization,
             in.bytes(44235, "personalization-value", personalization_size, personalization_size));
  SEATLS_CHECK(in.hash(44236, "hash-algo-id"));
  SEATLS_TRY(auto public_key, in.bytes(44237, "public-key", 1, 256));
  auto key = realm_key(public_key);
  if (!key) return std::move(key).error().in("public-key");
  SEATLS_TRY(auto initial, in.digest(44238, "initial-measurement"));
  SEATLS_TRY(const auto* rows, in.item(44239, "extensible-measurements"));
  if (rows->array() == nullptr || rows->array()->size() != 4)
    return malformed("extensible-measurements", "must be an array of 4");
  std::array<Bytes, 4> extensible;
  for (std::size_t i = 0; i < extensible.size(); ++i) {
    SEATLS_TRY(extensible[i],
               arm::as_digest((*rows->array())[i], "extensible-measurements[" + std::to_string(i) + "]"));
  }
  SEATLS_TRY(const auto key_hash, in.hash(44240, "public-key-hash-algo-id"));
  return Realm{std::move(message.envelope), std::move(profile),    std::move(challenge),
               std::move(personalization),  std::move(public_key), std::move(*key),
               std::move(initial),          std::move(extensible), key_hash};
}

// cca-token = #6.907({ 44234 => [263, bstr], 44241 => [263, bstr] })
//           / #6.399({ 44234 => bstr, 44241 => bstr })   ; RMM 1.0
Result<Bytes> part(const cbor::Value& map, std::int64_t key, std::uint64_t tag, std::string_view name) {
  SEATLS_TRY(const auto* value, arm::ClaimReader(map).item(key, name));
  if (tag == tag_legacy) return arm::as_bytes(*value, name, 1, 65'536);
  const auto* record = value->array();
  if (record == nullptr || record->size() != 2) return malformed(name, "must be a CMW record [263, bytes]");
  const auto type = (*record)[0].as_int();
  if (!type || *type != eat_cwt) return malformed(name, "must be of content format 263");
  return arm::as_bytes((*record)[1], name, 1, 65'536);
}

Result<Token> read(ByteView raw) {
  SEATLS_TRY(const auto outer, cbor::parse(raw, arm::limits));
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
