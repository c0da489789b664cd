// Simulated AMD SEV-SNP, for tests and CI: reports as the firmware writes them, byte for byte, below a root
// that is made up. A relying party accepts them only where its policy names that root in
// danger.simulated_roots, and says so in every result.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "seatls/attester.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/scheme.h"
#include "seatls/snp_policy.h"

namespace seatls {

struct SimulatedSnpOptions {
  std::vector<Spki> tiks;    // the keys that it attests
  Secret root_key{Bytes{}};  // PEM, P-384: whoever holds it writes any report. Empty: one is made up
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

// SimulatedSnp is an attester, and the root for danger.simulated_roots. The root's name is
// "SEATLS-SIMULATED-ARK-Genoa" or so: a policy takes no root of another name for a simulated one.
struct SimulatedSnp {
  std::shared_ptr<Attester> attester;
  std::string root_pem;
};

// make_simulated_snp makes up a processor. Its evidence is a report and a certificate table. Errors:
// configuration.
[[nodiscard]] Result<SimulatedSnp> make_simulated_snp(SimulatedSnpOptions options);

}  // namespace seatls
