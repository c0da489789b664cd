// A result written down as an EAR: draft-ietf-rats-ear-03.
#include "appraise/ear_output.h"

#include "base/encoding.h"
#include "rats/key_format.h"
#include "seatls/verifiers.h"

namespace seatls {
namespace {

// appraisal_of tells of one submod. Nothing that a refusal asserts is better than its tier.
rats::EarAppraisal appraisal_of(const AttestationResult& result, std::string submod, Tier tier,
                                const TrustVector& vector) {
  rats::EarAppraisal a;
  a.submod = std::move(submod);
  a.status = tier;
  if (vector != TrustVector{}) a.vector = vector;
  a.policy_ids = result->policy_ids;
  // A JWT holds the nonce of the evidence as text.
  if (!result->binder.empty()) a.nonces = {bytes(base::to_base64url(result->binder))};
  return a;
}

}  // namespace

Result<rats::EarClaims> appraise::ear_claims_of(const AttestationResult& result, const EarOptions& options) {
  rats::EarClaims ear;
  ear.profile = rats::ear_profile::ietf_03;
  ear.iat = result->appraised_at.time_since_epoch().count();
  if (options.lifetime) ear.exp = ear.iat + options.lifetime->count();
  ear.status = result.tier();
  ear.developer = options.verifier_developer;
  ear.build = options.verifier_build;
  if (options.audience) ear.aud = {*options.audience};
  for (const auto& part : result->submods)
    ear.submods.push_back(appraisal_of(result, part.label, part.tier, part.vector));
  if (ear.submods.empty())
    ear.submods = {appraisal_of(result, result->scheme.empty() ? "unknown" : result->scheme, result.tier(),
                                result->vector)};
  if (result->kek) {
    SEATLS_TRY(ear.kek, crypto::PublicKey::from_spki(result->kek->der()));
  }
  if (options.tik) {
    SEATLS_TRY(const auto key, crypto::PublicKey::from_spki(options.tik->der()));
    SEATLS_TRY(const auto thumbprint, rats::jwk_thumbprint(key));
    SEATLS_TRY(const auto raw, base::from_base64url(thumbprint));
    for (auto& submod : ear.submods) submod.cnf = rats::Confirmation{std::nullopt, raw, true};
  }
  return ear;
}

Result<std::string> to_ear(const AttestationResult& result, const EarOptions& options) {
  SEATLS_TRY(const auto ear, appraise::ear_claims_of(result, options));
  if (options.signing_key_pem.empty()) return rats::write_ear_json(ear);
  SEATLS_TRY(const auto key, crypto::PrivateKey::from_pem(options.signing_key_pem));
  const auto type = key.public_key().type();
  if (type != crypto::KeyType::p256 && type != crypto::KeyType::p384 && type != crypto::KeyType::ed25519)
    return Error{Code::configuration,
                 std::string(crypto::name(type)) +
                     " keys do not sign results; use P-256 (ES256), P-384 (ES384) or Ed25519 (EdDSA)",
                 "signing key"};
  return rats::sign_ear_jwt(ear, key);
}

}  // namespace seatls
