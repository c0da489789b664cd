#include "appraise/schemes/nitro/verify.h"

#include <algorithm>
#include <array>

#include "appraise/chain_cache.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "rats/sign1.h"
#include "tee/simulated_name.h"

namespace seatls::appraise::nitro {
namespace {

constexpr std::array allowed = {crypto::SignatureAlgorithm::ecdsa_p384_sha384};
constexpr std::chrono::seconds clock_skew{60};

void verify_signature(const Document& d, Findings& findings) {
  const auto key = d.certificate.public_key();
  const auto verified =
      key ? rats::verify_sign1(d.message, *key, allowed) : Result<rats::VerifiedSign1>(key.error());
  if (!verified) findings.refuse(Stage::signature, Error(verified.error()).in("nitro > signature"));
}

// root_of returns the root that the bundle starts with, when it is one that counts.
const crypto::Certificate* root_of(const Document& d, const Context& context, bool& simulated) {
  const auto& first = d.cabundle.front();
  if (std::ranges::equal(first.der(), aws_root().der())) return &aws_root();
  const auto& roots = context.policy.danger.simulated_roots;
  simulated =
      std::ranges::any_of(roots, [&](const Bytes& der) { return std::ranges::equal(der, first.der()); }) &&
      tee::is_simulated_name(first.subject_common_name());
  return simulated ? &first : nullptr;
}

// The certificates live for hours, and hold at the document's own time; how old that may be is judged apart.
void verify_chain(const Document& d, const Context& context, Claims& claims, Findings& findings) {
  const auto* root = root_of(d, context, claims.simulated);
  if (root == nullptr)
    return findings.refuse(Stage::trust, Code::untrusted_attestation_key,
                           "starts with " + d.cabundle.front().subject() + ", which is not the root of AWS",
                           "nitro > cabundle");
  claims.root = root->subject_common_name();
  std::vector<crypto::Certificate> chain = {d.certificate};
  chain.insert(chain.end(), d.cabundle.begin() + 1, d.cabundle.end());
  chain.push_back(*root);
  auto verified = verify_path(chain, d.timestamp);
  if (!verified) findings.refuse(Stage::trust, std::move(verified).error().in("nitro > certificate"));
}

void verify_time(const Document& d, const Context& context, Findings& findings) {
  const auto age = context.now - d.timestamp;
  const std::string at = "was made at " + base::to_rfc3339(d.timestamp);
  if (age > context.policy.nitro.max_age)
    findings.refuse(Stage::signature, Code::result_expired,
                    at + ", " + std::to_string(age.count()) + " s ago; nitro.max_age is " +
                        std::to_string(context.policy.nitro.max_age.count()) + " s",
                    "nitro > timestamp");
  if (age < -clock_skew)
    findings.refuse(Stage::signature, Code::result_not_yet_valid, at, "nitro > timestamp");
}

// public_key is for the enclave's own use. Where it holds something it must not speak of another key.
void verify_key(const Document& d, const Context& context, Claims& claims, Findings& findings) {
  if (d.public_key.empty() || context.tik == nullptr) return;
  const auto key = crypto::PublicKey::from_spki(d.public_key);
  if (!key) {
    findings.refuse(Stage::key, Code::tik_mismatch, "holds no SubjectPublicKeyInfo: " + key.error().detail,
                    "nitro > public_key");
    return;
  }
  compare_tik(*key, context, "nitro > public_key", findings);
  claims.names_key = !findings.refused_at(Stage::key);
}

}  // namespace

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims) { return VerifiedClaims(std::move(claims)); }
};

Claims claims_of(const Document& d) {
  Claims c;
  c.module_id = d.module_id;
  c.timestamp = d.timestamp;
  c.pcrs = d.pcrs;
  c.user_data = d.user_data;
  c.debug = d.in_debug_mode();
  c.fingerprint = crypto::digest(Hash::sha256, d.message.payload);
  return c;
}

std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  Claims claims = claims_of(*evidence);
  verify_signature(*evidence, findings);
  verify_time(*evidence, context, findings);
  verify_chain(*evidence, context, claims, findings);
  compare_binder(evidence->nonce, BinderField::exact, context, "nitro > nonce", findings);
  verify_key(*evidence, context, claims, findings);
  if (findings.refused()) return std::nullopt;
  return ClaimsVerifier::mint(std::move(claims));
}

}  // namespace seatls::appraise::nitro
