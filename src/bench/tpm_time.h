// What a TPM's evidence costs, over a software TPM: shown apart, since a TPM's time is its own.
#pragma once

#include "bench/report.h"
#include "seatls/error.h"

namespace seatls::bench {

// add_tpm_time adds "evidence of a software TPM" to the report, or a note saying why there is none.
[[nodiscard]] Result<void> add_tpm_time(Report& report);

}  // namespace seatls::bench
