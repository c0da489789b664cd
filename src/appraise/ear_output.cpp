// A result written down as an EAR: draft-ietf-rats-ear-03.
#include "base/encoding.h"
#include "rats/ear.h"
#include "rats/key_format.h"
#include "seatls/verifiers.h"

namespace seatls {
namespace {

// The tier counts for the whole token, and nothing that a refusal asserts is better than it.
rats::EarAppraisal appraisal_of(const AttestationResult& result) {
  rats::EarAppraisal a;
  a.submod = result->scheme.empty() ? "unknown" : result->scheme;
  a.status = result.tier();
  if (result->vector != TrustVector{}) a.vector = result->vector;
  a.policy_ids = result->policy_ids;
  // A JWT holds the nonce of the evidence as text.
  if (!result->binder.empty()) a.nonces = {bytes(base::to_base64url(result->binder))};
  return a;
}

}  // namespace

Result<std::string> to_ear(const AttestationResult& result, const EarOptions& options) {
  rats::EarClaims ear;
  ear.profile = rats::ear_profile::ietf_03;
  ear.iat = result->appraised_at.time_since_epoch().count();
  if (options.lifetime) ear.exp = ear.iat + options.lifetime->count();
  ear.status = result.tier();
  ear.developer = options.verifier_developer;
  ear.build = options.verifier_build;
  if (options.audience) ear.aud = {*options.audience};
  ear.submods = {appraisal_of(result)};
  if (result->kek) {
    SEATLS_TRY(ear.kek, crypto::PublicKey::from_spki(result->kek->der()));
  }
  if (options.tik) {
    SEATLS_TRY(const auto key, crypto::PublicKey::from_spki(options.tik->der()));
    SEATLS_TRY(const auto thumbprint, rats::jwk_thumbprint(key));
    SEATLS_TRY(auto raw, base::from_base64url(thumbprint));
    ear.submods.front().cnf = rats::Confirmation{std::nullopt, std::move(raw), true};
  }
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
