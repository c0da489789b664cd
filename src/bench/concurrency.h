// Many handshakes at once on one thread, while each attestation takes its time elsewhere.
#pragma once

#include <chrono>

#include "bench/report.h"
#include "seatls/error.h"

namespace seatls::bench {

struct ConcurrencyOptions {
  unsigned connections = 1000;
  std::chrono::milliseconds delay{100};  // of each attestation
  unsigned appraisals = 500;             // by a remote verifier
  std::chrono::milliseconds verifier_delay{200};
  unsigned rounds = 5;  // each runs every case once, in turn
};

// Both ends of all connections are driven by one thread, over socket pairs, with software evidence. A
// case with a delay may take as long as the one without, times 1.2, and one delay for each attester, or for
// the remote verifier, which is a service on this machine.
[[nodiscard]] Result<Report> concurrency(const ConcurrencyOptions& options);

}  // namespace seatls::bench
