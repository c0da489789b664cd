// Simulated hardware, for tests and CI: evidence in the exact form of the real thing, below a root that is
// made up. A relying party accepts it only where its policy names that root in danger.simulated_roots, and
// says so in every result.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "seatls/attester.h"
#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/result.h"

namespace seatls {

struct SimulatedTdxOptions {
  std::vector<Secret> tiks;    // PEM: the private keys of this endpoint's certificates
  unsigned quote_version = 4;  // 5: with a TD 1.5 report
  Bytes mr_td = Bytes(48, 0x7d);
  std::array<Bytes, 4> rtmr = {Bytes(48, 0x70), Bytes(48, 0x71), Bytes(48, 0x72), Bytes(48, 0)};
  Bytes td_attributes = {0, 0, 0, 0x10, 0, 0, 0, 0};  // SEPT_VE_DISABLE; byte 0 bit 0 is DEBUG
  Bytes tee_tcb_svn = {5, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  // What the made-up Intel publishes about the platform.
  std::string tcb_status = "UpToDate";
  std::vector<std::string> advisories;
  bool revoked = false;  // the platform's certificate stands on the revocation list
  std::chrono::seconds collateral_lifetime{std::chrono::hours{24 * 30}};
  std::function<Time()> clock;  // empty: the system's
};

// SimulatedTdx is an attester and what its relying parties need: `root` for danger.simulated_roots and
// `collateral` for tdx.collateral.
struct SimulatedTdx {
  std::shared_ptr<Attester> attester;
  std::string root_pem;
  std::string collateral;
};

// make_simulated_tdx makes up a platform with keys of its own, which are gone with the attester. Errors:
// malformed (a TIK), configuration (a field of the wrong size).
[[nodiscard]] Result<SimulatedTdx> make_simulated_tdx(SimulatedTdxOptions options);

}  // namespace seatls
