// Re-attestation of a connection that is there, beside new attested handshakes; and what ten thousand
// of them leave behind in memory.
#pragma once

#include "bench/report.h"
#include "seatls/error.h"

namespace seatls::bench {

struct ReattestOptions {
  unsigned rounds = 31;          // each runs both cases once, in turn
  unsigned per_round = 20;       // of each case
  unsigned connection = 10'000;  // re-attestations of the one connection whose memory is looked at
};

// Both ends run on one thread over a socket pair, the server attests itself with fresh software evidence,
// under the same policy, certificate (P-256) and suite in both cases.
[[nodiscard]] Result<Report> reattest(const ReattestOptions& options);

}  // namespace seatls::bench
