// What more than one format holds.
#pragma once

#include <vector>

#include "appraise/schemes/intel/quote.h"
#include "appraise/schemes/tpm/statements.h"
#include "cli/node.h"

namespace seatls::cli {

[[nodiscard]] Node td_report_node(const appraise::intel::TdReport& td);
[[nodiscard]] Node pcrs_node(const std::vector<appraise::tpm::PcrValue>& pcrs);  // by bank
[[nodiscard]] Node event_log_node(const tee::EventLog& log);                     // its replay

}  // namespace seatls::cli
