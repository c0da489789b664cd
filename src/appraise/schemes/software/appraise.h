// Stage 3 of software: judgement of claims that no hardware stands behind.
#pragma once

#include "appraise/context.h"
#include "appraise/schemes/software/verify.h"

namespace seatls::appraise::software {

// appraise never comes to a better tier than warning, since nothing vouches for the hardware.
[[nodiscard]] Assessment appraise(const VerifiedClaims& claims, const Context& context, Findings& findings);

// foresee tells what the policy will object to once the evidence verifies.
void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings);

}  // namespace seatls::appraise::software
