#include "appraise/schemes/cca/verify.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "rats/sign1.h"

namespace seatls::appraise::cca {
namespace {

constexpr std::array allowed = {crypto::SignatureAlgorithm::ecdsa_p256_sha256,
                                crypto::SignatureAlgorithm::ecdsa_p384_sha384,
                                crypto::SignatureAlgorithm::ecdsa_p521_sha512};

// The platform's key is one that the policy names; nothing in the token leads to it.
void verify_platform(const Platform& p, const Context& context, Claims& claims, Findings& findings) {
  Error last{Code::untrusted_attestation_key, "cca.cpak names no key that could have signed this", ""};
  for (const auto& spki : context.policy.cca.cpak) {
    const auto key = crypto::PublicKey::from_spki(spki.der());
    const auto verified =
        key ? rats::verify_sign1(p.message, *key, allowed) : Result<rats::VerifiedSign1>(key.error());
    if (verified) {
      claims.cpak = "sha256:" + base::to_hex(crypto::digest(Hash::sha256, spki.der()));
      return;
    }
    // A key of the right kind under which the signature is wrong tells more than one of another kind.
    if (last.code != Code::signature_invalid) last = verified.error();
  }
  findings.refuse(last.code == Code::untrusted_attestation_key ? Stage::trust : Stage::signature,
                  std::move(last).in("cca > platform token > signature"));
}

// The platform token's challenge is a hash of the realm's key, which signs the realm token.
void verify_realm(const Token& t, Findings& findings) {
  if (const auto verified = rats::verify_sign1(t.realm.message, t.realm.key, allowed); !verified)
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
  verify_platform(evidence->platform, context, claims, findings);
  verify_realm(*evidence, findings);
  compare_binder(evidence->realm.challenge, BinderField::zero_padded_to_64, context,
                 "cca > realm token > challenge", findings);
  if (findings.refused()) return std::nullopt;
  return ClaimsVerifier::mint(std::move(claims));
}

}  // namespace seatls::appraise::cca
