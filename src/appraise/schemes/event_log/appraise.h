// Stage 3 of event-log: judgement. Are the events those that the policy lists?
#pragma once

#include "appraise/context.h"
#include "appraise/schemes/event_log/verify.h"

namespace seatls::appraise::event_log {

[[nodiscard]] Assessment appraise(const VerifiedClaims& claims, const Context& context, Findings& findings);

// foresee tells what the policy will object to once the log verifies.
void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings);

}  // namespace seatls::appraise::event_log
