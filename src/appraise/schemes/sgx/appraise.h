// Stage 3 of sgx: judgement. Is this enclave, on a platform of this level, what the policy wants?
#pragma once

#include "appraise/context.h"
#include "appraise/schemes/sgx/verify.h"

namespace seatls::appraise::sgx {

[[nodiscard]] Assessment appraise(const VerifiedClaims& claims, const Context& context, Findings& findings);

// foresee tells what the policy will object to once the evidence verifies.
void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings);

}  // namespace seatls::appraise::sgx
