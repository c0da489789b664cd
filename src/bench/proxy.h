// The sidecar beside other programs that end TLS: processor time, requests, memory.
#pragma once

#include "bench/report.h"
#include "seatls/error.h"

namespace seatls::bench {

struct ProxyOptions {
  unsigned rounds = 7;
  unsigned handshakes = 500;  // per program and round
  unsigned requests = 5'000;  // of one byte each, over one connection
  unsigned megabytes = 512;   // to the client
  unsigned idle = 1'000;      // connections that are open and silent
};

// Every round runs every program once, in turn, with the same client and the same service behind it: group
// X25519, TLS_AES_128_GCM_SHA256, P-256. Processor time is that of the program alone.
[[nodiscard]] Result<Report> proxy(const ProxyOptions& options);

}  // namespace seatls::bench
