// Enrolment with both halves on one machine: the verb, and the demo.
#pragma once

#include <string>
#include <vector>

#include "attest/tpm2/endorsement.h"
#include "crypto/x509.h"
#include "seatls/attesters.h"
#include "seatls/error.h"

namespace seatls::cli {

struct EnrolmentParts {
  const TpmAccess& access;
  const crypto::Certificate& ca;
  const crypto::PrivateKey& ca_key;
  std::vector<crypto::Certificate> makers{};
  std::vector<Bytes> endorsement_issuers{};  // DER
  attest::tpm2::KeyReference attestation_key{};
  std::string name = "attestation key";
};

struct Enrolled {
  crypto::Certificate certificate;
  std::string key_name;
  attest::tpm2::EkKind endorsement_kind;
};

// enrol certifies the attestation key once the TPM has activated a credential. Errors: as
// service::Enrolment, and tpm.
[[nodiscard]] Result<Enrolled> enrol(const EnrolmentParts& parts);

}  // namespace seatls::cli
