// Stage 2 of result: the verifier's signature, the result's lifetime, and the key that it is about.
#pragma once

#include <optional>

#include "appraise/context.h"
#include "appraise/schemes/result/parse.h"

namespace seatls::appraise::result {

struct Claims {
  rats::EarClaims ear;
  std::string verifier;  // the configured identity whose key signed
  bool bound = false;    // `cnf` names the TIK
  Time valid_until{};
};

class ClaimsVerifier;
using VerifiedClaims = Minted<Claims, ClaimsVerifier>;

// verify returns the claims once every check has passed; findings name each that did not.
[[nodiscard]] std::optional<VerifiedClaims> verify(const ParsedResult& result, const Context& context,
                                                   Findings& findings);

}  // namespace seatls::appraise::result
