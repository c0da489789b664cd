#include "service/result_signer.h"

#include "appraise/ear_output.h"
#include "base/encoding.h"
#include "codec/json.h"
#include "rats/key_format.h"

namespace seatls::service {
namespace {

namespace json = codec::json;

bool signs_results(crypto::KeyType type) {
  return type == crypto::KeyType::p256 || type == crypto::KeyType::p384 || type == crypto::KeyType::ed25519;
}

}  // namespace

Result<std::shared_ptr<ResultSigner>> ResultSigner::make(SignerOptions options, std::shared_ptr<Store> store,
                                                         Time now) {
  const auto& key = options.key.public_key();
  if (!signs_results(key.type()))
    return Error{Code::configuration,
                 std::string(crypto::name(key.type())) +
                     " keys do not sign results; use P-256 (ES256), P-384 (ES384) or Ed25519 (EdDSA)",
                 "signing key"};
  SEATLS_TRY(auto key_id, rats::jwk_thumbprint(key));
  SEATLS_TRY(auto jwk, rats::to_jwk(key));
  auto members = *jwk.object();
  members.emplace_back("kid", json::Value(key_id));
  members.emplace_back("alg", json::Value(std::string(rats::jose_algorithm(options.key.algorithm()))));
  members.emplace_back("use", json::Value("sig"));
  SEATLS_TRY(auto text, json::write(json::Value(std::move(members))));
  const auto lifetime = options.lifetime;
  auto signer = std::shared_ptr<ResultSigner>(
      new ResultSigner(std::move(options), std::move(store), std::move(key_id), std::move(text)));
  SEATLS_CHECK(signer->publish_until(now + lifetime));
  return signer;
}

// The store is written once in a lifetime, not with every result.
Result<void> ResultSigner::publish_until(Time end) {
  const std::scoped_lock lock(mutex_);
  if (end <= published_until_) return {};
  const Time until = end + options_.lifetime;
  SEATLS_CHECK(store_->publish_key({key_id_, jwk_, until}));
  published_until_ = until;
  return {};
}

Result<SignedResult> ResultSigner::sign(const AttestationResult& result, const About& about, Time now) {
  // Nothing outlives what it rests on.
  Time end = now + options_.lifetime;
  if (result->valid_until) end = std::min(end, *result->valid_until);
  SEATLS_CHECK(publish_until(end));

  EarOptions ear;
  ear.verifier_build = options_.build;
  if (about.tik != nullptr) ear.tik = *about.tik;
  SEATLS_TRY(auto claims, appraise::ear_claims_of(result, ear));
  claims.iat = now.time_since_epoch().count();
  claims.exp = end.time_since_epoch().count();
  if (!options_.issuer.empty()) claims.iss = options_.issuer;
  const auto nonce = base::to_base64url(about.nonce);
  claims.nonces = {bytes(view(nonce))};
  claims.evidence_digest = bytes(about.evidence_digest);
  for (auto& submod : claims.submods) {
    // The nonce stands once, beside the submods: in evidence for a passport there is another value.
    submod.nonces.clear();
    // This spelling has room for one policy's name.
    if (options_.spelling == rats::EarSpelling::veraison_2023 && submod.policy_ids.size() > 1)
      submod.policy_ids = {policies_of(*result)};
  }
  SEATLS_TRY(const auto payload, rats::write_ear_json(claims, options_.spelling));
  SEATLS_TRY(auto token, rats::sign_jws(view(payload), options_.key,
                                        {{"typ", json::Value("JWT")}, {"kid", json::Value(key_id_)}}));
  return SignedResult{std::move(token), key_id_};
}

}  // namespace seatls::service
