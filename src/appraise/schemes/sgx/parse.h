// Stage 1 of sgx: a quote of version 3, 4 or 5 about an enclave, raw in a CMW record.
#pragma once

#include "appraise/findings.h"
#include "appraise/schemes/intel/quote.h"
#include "seatls/cmw.h"

namespace seatls::appraise::sgx {

// Evidence is a quote whose body is an enclave report.
struct Evidence {
  intel::Quote quote;
  [[nodiscard]] const intel::EnclaveReport& enclave() const { return *quote.enclave(); }
};

class Parser;
using ParsedEvidence = Minted<Evidence, Parser>;

[[nodiscard]] Result<ParsedEvidence> parse(const Cmw& credential);

}  // namespace seatls::appraise::sgx
