// Stage 2 of tdx and sgx alike: the platform, the signatures, the quoting enclave. What REPORTDATA must hold
// is for the scheme to say.
#pragma once

#include <memory>
#include <vector>

#include "appraise/context.h"
#include "appraise/schemes/intel/platform.h"

namespace seatls::appraise::intel {

// QuoteCheck is what differs between the two.
struct QuoteCheck {
  Tee tee;
  const std::vector<IntelCollateral>& collateral;
};

// verify_quote returns the platform once every check has passed; else null, and findings name each that did
// not.
[[nodiscard]] std::shared_ptr<const Platform> verify_quote(const Quote& quote, const QuoteCheck& check,
                                                           const Context& context, Findings& findings);

}  // namespace seatls::appraise::intel
