#include "appraise/schemes/psa/parse.h"

#include <algorithm>
#include <array>
#include <limits>

namespace seatls::appraise::psa {
namespace {

namespace cbor = codec::cbor;
using arm::malformed;

constexpr std::uint64_t tag_mac0 = 17;
constexpr std::int64_t eat_profile = 265;

// Profile says which keys its claims have; 0 is none.
struct Profile {
  std::string_view name;
  std::int64_t nonce, instance_id, implementation_id, boot_seed, client_id, lifecycle,
      certification_reference, components, no_measurements, verification_service;
  bool demands_boot_seed;
  std::size_t shortest_boot_seed;
};
constexpr std::array profiles = {
    Profile{"tag:psacertified.org,2023:psa#tfm", 10, 256, 2396, 268, 2394, 2395, 2398, 2399, 0, 2400, false,
            8},
    Profile{"http://arm.com/psa/2.0.0", 10, 256, 2396, 2397, 2394, 2395, 2398, 2399, 0, 2400, false, 8},
};
// Its name may be left out, and what it has in place of components says that none was measured.
constexpr Profile first_profile{"PSA_IOT_PROFILE_1",
                                -75008,
                                -75009,
                                -75003,
                                -75004,
                                -75001,
                                -75002,
                                -75005,
                                -75006,
                                -75007,
                                -75010,
                                true,
                                32};
constexpr std::int64_t first_profile_name = -75000;

Result<const Profile*> profile_of(const arm::ClaimReader& in) {
  if (!in.has(eat_profile)) {
    SEATLS_TRY(const auto name, in.optional_text(first_profile_name, "profile"));
    if (!name.empty() && name != first_profile.name)
      return malformed("profile", "\"" + name + "\" is not known");
    return &first_profile;
  }
  SEATLS_TRY(const auto name, in.text(eat_profile, "profile"));
  const auto known = std::ranges::find(profiles, name, &Profile::name);
  if (known == profiles.end()) return malformed("profile", "\"" + name + "\" is not known");
  return &*known;
}

// psa-client-id-type = -2147483648...-1 (non-secure callers) / 1..2147483647 (secure ones)
Result<std::int32_t> client_id(const arm::ClaimReader& in, std::int64_t key) {
  SEATLS_TRY(const auto* value, in.item(key, "client-id"));
  const auto id = value->as_int();
  if (!id || *id == 0 || *id < std::numeric_limits<std::int32_t>::min() ||
      *id > std::numeric_limits<std::int32_t>::max())
    return malformed("client-id", "is no number of 32 bits, or 0");
  return static_cast<std::int32_t>(*id);
}

Result<std::vector<arm::Component>> components(const arm::ClaimReader& in, const Profile& profile) {
  if (profile.no_measurements == 0 || !in.has(profile.no_measurements))
    return in.components(profile.components);
  if (in.has(profile.components))
    return malformed("sw-components", "are there, and the token says that there are none");
  return std::vector<arm::Component>();
}

Result<Token> read_claims(const arm::ClaimReader& in) {
  SEATLS_TRY(const auto* profile, profile_of(in));
  Token t;
  t.profile = profile->name;
  SEATLS_TRY(t.nonce, in.digest(profile->nonce, "nonce"));
  SEATLS_TRY(t.instance_id, in.instance_id(profile->instance_id));
  SEATLS_TRY(t.implementation_id, in.implementation_id(profile->implementation_id));
  SEATLS_TRY(t.client_id, client_id(in, profile->client_id));
  SEATLS_TRY(t.lifecycle, in.lifecycle(profile->lifecycle));
  if (profile->demands_boot_seed || in.has(profile->boot_seed)) {
    SEATLS_TRY(t.boot_seed, in.bytes(profile->boot_seed, "boot-seed", profile->shortest_boot_seed, 32));
  }
  SEATLS_TRY(t.components, components(in, *profile));
  SEATLS_TRY(t.certification_reference,
             in.optional_text(profile->certification_reference, "certification-reference"));
  SEATLS_TRY(t.verification_service,
             in.optional_text(profile->verification_service, "verification-service-indicator"));
  return t;
}

Result<Token> read(ByteView raw) {
  // COSE_Mac0 is the other form: whoever can verify it can also make it, so that it proves nothing here.
  if (const auto outer = cbor::parse(raw, arm::limits);
      outer && outer->tag() != nullptr && outer->tag()->number == tag_mac0)
    return Error{Code::algorithm_not_allowed, "COSE_Mac0: who verifies such a token can make it", "token"};
  SEATLS_TRY(auto message, arm::parse_message(raw));
  SEATLS_TRY(auto token, read_claims(arm::ClaimReader(message.claims)));
  token.message = std::move(message.envelope);
  return token;
}

}  // namespace

class Parser {
 public:
  static ParsedEvidence mint(Token token) { return ParsedEvidence(std::move(token)); }
};

Result<ParsedEvidence> parse(const Cmw& credential) {
  if (credential.record() == nullptr) return Error{Code::malformed, "psa evidence is a CMW record", "cmw"};
  auto token = read(credential.record()->value);
  if (!token) return std::move(token).error().in("psa");
  return Parser::mint(std::move(*token));
}

}  // namespace seatls::appraise::psa
