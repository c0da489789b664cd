// The sidecar beside other programs that end TLS: processor time, requests, memory.
#pragma once

#include "bench/report.h"
#include "seatls/error.h"

namespace seatls::bench {

struct ProxyOptions {
  unsigned rounds = 7;
  unsigned handshakes = 480;  // per program and round
  unsigned requests = 4'800;  // of one byte each, over one connection
  unsigned megabytes = 512;   // to the client
  unsigned idle = 1'000;      // connections that are open and silent
};

// In every round all programs take their turns, in small portions, with the same client and the same service
// behind it: group X25519, TLS_AES_128_GCM_SHA256, P-256. Processor time is that of the program alone.
[[nodiscard]] Result<Report> proxy(const ProxyOptions& options);

}  // namespace seatls::bench
