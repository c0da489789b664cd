// Stage 3 of nitro: judgement. Is this enclave, by its PCRs, what the policy wants?
#pragma once

#include "appraise/context.h"
#include "appraise/schemes/nitro/verify.h"

namespace seatls::appraise::nitro {

[[nodiscard]] Assessment appraise(const VerifiedClaims& claims, const Context& context, Findings& findings);

// foresee tells what the policy will object to once the evidence verifies.
void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings);

}  // namespace seatls::appraise::nitro
