#include "appraise/schemes/tdx/verify.h"

#include "appraise/schemes/intel/verify_quote.h"
#include "crypto/hash.h"

namespace seatls::appraise::tdx {

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims) { return VerifiedClaims(std::move(claims)); }
};

std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  const auto& quote = evidence->quote;
  auto platform = intel::verify_quote(quote,
                                      {.tee = intel::Tee::tdx,
                                       .report_data = evidence->td().report_data,
                                       .collateral = context.policy.tdx.tcb.collateral},
                                      context, findings);
  if (!platform) return std::nullopt;
  return ClaimsVerifier::mint({quote, std::move(platform), crypto::digest(Hash::sha256, quote.signed_part)});
}

}  // namespace seatls::appraise::tdx
