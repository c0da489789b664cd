// The verifier service beside what it does in the same process: appraisals per second over HTTP and TLS, one
// and two replicas on each store, and alone.
#pragma once

#include <string>

#include "bench/report.h"
#include "seatls/error.h"

namespace seatls::bench {

struct VerifierOptions {
  unsigned rounds = 5;
  unsigned appraisals = 400;  // per case and round
  unsigned outstanding = 16;  // conversations at a time
  // postgresql://…: a database for this alone, whose tables are made. Empty: PostgreSQL is left out, and a
  // note says so.
  std::string postgresql;
};

// Clients and services share this machine, and so the figures: what is over HTTP holds both ends' TLS.
// Evidence is software's, P-256, and made before the clock runs; two requests are one appraisal (a session
// with the client's nonce, and the evidence).
[[nodiscard]] Result<Report> verifier(const VerifierOptions& options);

}  // namespace seatls::bench
