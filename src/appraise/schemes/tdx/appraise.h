// Stage 3 of tdx: judgement. Is this trust domain, on a platform of this level, what the policy wants?
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "appraise/context.h"
#include "appraise/schemes/tdx/verify.h"

namespace seatls::appraise::tdx {

[[nodiscard]] Assessment appraise(const VerifiedClaims& claims, const Context& context, Findings& findings);

// foresee tells what the policy will object to once the evidence verifies.
void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings);

// The same for a scheme that wraps the quote, and gives REPORTDATA a meaning of its own: the TLS key is not
// judged.
[[nodiscard]] Assessment appraise_hardware(const VerifiedClaims& claims, const Context& context,
                                           Findings& findings);
void foresee_hardware(const intel::TdReport& td, const Context& context, Findings& findings);

// attributes_of names the bits of TDATTRIBUTES that are set: "debug, sept_ve_disable", or "none".
[[nodiscard]] std::string attributes_of(const intel::Field<8>& td_attributes);

}  // namespace seatls::appraise::tdx
