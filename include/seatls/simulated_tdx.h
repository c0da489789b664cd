// Simulated Intel TDX: quotes byte for byte as a quoting enclave writes them, and what a made-up Intel
// publishes about the platform.
#pragma once

#include <array>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/simulated_intel.h"

namespace seatls {

struct SimulatedTdxOptions : SimulatedIntelOptions {
  unsigned quote_version = 4;  // 5: with a TD 1.5 report
  Bytes mr_td = Bytes(48, 0x7d);
  std::array<Bytes, 4> rtmr = {Bytes(48, 0x70), Bytes(48, 0x71), Bytes(48, 0x72), Bytes(48, 0)};
  Bytes td_attributes = {0, 0, 0, 0x10, 0, 0, 0, 0};  // SEPT_VE_DISABLE; byte 0 bit 0 is DEBUG
  Bytes tee_tcb_svn = {5, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
};

// make_simulated_tdx makes an attester whose REPORTDATA is the binder. Its collateral is made anew, and holds
// for every one of the same platform. Errors: configuration.
[[nodiscard]] Result<Simulated> make_simulated_tdx(const SimulatedTdxOptions& options);

}  // namespace seatls
