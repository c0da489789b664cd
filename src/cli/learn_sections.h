// Sections of a learned policy that more than one scheme is judged by.
#pragma once

#include <string>
#include <vector>

#include "appraise/schemes/intel/quote.h"
#include "appraise/schemes/snp/parse.h"
#include "appraise/schemes/tpm/statements.h"

namespace seatls::cli {

[[nodiscard]] std::string tdx_section(const appraise::intel::TdReport& td);
// Errors: usage, where neither the report nor a certificate tells the product.
[[nodiscard]] Result<std::string> snp_section(const appraise::snp::Evidence& evidence);
// pcr_tables writes [SCHEME.pcrs.BANK] of each bank.
[[nodiscard]] std::string pcr_tables(const std::string& scheme,
                                     const std::vector<appraise::tpm::PcrValue>& pcrs);

}  // namespace seatls::cli
