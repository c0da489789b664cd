// Stage 2 of tdx and sgx alike: the platform, the signatures, the quoting enclave, and that REPORTDATA holds
// this connection's binder. The binder commits to the TLS key: that is how the quote names it (Decision 4).
#pragma once

#include <memory>
#include <vector>

#include "appraise/context.h"
#include "appraise/schemes/intel/platform.h"

namespace seatls::appraise::intel {

// QuoteCheck is what differs between the two.
struct QuoteCheck {
  Tee tee;
  ByteView report_data;  // of the report in the quote
  const std::vector<IntelCollateral>& collateral;
};

// verify_quote returns the platform once every check has passed; else null, and findings name each that did
// not.
[[nodiscard]] std::shared_ptr<const Platform> verify_quote(const Quote& quote, const QuoteCheck& check,
                                                           const Context& context, Findings& findings);

}  // namespace seatls::appraise::intel
