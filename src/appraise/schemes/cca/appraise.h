// Stage 3 of cca: judgement. Is this realm, on this platform, what the policy wants?
#pragma once

#include "appraise/context.h"
#include "appraise/schemes/cca/verify.h"

namespace seatls::appraise::cca {

[[nodiscard]] Assessment appraise(const VerifiedClaims& claims, const Context& context, Findings& findings);

// foresee tells what the policy will object to once the evidence verifies.
void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings);

// name_of names the state that a lifecycle is in: "secured", "non-psa-rot-debug", …
[[nodiscard]] std::string_view name_of(std::uint16_t lifecycle);

}  // namespace seatls::appraise::cca
