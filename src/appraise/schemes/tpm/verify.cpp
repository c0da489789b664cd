#include "appraise/schemes/tpm/verify.h"

#include <algorithm>
#include <iterator>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace seatls::appraise::tpm {
namespace {

constexpr std::string_view ak_certificate_usage = "2.23.133.8.3";  // tcg-kp-AIKCertificate
constexpr std::string_view ek_certificate_usage = "2.23.133.8.1";  // tcg-kp-EKCertificate
// EK certificates name the TPM's maker in a critical subjectAltName of form directoryName, and its
// specification in subjectDirectoryAttributes: TCG EK Credential Profile, section 3.
const std::vector<std::string> understood_in_ek = {"2.5.29.9", "2.5.29.17"};

std::string sha256_of(const crypto::PublicKey& key) {
  return "sha256:" + base::to_hex(crypto::digest(Hash::sha256, key.spki().der()));
}

std::string missing(const ObjectAttributes& attributes, std::uint32_t demanded, std::uint32_t forbidden) {
  static constexpr std::pair<std::uint32_t, std::string_view> names[] = {
      {ObjectAttributes::fixed_tpm, "fixedTPM"},
      {ObjectAttributes::fixed_parent, "fixedParent"},
      {ObjectAttributes::sensitive_data_origin, "sensitiveDataOrigin"},
      {ObjectAttributes::restricted, "restricted"},
      {ObjectAttributes::decrypt, "decrypt"},
      {ObjectAttributes::sign, "sign"},
  };
  std::string out;
  for (const auto& [bit, name] : names) {
    const bool set = attributes.has(bit);
    if ((demanded & bit) != 0 && !set) out += (out.empty() ? "" : ", ") + std::string(name) + " is clear";
    if ((forbidden & bit) != 0 && set) out += (out.empty() ? "" : ", ") + std::string(name) + " is set";
  }
  return out;
}

// The TIK signs TLS digests, so it cannot be restricted; it was made in the TPM and cannot leave it.
std::string objection_to_tik(const Public& tik) {
  using A = ObjectAttributes;
  return missing(tik.attributes, A::fixed_tpm | A::fixed_parent | A::sensitive_data_origin | A::sign,
                 A::restricted | A::decrypt);
}

void verify_signatures(const Evidence& e, Findings& findings) {
  if (auto r = verify_signature(e.ak, e.quote_signature, e.quote.raw); !r)
    findings.refuse(Stage::signature, std::move(r).error().in("tpm2 > quote signature"));
  if (auto r = verify_signature(e.ak, e.certify_signature, e.certify.raw); !r)
    findings.refuse(Stage::signature, std::move(r).error().in("tpm2 > certify signature"));
}

// Both structures come from one TPM between two of its resets.
//= early-attestation#tpm2-statements-agree
void verify_same_origin(const Evidence& e, Findings& findings) {
  const auto differ = [&](std::string_view what) {
    findings.refuse(Stage::signature, Code::evidence_inconsistent,
                    std::string(what) + " differs between the quote and the certification", "tpm2 > certify");
  };
  if (e.quote.qualified_signer != e.certify.qualified_signer) differ("qualifiedSigner");
  if (e.quote.reset_count != e.certify.reset_count) differ("resetCount");
  if (e.quote.restart_count != e.certify.restart_count) differ("restartCount");
  if (e.quote.firmware_version != e.certify.firmware_version) differ("firmwareVersion");
}

// The quote signs a digest of the PCR values; the values are next to it, and must be exactly those that
// the quote selects.
void verify_pcr_digest(const Evidence& e, Findings& findings) {
  const QuoteInfo& quote = *e.quote.quote();
  Bytes concatenated;
  std::size_t selected = 0;
  for (const auto& selection : quote.selection) {
    for (const unsigned pcr : selection.pcrs) {
      ++selected;
      const auto value = std::ranges::find_if(
          e.pcrs, [&](const PcrValue& v) { return v.bank == selection.bank && v.pcr == pcr; });
      if (value == e.pcrs.end()) {
        findings.refuse(Stage::signature, Code::evidence_inconsistent,
                        "the quote covers " + std::string(name(selection.bank)) + " PCR " +
                            std::to_string(pcr) + ", whose value is not given",
                        "tpm2 > pcrs");
        return;
      }
      concatenated.insert(concatenated.end(), value->value.begin(), value->value.end());
    }
  }
  if (selected != e.pcrs.size()) {
    findings.refuse(
        Stage::signature, Code::evidence_inconsistent,
        std::to_string(e.pcrs.size()) + " values are given; the quote covers " + std::to_string(selected),
        "tpm2 > pcrs");
    return;
  }
  const Bytes digest = crypto::digest(e.quote_signature.scheme.hash, concatenated);
  if (digest != quote.pcr_digest)
    findings.refuse(Stage::signature, Code::evidence_inconsistent,
                    "the values given hash to " + base::to_hex(digest) + "; the TPM quoted " +
                        base::to_hex(quote.pcr_digest),
                    "tpm2 > quote > pcrDigest");
}

// PCRs that software extends after the firmware have no events in its log: the log explains only those
// PCRs that it mentions, but these exactly.
void verify_event_log(const Evidence& e, Findings& findings) {
  if (!e.event_log) return;
  for (const auto& selection : e.quote.quote()->selection) {
    const auto replayed = replay(*e.event_log, selection.bank);
    for (const auto& value : e.pcrs) {
      const auto expected = replayed.find(value.pcr);
      if (value.bank != selection.bank || expected == replayed.end() || expected->second == value.value)
        continue;
      findings.refuse(Stage::signature, Code::evidence_inconsistent,
                      std::string(name(value.bank)) + " PCR " + std::to_string(value.pcr) + " replays to " +
                          base::to_hex(expected->second) + "; the TPM quoted " + base::to_hex(value.value),
                      "tpm2 > event log");
    }
  }
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

void verify_tik(const Evidence& e, const Context& context, Findings& findings) {
  if (e.certify.certify()->name != e.tik.name())
    findings.refuse(Stage::key, Code::tik_mismatch,
                    "the TPM certified the Name " + base::to_hex(e.certify.certify()->name) +
                        "; the public area given has " + base::to_hex(e.tik.name()),
                    "tpm2 > certify > name");
  compare_tik(e.tik.key, context, "tpm2 > tik", findings);
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
  if (e.event_log) {
    c.has_event_log = true;
    c.events = e.event_log->events.size();
    for (const auto& selection : e.quote.quote()->selection)
      for (const auto& [pcr, value] : replay(*e.event_log, selection.bank))
        if (std::ranges::find(selection.pcrs, pcr) != selection.pcrs.end() &&
            std::ranges::find(c.explained, pcr) == c.explained.end())
          c.explained.push_back(pcr);
  }
  return c;
}

std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                     Findings& findings) {
  Claims claims = claims_of(*evidence);
  verify_signatures(*evidence, findings);
  verify_same_origin(*evidence, findings);
  verify_ak_trust(*evidence, context, claims, findings);
  verify_ek(*evidence, context, claims, findings);
  compare_binder(evidence->quote.extra_data, BinderField::exact, context, "tpm2 > quote > extraData",
                 findings);
  compare_binder(evidence->certify.extra_data, BinderField::exact, context, "tpm2 > certify > extraData",
                 findings);
  verify_tik(*evidence, context, findings);
  verify_pcr_digest(*evidence, findings);
  verify_event_log(*evidence, findings);
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
