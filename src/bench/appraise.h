// Appraisals per second, scheme by scheme, beside the bare signature verifications that each needs.
#pragma once

#include "bench/report.h"
#include "seatls/error.h"

namespace seatls::bench {

struct AppraiseOptions {
  unsigned rounds = 21;      // each makes up new platforms
  unsigned appraisals = 50;  // per scheme and round, of evidence that is new each time
};

// One thread, simulated platforms. *Cold* is a platform's first evidence: its certificate chain and
// collateral are verified. *Warm* is what follows: only what is new in it. Between two warm appraisals the
// bare verifications of the scheme run, so that both find the processor's caches alike.
[[nodiscard]] Result<Report> appraise(const AppraiseOptions& options);

}  // namespace seatls::bench
