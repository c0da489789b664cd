// What may not change between a peer's first evidence and its later evidence: attack C10.
#pragma once

#include <string>
#include <vector>

#include "seatls/error.h"
#include "seatls/reattestation.h"
#include "seatls/result.h"

namespace seatls::reattest {

// still_the_same compares `later` with `first`. Errors name the first difference and both
// values: evidence_inconsistent (scheme), instance_mismatch, key_unproven, reference_mismatch (a claim).
[[nodiscard]] Result<void> still_the_same(const AttestationResult& first, const AttestationResult& later,
                                          const std::vector<std::string>& may_change);

// has_claims tells whether a result holds every claim, to the letter. Errors: reference_mismatch.
[[nodiscard]] Result<void> has_claims(const AttestationResult& result, const Claims& claims);

}  // namespace seatls::reattest
