// Stage 3 of nvidia: judgement. Are the devices of an accepted architecture and version, and is all that they
// measured what the policy names?
#pragma once

#include "appraise/context.h"
#include "appraise/schemes/nvidia/verify.h"

namespace seatls::appraise::nvidia {

[[nodiscard]] Assessment appraise(const VerifiedClaims& claims, const Context& context, Findings& findings);

// foresee tells what the policy will object to once the evidence verifies.
void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings);

}  // namespace seatls::appraise::nvidia
