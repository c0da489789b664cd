// Stage 3 of cca: judgement. Is this realm, on this platform, what the policy wants?
#pragma once

#include "appraise/context.h"
#include "appraise/schemes/cca/verify.h"

namespace seatls::appraise::cca {

[[nodiscard]] Assessment appraise(const VerifiedClaims& claims, const Context& context, Findings& findings);

// foresee tells what the policy will object to once the evidence verifies.
void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings);

}  // namespace seatls::appraise::cca
