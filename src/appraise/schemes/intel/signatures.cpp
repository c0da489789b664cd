#include "appraise/schemes/intel/signatures.h"

#include <algorithm>

#include "appraise/parts.h"
#include "base/encoding.h"
#include "base/remembered.h"
#include "crypto/hash.h"

namespace seatls::appraise::intel {
namespace {

Result<void> verify_p256(const crypto::PublicKey& key, ByteView message, ByteView signature) {
  return key.verify(crypto::SignatureAlgorithm::ecdsa_p256_sha256, message, signature,
                    crypto::EcdsaForm::fixed);
}

Result<crypto::PublicKey> key_of(const Field<64>& raw) {
  const ByteView v = raw;
  return crypto::PublicKey::from_ec_point(crypto::KeyType::p256, {bytes(v.first(32)), bytes(v.subspan(32))});
}

// A quoting enclave vouches for its attestation key once, and the key then signs every quote of the platform:
// what held is remembered, so that the next quote costs its own signature only.
base::Remembered<Bytes, crypto::PublicKey>& vouched_keys() {
  static base::Remembered<Bytes, crypto::PublicKey> keys(256);
  return keys;
}

Bytes name_of(const Quote& quote, const crypto::PublicKey& pck) {
  const Spki signer = pck.spki();
  return name_of_parts({signer.der(), quote.qe_report_raw, quote.qe_report_signature, quote.attestation_key,
                        quote.qe_auth_data});
}

Bytes masked(ByteView value, ByteView mask) {
  Bytes out = bytes(value);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] &= mask[i];
  return out;
}

}  // namespace

void verify_signatures(const Quote& quote, const SignedBy& signer, Findings& findings) {
  const crypto::PublicKey* pck = signer.pck;
  const auto invalid = [&](std::string detail, std::string path) {
    findings.refuse(Stage::signature, Code::signature_invalid, std::move(detail), std::move(path));
  };
  const auto verify_quote = [&](const Result<crypto::PublicKey>& key) {
    const auto signature =
        key ? verify_p256(*key, quote.signed_part, quote.signature) : Result<void>(key.error());
    if (!signature)
      invalid("the attestation key did not sign this quote: " + signature.error().detail,
              "quote > signature");
  };
  Bytes name = signer.verified ? name_of(quote, *pck) : Bytes();
  if (signer.verified)
    if (auto known = vouched_keys().find(name)) return verify_quote(std::move(*known));

  const auto key = key_of(quote.attestation_key);
  verify_quote(key);
  bool vouched = signer.verified && key.ok();
  if (pck != nullptr)
    if (const auto signature = verify_p256(*pck, quote.qe_report_raw, quote.qe_report_signature);
        !signature) {
      vouched = false;
      invalid("the platform's PCK did not sign this report: " + signature.error().detail,
              "quote > qe_report_signature");
    }
  // The QE vouches for its attestation key: SHA-256(key ‖ authentication data), then zeros.
  Bytes hashed = bytes(quote.attestation_key);
  hashed.insert(hashed.end(), quote.qe_auth_data.begin(), quote.qe_auth_data.end());
  Bytes expected = crypto::digest(Hash::sha256, hashed);
  expected.resize(64, 0);
  if (!std::ranges::equal(expected, quote.qe_report.report_data)) {
    vouched = false;
    findings.refuse(Stage::signature, Code::evidence_inconsistent,
                    "the quoting enclave's report vouches for another attestation key",
                    "quote > qe_report > report_data");
  }
  if (vouched) vouched_keys().keep(std::move(name), *key);
}

void verify_qe(const Quote& quote, const QeIdentity& identity, Findings& findings) {
  const auto& report = quote.qe_report;
  const auto refuse = [&](std::string_view field, std::string detail) {
    findings.refuse(Stage::trust, Code::untrusted_attestation_key,
                    std::move(detail) + ", so this is not Intel's quoting enclave",
                    "quote > qe_report > " + std::string(field));
  };
  if (quote.qe_vendor != intel_qe_vendor)
    findings.refuse(Stage::trust, Code::untrusted_attestation_key,
                    "is " + base::to_hex(quote.qe_vendor) + ", which is not Intel", "quote > qe_vendor_id");
  if ((report.misc_select & identity.misc_select_mask) != identity.misc_select)
    refuse("misc_select", "is " + std::to_string(report.misc_select));
  if (masked(report.attributes, identity.attributes_mask) != identity.attributes)
    refuse("attributes", "are " + base::to_hex(report.attributes));
  if (!std::ranges::equal(report.mr_signer, identity.mr_signer))
    refuse("mr_signer", "is " + base::to_hex(report.mr_signer));
  if (report.isv_prod_id != identity.isv_prod_id)
    refuse("isv_prod_id", "is " + std::to_string(report.isv_prod_id));
}

}  // namespace seatls::appraise::intel
