// Stage 2 of cca: what is cryptographic fact. Both signatures, the tie between both tokens, the binder.
#pragma once

#include <optional>
#include <string>

#include "appraise/context.h"
#include "appraise/schemes/arm/judge.h"
#include "appraise/schemes/cca/parse.h"

namespace seatls::appraise::cca {

// Claims is what a platform and its realm say.
struct Claims {
  Bytes implementation_id, instance_id, config;
  std::uint16_t lifecycle = 0;
  std::vector<arm::Component> components;
  Bytes personalization, initial_measurement;
  std::array<Bytes, 4> extensible_measurements;
  arm::Signer cpak;  // who signed for the platform
  Bytes fingerprint;
};

class ClaimsVerifier;
using VerifiedClaims = Minted<Claims, ClaimsVerifier>;

[[nodiscard]] Claims claims_of(const Token& token);
[[nodiscard]] std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                                   Findings& findings);

}  // namespace seatls::appraise::cca
