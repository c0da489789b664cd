#include "appraise/schemes/cca/verify.h"

#include "appraise/schemes/arm/corim.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "rats/sign1.h"

namespace seatls::appraise::cca {
namespace {

// The platform token's challenge is a hash of the realm's key, which signs the realm token.
void verify_realm(const Token& t, Findings& findings) {
  if (const auto verified = rats::verify_sign1(t.realm.message, t.realm.key, arm::allowed_algorithms);
      !verified)
    findings.refuse(Stage::signature, Error(verified.error()).in("cca > realm token > signature"));
  const Bytes expected = crypto::digest(t.realm.public_key_hash, t.realm.public_key);
  if (expected != t.platform.challenge)
    findings.refuse(Stage::signature, Code::evidence_inconsistent,
                    "is " + base::to_hex(t.platform.challenge) + "; the realm's key has the hash " +
                        base::to_hex(expected),
                    "cca > platform token > challenge");
}

}  // namespace

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims) { return VerifiedClaims(std::move(claims)); }
};

Claims claims_of(const Token& t) {
  Claims c;
  c.implementation_id = t.platform.implementation_id;
  c.instance_id = t.platform.instance_id;
  c.config = t.platform.config;
  c.lifecycle = t.platform.lifecycle;
  c.components = t.platform.components;
  c.personalization = t.realm.personalization;
  c.initial_measurement = t.realm.initial_measurement;
  c.extensible_measurements = t.realm.extensible_measurements;
  c.fingerprint = crypto::digest(Hash::sha256, t.realm.message.payload);
  return c;
}

std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  Claims claims = claims_of(*evidence);
  std::vector<Spki> keys = context.policy.cca.cpak;
  if (context.policy.cca.cpak_from_corim)
    for (auto& key : attestation_keys(
             arm::device_state(claims.implementation_id, claims.instance_id, claims.components, "cca"),
             context))
      keys.push_back(std::move(key));
  claims.cpak = arm::verify_signer(evidence->platform.message, keys, context, "cca.cpak",
                                   "cca > platform token > signature", findings)
                    .value_or(arm::Signer{});
  verify_realm(*evidence, findings);
  compare_binder(evidence->realm.challenge, BinderField::zero_padded_to_64, context,
                 "cca > realm token > challenge", findings);
  if (findings.refused()) return std::nullopt;
  return ClaimsVerifier::mint(std::move(claims));
}

}  // namespace seatls::appraise::cca
