// Stage 3 of psa: judgement. Is this device, and what it runs, what the policy wants?
#pragma once

#include "appraise/context.h"
#include "appraise/schemes/psa/verify.h"

namespace seatls::appraise::psa {

[[nodiscard]] Assessment appraise(const VerifiedClaims& claims, const Context& context, Findings& findings);

// foresee tells what the policy will object to once the evidence verifies.
void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings);

}  // namespace seatls::appraise::psa
