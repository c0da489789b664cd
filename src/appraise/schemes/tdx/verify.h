// Stage 2 of tdx: what is cryptographic fact (intel/verify_quote.h).
#pragma once

#include <memory>
#include <optional>

#include "appraise/context.h"
#include "appraise/schemes/intel/platform.h"
#include "appraise/schemes/tdx/parse.h"

namespace seatls::appraise::tdx {

struct Claims {
  intel::Quote quote;
  std::shared_ptr<const intel::Platform> platform;
  Bytes fingerprint;  // SHA-256 of what the attestation key signed

  [[nodiscard]] const intel::TdReport& td() const { return *quote.td(); }
};

class ClaimsVerifier;
using VerifiedClaims = Minted<Claims, ClaimsVerifier>;

[[nodiscard]] std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                                   Findings& findings);
// verify_hardware leaves REPORTDATA to the scheme that wraps the quote.
[[nodiscard]] std::optional<VerifiedClaims> verify_hardware(const intel::Quote& quote, const Context& context,
                                                            Findings& findings);

}  // namespace seatls::appraise::tdx
