#include "appraise/schemes/tpm/verify.h"

#include <algorithm>
#include <iterator>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace seatls::appraise::tpm {
namespace {

constexpr std::string_view scheme = "tpm2";
constexpr std::string_view ak_certificate_usage = "2.23.133.8.3";  // tcg-kp-AIKCertificate
constexpr std::string_view ek_certificate_usage = "2.23.133.8.1";  // tcg-kp-EKCertificate
// EK certificates name the TPM's maker in a critical subjectAltName of form directoryName, and its
// specification in subjectDirectoryAttributes: TCG EK Credential Profile, section 3.
const std::vector<std::string> understood_in_ek = {"2.5.29.9", "2.5.29.17"};

std::string sha256_of(const crypto::PublicKey& key) {
  return "sha256:" + base::to_hex(crypto::digest(Hash::sha256, key.spki().der()));
}

Result<std::vector<crypto::Certificate>> certificates(const std::vector<Bytes>& list) {
  std::vector<crypto::Certificate> out;
  for (const auto& der : list) {
    SEATLS_TRY(auto certificate, crypto::Certificate::from_der(der));
    out.push_back(std::move(certificate));
  }
  return out;
}

Result<void> verify_ak_chain(const Evidence& e, const Context& context) {
  const auto& policy = context.policy.tpm2;
  if (e.ak_chain.empty())
    return Error{Code::untrusted_attestation_key, "the evidence brings no certificate of the attestation key",
                 ""};
  const auto& leaf = e.ak_chain.front();
  SEATLS_TRY(const auto certified, leaf.public_key());
  if (!certified.same_key(e.ak.key))
    return Error{Code::evidence_inconsistent, "the certificate is for another key than the attestation key",
                 ""};
  // A CA may certify other keys too. Only this usage says that it has seen a restricted key in a TPM.
  if (!leaf.has_extended_key_usage(ak_certificate_usage))
    return Error{
        Code::untrusted_attestation_key,
        "the certificate lacks the usage " + std::string(ak_certificate_usage) + " (tcg-kp-AIKCertificate)",
        ""};
  SEATLS_TRY(auto anchors, certificates(policy.ak_ca));
  return crypto::verify_chain(leaf, {.anchors = std::move(anchors),
                                     .intermediates = {std::next(e.ak_chain.begin()), e.ak_chain.end()},
                                     .crls = policy.ak_ca_crl,
                                     .at = context.now});
}

void verify_ak_trust(const Evidence& e, const Context& context, Claims& claims, Findings& findings) {
  if (const auto objection = objection_to_ak(e.ak); !objection.empty())
    findings.refuse(Stage::trust, Code::untrusted_attestation_key, "not an attestation key: " + objection,
                    "tpm2 > ak");
  const Bytes spki_sha256 = crypto::digest(Hash::sha256, e.ak.key.spki().der());
  const Bytes ak_name = e.ak.name();
  for (const auto& pin : context.policy.tpm2.ak)
    if (pin.value == (pin.kind == KeyPin::Kind::spki_sha256 ? spki_sha256 : ak_name))
      claims.vouched = "pin " + to_text(pin);
  if (!claims.vouched.empty()) return;
  if (context.policy.tpm2.ak_ca.empty()) {
    findings.refuse(Stage::trust, Code::untrusted_attestation_key,
                    claims.ak + " is not pinned in tpm2.ak, and no tpm2.ak_ca is set", "tpm2 > ak");
  } else if (auto r = verify_ak_chain(e, context); !r) {
    auto error = std::move(r).error();
    error.detail += "; " + claims.ak + " is not pinned in tpm2.ak either";
    findings.refuse(Stage::trust, std::move(error).in("tpm2 > ak chain"));
  } else {
    claims.vouched = "certificate " + e.ak_chain.front().subject();
  }
}

void verify_ek(const Evidence& e, const Context& context, Claims& claims, Findings& findings) {
  if (context.policy.tpm2.ek_ca.empty()) return;
  const auto anchors = certificates(context.policy.tpm2.ek_ca);
  if (auto r = anchors ? verify_ek_chain(e.ek_chain, *anchors, context.now) : Result<void>(anchors.error());
      !r)
    findings.refuse(Stage::trust, std::move(r).error().in("tpm2 > ek chain"));
  else
    claims.ek = e.ek_chain.front().subject();
}

}  // namespace

std::string objection_to_ak(const Public& ak) {
  using A = ObjectAttributes;
  auto out = missing(ak.attributes,
                     A::fixed_tpm | A::fixed_parent | A::sensitive_data_origin | A::restricted | A::sign,
                     A::decrypt);
  if (!ak.scheme) out += (out.empty() ? "" : ", ") + std::string("no signature scheme is fixed");
  return out;
}

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims) { return VerifiedClaims(std::move(claims)); }
};

Claims claims_of(const Evidence& e) {
  Claims c;
  c.pcrs = e.pcrs;
  c.ak = sha256_of(e.ak.key);
  c.ak_name = "name:" + base::to_hex(e.ak.name());
  c.tik_name = e.tik.name();
  c.key_detail = objection_to_tik(e.tik);
  c.key = c.key_detail.empty() ? KeyProvenance::proven : KeyProvenance::none;
  c.firmware_version = e.quote.firmware_version;
  c.clock = e.quote.clock;
  c.reset_count = e.quote.reset_count;
  c.restart_count = e.quote.restart_count;
  c.safe = e.quote.safe;
  c.fingerprint = crypto::digest(Hash::sha256, e.quote.raw);
  c.explained = explained(e);
  if (e.event_log) {
    c.has_event_log = true;
    c.events = e.event_log->events.size();
  }
  return c;
}

std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  Claims claims = claims_of(*evidence);
  verify_quoted(*evidence, evidence->ak, context, scheme, findings);
  verify_certified(*evidence, evidence->quote, evidence->ak, context, scheme, findings);
  verify_ak_trust(*evidence, context, claims, findings);
  verify_ek(*evidence, context, claims, findings);
  if (findings.refused()) return std::nullopt;
  return ClaimsVerifier::mint(std::move(claims));
}

Result<void> verify_ek_chain(const std::vector<crypto::Certificate>& chain,
                             const std::vector<crypto::Certificate>& anchors, Time at) {
  if (chain.empty())
    return Error{Code::untrusted_attestation_key, "there is no certificate of the endorsement key", ""};
  if (!chain.front().has_extended_key_usage(ek_certificate_usage))
    return Error{
        Code::untrusted_attestation_key,
        "the certificate lacks the usage " + std::string(ek_certificate_usage) + " (tcg-kp-EKCertificate)",
        ""};
  return crypto::verify_chain(chain.front(), {.anchors = anchors,
                                              .intermediates = {std::next(chain.begin()), chain.end()},
                                              .at = at,
                                              .understood_critical_oids = understood_in_ek});
}

}  // namespace seatls::appraise::tpm
