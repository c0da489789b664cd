// Stage 2 of sev-snp: what is cryptographic fact. The chain up to AMD, the report's signature, that both
// speak of one chip at one level, and the binder.
#pragma once

#include <optional>
#include <string>

#include "appraise/context.h"
#include "appraise/schemes/snp/parse.h"

namespace seatls::appraise::snp {

struct Tcbs {
  SnpTcb reported, committed, current, launch;
};

// Claims is what a report and the certificate of its key say.
struct Claims {
  Report report;
  std::optional<SnpProduct> product;  // nothing: neither the processor nor a certificate tells
  std::optional<Tcbs> tcbs;           // nothing: without a product, or with bytes that it reserves
  std::string csp_id;                 // of a VLEK
  std::string chip_id;                // hex; empty where the host masks it and the key is a VLEK
  std::string root;                   // the ARK's name
  bool simulated = false;             // that root is one of danger.simulated_roots
  bool revocation_checked = false;
  Bytes fingerprint;
};

class ClaimsVerifier;
using VerifiedClaims = Minted<Claims, ClaimsVerifier>;

// claims_of tells what evidence says, true or not.
[[nodiscard]] Claims claims_of(const Evidence& evidence);

// verify returns the claims once every cryptographic check has passed; findings name each that did not.
[[nodiscard]] std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                                   Findings& findings);
// verify_hardware leaves REPORT_DATA to the scheme that wraps the report.
[[nodiscard]] std::optional<VerifiedClaims> verify_hardware(const Evidence& evidence, const Context& context,
                                                            Findings& findings);

}  // namespace seatls::appraise::snp
