// Stage 1 of tpm2: the evidence map (docs/protocol, Decision 16) and everything in it.
#pragma once

#include <vector>

#include "appraise/findings.h"
#include "appraise/schemes/tpm/statements.h"
#include "crypto/x509.h"
#include "seatls/cmw.h"

namespace seatls::appraise::tpm {

// tpm2-evidence = { 1: quote TPMS_ATTEST, 2: its TPMT_SIGNATURE, 3: [[hashAlg, pcr, value]…],
//   4: certify TPMS_ATTEST, 5: its TPMT_SIGNATURE, 6: TIK TPMT_PUBLIC, 7: AK TPMT_PUBLIC,
//   ?8: [AK chain DER], ?9: [EK chain DER], ?10: event log }
struct Evidence : Quoted, Certified {
  Public ak;
  std::vector<crypto::Certificate> ak_chain;  // the AK's own first
  std::vector<crypto::Certificate> ek_chain;
};

class Parser;
using ParsedEvidence = Minted<Evidence, Parser>;

// parse reads the value of a CMW record. Nothing in the map is ignored: an unknown key is an error.
[[nodiscard]] Result<ParsedEvidence> parse(const Cmw& credential);

}  // namespace seatls::appraise::tpm
