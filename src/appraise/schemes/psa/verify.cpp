#include "appraise/schemes/psa/verify.h"

#include "appraise/schemes/arm/corim.h"
#include "crypto/hash.h"

namespace seatls::appraise::psa {

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims) { return VerifiedClaims(std::move(claims)); }
};

std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  const auto& message = evidence->message;
  const Token& t = *evidence;
  std::vector<Spki> keys = context.policy.psa.iak;
  if (context.policy.psa.iak_from_corim)
    for (auto& key : attestation_keys(
             arm::device_state(t.implementation_id, t.instance_id, t.components, "psa"), context))
      keys.push_back(std::move(key));
  auto iak = arm::verify_signer(message, keys, context, "psa.iak", "psa > signature", findings);
  compare_binder(evidence->nonce, BinderField::exact, context, "psa > nonce", findings);
  if (!iak || findings.refused()) return std::nullopt;
  return ClaimsVerifier::mint({*evidence, std::move(*iak), crypto::digest(Hash::sha256, message.payload)});
}

}  // namespace seatls::appraise::psa
