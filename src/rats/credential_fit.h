// Whether a credential is what was negotiated, as far as its wrapping shows.
#pragma once

#include "seatls/cmw.h"
#include "seatls/error.h"
#include "seatls/scheme.h"

namespace seatls::rats {

// fits tells whether a credential is of the negotiated scheme: the CMW type equals the chosen type byte
// for byte (Decision 16). What a Result says of its verifier is for the appraisal. Error
// credential_type_mismatch.
[[nodiscard]] Result<void> fits(const AttestationScheme& scheme, const Cmw& cmw);

}  // namespace seatls::rats
