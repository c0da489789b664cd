// Simulated Intel SGX: quotes (version 3) byte for byte as a quoting enclave writes them, and what a made-up
// Intel publishes about the platform.
#pragma once

#include <cstdint>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/simulated_intel.h"

namespace seatls {

struct SimulatedSgxOptions : SimulatedIntelOptions {
  Bytes mr_enclave = Bytes(32, 0xec);
  Bytes mr_signer = Bytes(32, 0x51);
  std::uint16_t isv_prod_id = 1, isv_svn = 3;
  // INIT and MODE64BIT, then XFRM. Byte 0 bit 1 is DEBUG.
  Bytes attributes = {0x05, 0, 0, 0, 0, 0, 0, 0, 0xe7, 0, 0, 0, 0, 0, 0, 0};
};

// make_simulated_sgx makes an attester whose REPORTDATA is the binder. Its collateral is made anew, and holds
// for every one of the same platform. Errors: configuration.
[[nodiscard]] Result<Simulated> make_simulated_sgx(const SimulatedSgxOptions& options);

}  // namespace seatls
