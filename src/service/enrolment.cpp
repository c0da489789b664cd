#include "service/enrolment.h"

#include "appraise/schemes/tpm/verify.h"
#include "base/encoding.h"
#include "crypto/hash.h"

namespace seatls::service {
namespace {

namespace tpm = appraise::tpm;

Error refuse(std::string detail, std::string path) {
  return {Code::untrusted_attestation_key, std::move(detail), std::move(path)};
}

// The certificate speaks of the key alone. What the TPM does with it is up to the attributes, and they
// are checked by the TPM: a wrong claim makes a challenge that it does not open.
Result<void> check_endorsement_key(const tpm::Public& ek, const std::vector<crypto::Certificate>& chain) {
  using A = tpm::ObjectAttributes;
  if (!ek.attributes.has(A::restricted | A::decrypt | A::fixed_tpm | A::fixed_parent) ||
      ek.attributes.has(A::sign)) {
    return refuse("it is not a restricted decryption key of a TPM", "endorsement key");
  }
  SEATLS_TRY(const auto certified, chain.front().public_key());
  if (certified.same_key(ek.key)) return {};
  return refuse("its certificate is for another key", "endorsement key");
}

}  // namespace

Result<Enrolment> Enrolment::begin(const EnrolmentRequest& request, const EnrolmentPolicy& policy) {
  auto ek = tpm::parse_public(request.endorsement_key);
  if (!ek) return std::move(ek).error().in("endorsement key");
  auto ak = tpm::parse_public(request.attestation_key);
  if (!ak) return std::move(ak).error().in("attestation key");
  std::vector<crypto::Certificate> chain;
  for (const Bytes& der : request.endorsement_chain) {
    SEATLS_TRY(auto certificate, crypto::Certificate::from_der(der));
    chain.push_back(std::move(certificate));
  }
  if (auto trusted = tpm::verify_ek_chain(chain, policy.makers, policy.at); !trusted) {
    return std::move(trusted).error().in("endorsement key");
  }
  SEATLS_CHECK(check_endorsement_key(*ek, chain));
  if (auto objection = tpm::objection_to_ak(*ak); !objection.empty()) {
    return refuse(std::move(objection), "attestation key");
  }
  Secret secret(crypto::random_bytes(32));
  const Bytes name = ak->name();
  SEATLS_TRY(auto challenge, crypto::make_tpm_credential(ek->key, ek->name_alg, name, secret));
  return Enrolment(std::move(secret), std::move(challenge), std::move(ak->key), base::to_hex(name));
}

Result<crypto::Certificate> Enrolment::finish(const Secret& answer, const crypto::CertificateSpec& spec,
                                              const crypto::Issuer& issuer) && {
  const Secret expected = std::move(secret_);
  if (expected.size() == 0 || !constant_time_equal(expected.reveal(), answer.reveal())) {
    return Error{Code::key_unproven, "the answer is not the secret of the challenge",
                 "credential activation"};
  }
  crypto::CertificateSpec limited = spec;
  limited.is_ca = false;
  limited.extended_key_usages = {"2.23.133.8.3"};  // tcg-kp-AIKCertificate
  return crypto::make_certificate(limited, key_, issuer);
}

}  // namespace seatls::service
