#include "appraise/schemes/sgx/verify.h"

#include "appraise/schemes/intel/verify_quote.h"
#include "crypto/hash.h"

namespace seatls::appraise::sgx {

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims) { return VerifiedClaims(std::move(claims)); }
};

std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  const auto& quote = evidence->quote;
  // The binder commits to the TLS key: that is how the quote names it (Decision 4).
  compare_binder(evidence->enclave().report_data, BinderField::zero_padded_to_64, context,
                 "quote > report_data", findings);
  auto platform = intel::verify_quote(
      quote, {.tee = intel::Tee::sgx, .collateral = context.policy.sgx.tcb.collateral}, context, findings);
  if (!platform) return std::nullopt;
  return ClaimsVerifier::mint({quote, std::move(platform), crypto::digest(Hash::sha256, quote.signed_part)});
}

}  // namespace seatls::appraise::sgx
