#include "appraise/schemes/psa/verify.h"

#include "appraise/schemes/arm/judge.h"
#include "crypto/hash.h"

namespace seatls::appraise::psa {

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims) { return VerifiedClaims(std::move(claims)); }
};

std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  const auto& message = evidence->message;
  auto iak = arm::verify_signer(message, context.policy.psa.iak, "psa.iak", "psa > signature", findings);
  compare_binder(evidence->nonce, BinderField::exact, context, "psa > nonce", findings);
  if (!iak || findings.refused()) return std::nullopt;
  return ClaimsVerifier::mint({*evidence, std::move(*iak), crypto::digest(Hash::sha256, message.payload)});
}

}  // namespace seatls::appraise::psa
