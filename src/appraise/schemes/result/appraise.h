// Stage 3 of result: is the verifier's verdict what the policy wants?
#pragma once

#include "appraise/context.h"
#include "appraise/schemes/result/verify.h"

namespace seatls::appraise::result {

[[nodiscard]] Assessment appraise(const VerifiedClaims& claims, const Context& context, Findings& findings);

// foresee tells what the policy will object to once the result verifies.
void foresee(const ParsedResult& result, const Context& context, Findings& findings);

}  // namespace seatls::appraise::result
