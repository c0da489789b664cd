#include "appraise/schemes/intel/verify_quote.h"

#include "appraise/schemes/intel/signatures.h"

namespace seatls::appraise::intel {

std::shared_ptr<const Platform> verify_quote(const Quote& quote, const QuoteCheck& check,
                                             const Context& context, Findings& findings) {
  auto platform = verify_platform({.tee = check.tee,
                                   .quote = quote,
                                   .collateral = check.collateral,
                                   .simulated_roots = context.policy.danger.simulated_roots,
                                   .at = context.now},
                                  findings);
  const auto claimed = platform ? std::nullopt : claimed_pck_key(quote.certification);
  const auto* pck = platform ? &platform->pck.key : claimed ? &*claimed : nullptr;
  verify_signatures(quote, {.pck = pck, .verified = platform != nullptr}, findings);
  if (platform) verify_qe(quote, platform->qe_identity, findings);
  return findings.refused() ? nullptr : platform;
}

}  // namespace seatls::appraise::intel
