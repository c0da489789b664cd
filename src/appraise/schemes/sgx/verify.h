// Stage 2 of sgx: what is cryptographic fact (intel/verify_quote.h).
#pragma once

#include <memory>
#include <optional>

#include "appraise/context.h"
#include "appraise/schemes/intel/platform.h"
#include "appraise/schemes/sgx/parse.h"

namespace seatls::appraise::sgx {

struct Claims {
  intel::Quote quote;
  std::shared_ptr<const intel::Platform> platform;
  Bytes fingerprint;  // SHA-256 of what the attestation key signed

  [[nodiscard]] const intel::EnclaveReport& enclave() const { return *quote.enclave(); }
};

class ClaimsVerifier;
using VerifiedClaims = Minted<Claims, ClaimsVerifier>;

[[nodiscard]] std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                                   Findings& findings);

}  // namespace seatls::appraise::sgx
