// Stage 1 of result (passport model): an Attestation Result as EAR, a JWT or a CWT.
#pragma once

#include "appraise/findings.h"
#include "rats/ear.h"
#include "seatls/cmw.h"

namespace seatls::appraise::result {

class Parser;
using ParsedResult = Minted<rats::UnverifiedEar, Parser>;

[[nodiscard]] Result<ParsedResult> parse(const Cmw& credential);

}  // namespace seatls::appraise::result
