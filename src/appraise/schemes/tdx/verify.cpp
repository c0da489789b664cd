#include "appraise/schemes/tdx/verify.h"

#include "appraise/schemes/intel/verify_quote.h"
#include "crypto/hash.h"

namespace seatls::appraise::tdx {

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims) { return VerifiedClaims(std::move(claims)); }
};

// The binder commits to the TLS key: that is how the quote names it (Decision 4).
std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  compare_binder(evidence->td().report_data, BinderField::zero_padded_to_64, context, "quote > report_data",
                 findings);
  return verify_hardware(evidence->quote, context, findings);
}

std::optional<VerifiedClaims> verify_hardware(const intel::Quote& quote, const Context& context,
                                              Findings& findings) {
  auto platform = intel::verify_quote(
      quote, {.tee = intel::Tee::tdx, .collateral = context.policy.tdx.tcb.collateral}, context, findings);
  if (!platform) return std::nullopt;
  return ClaimsVerifier::mint({quote, std::move(platform), crypto::digest(Hash::sha256, quote.signed_part)});
}

}  // namespace seatls::appraise::tdx
