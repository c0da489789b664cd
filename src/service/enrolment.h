// Enrolment of a TPM's attestation key, the issuer's half: a certificate only for a key that provably
// lives in a TPM whose maker is trusted. The TPM's half is attest/tpm2/endorsement.h; here is no TPM.
//
//   TPM                                         issuer
//   endorsement key, its certificates,
//   attestation key          ──request──▶       chain to a trusted maker? attributes of both keys?
//                            ◀─challenge──      a secret for this endorsement key and this key's Name
//   TPM2_ActivateCredential  ───answer──▶       the same secret? then the certificate
#pragma once

#include <string>
#include <vector>

#include "crypto/tpm_credential.h"
#include "crypto/x509.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/result.h"

namespace seatls::service {

struct EnrolmentRequest {
  Bytes endorsement_key;                 // TPMT_PUBLIC
  std::vector<Bytes> endorsement_chain;  // DER certificates, the key's own first
  Bytes attestation_key;                 // TPMT_PUBLIC
};

struct EnrolmentPolicy {
  std::vector<crypto::Certificate> makers;  // CAs that vouch for endorsement keys
  Time at{};
};

// Enrolment is one attestation key on its way to a certificate.
class Enrolment {
 public:
  // begin judges the request. Errors: decode for what cannot be parsed; untrusted_attestation_key with
  // the reason when the endorsement key is not vouched for, or a key is not of its kind.
  [[nodiscard]] static Result<Enrolment> begin(const EnrolmentRequest& request,
                                               const EnrolmentPolicy& policy);

  [[nodiscard]] const crypto::TpmCredential& challenge() const { return challenge_; }

  // finish certifies the attestation key, for nothing but attestation (2.23.133.8.3). An enrolment is
  // spent by it. Errors: key_unproven when the answer is not the secret.
  [[nodiscard]] Result<crypto::Certificate> finish(const Secret& answer, const crypto::CertificateSpec& spec,
                                                   const crypto::Issuer& issuer) &&;

  // The attestation key's Name as hex, for logs and subjects.
  [[nodiscard]] const std::string& key_name() const { return key_name_; }

 private:
  Enrolment(Secret secret, crypto::TpmCredential challenge, crypto::PublicKey key, std::string key_name)
      : secret_(std::move(secret)),
        challenge_(std::move(challenge)),
        key_(std::move(key)),
        key_name_(std::move(key_name)) {}
  Secret secret_;
  crypto::TpmCredential challenge_;
  crypto::PublicKey key_;
  std::string key_name_;
};

}  // namespace seatls::service
