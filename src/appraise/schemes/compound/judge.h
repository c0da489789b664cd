// compound: several pieces of evidence for one peer. Each part is verified and appraised by its own scheme,
// with the binder of this connection; the whole is as good as its worst part, and refused with any of them.
#pragma once

#include "appraise/context.h"
#include "seatls/cmw.h"

namespace seatls::appraise::compound {

// judge is the scheme's three stages. Empty when a part did not verify; then findings say why.
[[nodiscard]] std::optional<Assessment> judge(const Cmw& credential, const Context& context,
                                              Findings& findings);

}  // namespace seatls::appraise::compound
