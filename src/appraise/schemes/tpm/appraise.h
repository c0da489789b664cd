// Stage 3 of tpm2: judgement. Are these PCR values, this firmware and this key what the policy wants?
#pragma once

#include "appraise/context.h"
#include "appraise/schemes/tpm/verify.h"

namespace seatls::appraise::tpm {

[[nodiscard]] Assessment appraise(const VerifiedClaims& claims, const Context& context, Findings& findings);

// foresee tells what the policy will object to once the evidence verifies.
void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings);

}  // namespace seatls::appraise::tpm
