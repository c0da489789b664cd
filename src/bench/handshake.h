// Handshakes per second and CPU per handshake: plain TLS and attested, interleaved in one run.
#pragma once

#include <string>

#include "bench/report.h"
#include "seatls/error.h"

namespace seatls::bench {

struct HandshakeOptions {
  unsigned rounds = 101;     // each round runs every case once, in turn
  unsigned handshakes = 10;  // per case and round
  std::string only;          // run the cases alone whose name holds this: for a profiler
  bool tpm = true;           // also time a software TPM's evidence, shown apart
};

// Both ends run on one thread over a socket pair: P-256 certificate and key, X25519,
// TLS_AES_128_GCM_SHA256, no tickets. The bare signature and verification are P-256 too.
[[nodiscard]] Result<Report> handshake(const HandshakeOptions& options);

}  // namespace seatls::bench
