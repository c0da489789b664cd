// Stage 2 of psa: what is cryptographic fact. The signature, and that the nonce is this connection's binder.
#pragma once

#include <optional>
#include <string>

#include "appraise/context.h"
#include "appraise/schemes/arm/judge.h"
#include "appraise/schemes/psa/parse.h"

namespace seatls::appraise::psa {

struct Claims {
  Token token;
  arm::Signer iak;  // who signed
  Bytes fingerprint;
};

class ClaimsVerifier;
using VerifiedClaims = Minted<Claims, ClaimsVerifier>;

[[nodiscard]] std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                                   Findings& findings);

}  // namespace seatls::appraise::psa
