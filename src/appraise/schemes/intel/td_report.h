// TDREPORT_STRUCT, what a trust domain's own processor tells it: Intel TDX Module ABI specification. Nobody
// else can verify its MAC; a quoting enclave makes a quote of it, and what a quote says is what counts.
#pragma once

#include <string_view>
#include <vector>

#include "appraise/schemes/intel/quote.h"

namespace seatls::appraise::intel {

inline constexpr std::size_t td_report_size = 1024;

// parse_td_report reads the fields that a quote repeats. Errors: unknown_value for other types of reports.
[[nodiscard]] Result<TdReport> parse_td_report(ByteView raw);

// differences names the fields in which a report is not the one that was quoted.
[[nodiscard]] std::vector<std::string_view> differences(const TdReport& report, const TdReport& quoted);

}  // namespace seatls::appraise::intel
