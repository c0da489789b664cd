// The signatures of one quote: PCK over the QE's report, QE's report over the attestation key, attestation
// key over the quote. And that the QE is the one that Intel names.
#pragma once

#include "appraise/findings.h"
#include "appraise/schemes/intel/collateral.h"
#include "appraise/schemes/intel/quote.h"
#include "crypto/signature.h"

namespace seatls::appraise::intel {

// SignedBy is the platform's key. Without one the QE's report is left out, since nothing says who signed it;
// one that is not verified (the platform was refused) is only good for telling what else is wrong.
struct SignedBy {
  const crypto::PublicKey* pck = nullptr;
  bool verified = false;
};
// verify_signatures refuses, at the stage of signatures, each one that does not hold.
void verify_signatures(const Quote& quote, const SignedBy& signer, Findings& findings);

// verify_qe refuses a quoting enclave that is not of the given identity (its version is judged with the TCB).
void verify_qe(const Quote& quote, const QeIdentity& identity, Findings& findings);

}  // namespace seatls::appraise::intel
