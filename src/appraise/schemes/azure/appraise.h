// Stage 3 of azure: judgement. The processor's report by the section of its TEE, and the virtual TPM and what
// the paravisor says of the VM by [azure].
#pragma once

#include "appraise/context.h"
#include "appraise/schemes/azure/verify.h"

namespace seatls::appraise::azure {

[[nodiscard]] Assessment appraise(const VerifiedClaims& claims, const Context& context, Findings& findings);

// foresee tells what the policy will object to once the evidence verifies.
void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings);

}  // namespace seatls::appraise::azure
