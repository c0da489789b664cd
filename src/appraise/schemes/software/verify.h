// Stage 2 of software: signature, nonce, and the key that `cnf` names.
#pragma once

#include <optional>

#include "appraise/context.h"
#include "appraise/schemes/software/parse.h"

namespace seatls::appraise::software {

struct Claims {
  rats::EatClaims eat;
  Bytes fingerprint;  // SHA-256 of the signed claims set
};

class ClaimsVerifier;
using VerifiedClaims = Minted<Claims, ClaimsVerifier>;

// verify returns the claims once every cryptographic check has passed; findings name each that did not.
[[nodiscard]] std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                                   Findings& findings);

}  // namespace seatls::appraise::software
