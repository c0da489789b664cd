// Simulated AMD SEV-SNP: reports as the firmware writes them, byte for byte.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/scheme.h"
#include "seatls/simulated.h"
#include "seatls/snp_policy.h"

namespace seatls {

struct SimulatedSnpOptions {
  std::vector<Spki> tiks;      // the keys that it attests
  SimulatedPlatform platform;  // of the same product; none: one is made up
  SnpProduct product = SnpProduct::genoa;
  std::uint32_t version = 5;  // of the report: 2 to 5
  std::uint32_t guest_svn = 0;
  std::uint64_t policy = 1U << 17;  // POLICY: the bit that is always one
  std::uint32_t vmpl = 0;
  Bytes measurement = Bytes(48, 0x4d);
  Bytes host_data = Bytes(32, 0);
  SnpTcb tcb;                       // all four levels
  Bytes chip_id = Bytes(64, 0xC1);  // 64 bytes; Turin uses the first 8
  std::string csp_id;               // when set, a VLEK signs, and CHIP_ID is masked
  EvidenceType type = MediaType{"application/vnd.amd.sev-snp.attestation-report"};
};

// make_simulated_snp makes an attester whose evidence is a report over the binder, and a certificate table.
// Errors: configuration.
[[nodiscard]] Result<Simulated> make_simulated_snp(SimulatedSnpOptions options);

}  // namespace seatls
