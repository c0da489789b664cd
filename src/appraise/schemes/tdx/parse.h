// Stage 1 of tdx: a quote of version 4 or 5 about a trust domain, raw in a CMW record.
#pragma once

#include "appraise/findings.h"
#include "appraise/schemes/intel/quote.h"
#include "seatls/cmw.h"

namespace seatls::appraise::tdx {

// Evidence is a quote whose body is a TD report.
struct Evidence {
  intel::Quote quote;
  [[nodiscard]] const intel::TdReport& td() const { return *quote.td(); }
};

class Parser;
using ParsedEvidence = Minted<Evidence, Parser>;

[[nodiscard]] Result<ParsedEvidence> parse(const Cmw& credential);

}  // namespace seatls::appraise::tdx
