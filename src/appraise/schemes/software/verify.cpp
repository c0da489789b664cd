#include "appraise/schemes/software/verify.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "rats/sign1.h"

namespace seatls::appraise::software {
namespace {

constexpr std::array allowed = {crypto::SignatureAlgorithm::ecdsa_p256_sha256,
                                crypto::SignatureAlgorithm::ecdsa_p384_sha384};
constexpr std::chrono::seconds clock_skew{60};

// attested_key is the key that `cnf` means: the token's own copy, or the certificate's where `cnf` holds
// a thumbprint.
std::optional<crypto::PublicKey> attested_key(const Token& token, const Context& context) {
  if (!token.claims.cnf) return std::nullopt;
  if (token.claims.cnf->key) return token.claims.cnf->key;
  if (context.tik == nullptr) return std::nullopt;
  auto key = crypto::PublicKey::from_spki(context.tik->der());
  return key ? std::optional(std::move(*key)) : std::nullopt;
}

bool signed_with(const Token& token, const crypto::PublicKey& key) {
  return rats::verify_sign1(token.message, key, allowed).ok();
}

bool is_pinned(const crypto::PublicKey& key, const SoftwarePolicy& policy) {
  const Bytes digest = crypto::digest(Hash::sha256, key.spki().der());
  return std::ranges::any_of(policy.ak_pins, [&](const KeyPin& pin) { return pin.value == digest; });
}

// keys_that_count are the keys that the policy trusts, those of the token among them that it pins.
std::vector<crypto::PublicKey> keys_that_count(const Token& token,
                                               const std::optional<crypto::PublicKey>& tik,
                                               const SoftwarePolicy& policy) {
  std::vector<crypto::PublicKey> keys;
  for (const Spki& spki : policy.ak)
    if (auto key = crypto::PublicKey::from_spki(spki.der())) keys.push_back(std::move(*key));
  if (token.signer && is_pinned(*token.signer, policy)) keys.push_back(*token.signer);
  if (tik && (policy.signed_by_tik || is_pinned(*tik, policy))) keys.push_back(*tik);
  return keys;
}

void verify_signature(const Token& token, const Context& context, Findings& findings) {
  const auto& policy = context.policy.software;
  const auto tik = attested_key(token, context);
  Error last{Code::untrusted_attestation_key, "software.ak names no key that could have signed this", ""};
  for (const auto& key : keys_that_count(token, tik, policy)) {
    auto verified = rats::verify_sign1(token.message, key, allowed);
    if (verified) return;
    // A key of the right kind under which the signature is wrong tells more than one of another kind.
    if (last.code != Code::signature_invalid) last = std::move(verified).error();
  }
  // A key that signed and is not trusted is told apart from a signature that nothing explains.
  for (const auto& key : {token.signer, tik})
    if (key && signed_with(token, *key))
      last = {Code::untrusted_attestation_key,
              "signed by sha256:" + base::to_hex(crypto::digest(Hash::sha256, key->spki().der())) +
                  ", which software.ak does not name",
              ""};
  findings.refuse(last.code == Code::untrusted_attestation_key ? Stage::trust : Stage::signature,
                  std::move(last).in("eat > signature"));
}

void verify_nonce(const rats::EatClaims& claims, const Context& context, Findings& findings) {
  const auto nonce = claims.single_nonce();
  if (nonce)
    compare_binder(*nonce, BinderField::exact, context, "eat > eat_nonce", findings);
  else
    findings.refuse(Stage::binder, Error(nonce.error()).in("eat"));
}

void verify_key(const rats::EatClaims& claims, const Context& context, Findings& findings) {
  if (!claims.cnf) {
    findings.refuse(Stage::key, Code::tik_mismatch, "cnf is missing: the evidence names no key", "eat > cnf");
    return;
  }
  if (context.tik == nullptr) return;
  const auto tik = crypto::PublicKey::from_spki(context.tik->der());
  const auto named = tik ? claims.cnf->names(*tik) : Result<bool>(tik.error());
  if (!named)
    findings.refuse(Stage::key, Code::tik_mismatch, named.error().detail, "eat > cnf");
  else if (!*named)
    findings.refuse(Stage::key, Code::tik_mismatch, "names another key than the certificate's", "eat > cnf");
}

void verify_lifetime(const rats::EatClaims& claims, const Context& context, Findings& findings) {
  const auto now = context.now.time_since_epoch().count();
  if (claims.exp && now >= *claims.exp + clock_skew.count())
    findings.refuse(Stage::signature, Code::result_expired, "exp has passed", "eat > exp");
  for (const auto& [name, time] : {std::pair{"nbf", claims.nbf}, std::pair{"iat", claims.iat}})
    if (time && now + clock_skew.count() < *time)
      findings.refuse(Stage::signature, Code::result_not_yet_valid, std::string(name) + " lies in the future",
                      std::string("eat > ") + name);
}

}  // namespace

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims) { return VerifiedClaims(std::move(claims)); }
};

std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  verify_signature(*evidence, context, findings);
  verify_lifetime(evidence->claims, context, findings);
  verify_nonce(evidence->claims, context, findings);
  verify_key(evidence->claims, context, findings);
  if (findings.refused()) return std::nullopt;
  return ClaimsVerifier::mint({evidence->claims, crypto::digest(Hash::sha256, evidence->message.payload)});
}

}  // namespace seatls::appraise::software
