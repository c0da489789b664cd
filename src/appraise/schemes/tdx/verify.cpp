#include "appraise/schemes/tdx/verify.h"

#include "appraise/schemes/intel/signatures.h"
#include "crypto/hash.h"

namespace seatls::appraise::tdx {

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims) { return VerifiedClaims(std::move(claims)); }
};

std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  const auto& quote = evidence->quote;
  auto platform = intel::verify_platform({.tee = intel::Tee::tdx,
                                          .quote = quote,
                                          .collateral = context.policy.tdx.tcb.collateral,
                                          .simulated_roots = context.policy.danger.simulated_roots,
                                          .at = context.now},
                                         findings);
  const auto claimed = platform ? std::nullopt : intel::claimed_pck_key(quote.certification);
  const auto* pck = platform ? &platform->pck.key : claimed ? &*claimed : nullptr;
  intel::verify_signatures(quote, {.pck = pck, .verified = platform != nullptr}, findings);
  if (platform) intel::verify_qe(quote, platform->qe_identity, findings);
  compare_binder(evidence->td().report_data, BinderField::zero_padded_to_64, context, "quote > report_data",
                 findings);
  if (!platform || findings.refused()) return std::nullopt;
  return ClaimsVerifier::mint({quote, std::move(platform), crypto::digest(Hash::sha256, quote.signed_part)});
}

}  // namespace seatls::appraise::tdx
