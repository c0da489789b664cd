// The claims of the EAR that tells a result, for those who sign it themselves.
#pragma once

#include "rats/ear.h"
#include "seatls/verifiers.h"

namespace seatls::appraise {

// ear_claims_of takes everything of `options` but the signing key. Errors: malformed for a key that cannot be
// read.
[[nodiscard]] Result<rats::EarClaims> ear_claims_of(const AttestationResult& result,
                                                    const EarOptions& options);

}  // namespace seatls::appraise
