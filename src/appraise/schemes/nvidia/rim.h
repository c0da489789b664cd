// A Reference Integrity Manifest: the measurements that a version of a driver or of a VBIOS may have. NVIDIA
// writes it as a SWID tag (NIST IR 8060; TCG RIM information model) with an XML signature.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "crypto/x509.h"
#include "seatls/nvidia_policy.h"

namespace seatls {

struct NvidiaRim::Impl {
  std::string version;  // of the driver, or of the VBIOS: "550.144.03", "96.00.74.00.20"
  std::string product;  // "GH100"
  std::string tag_id;
  // By index as in a report, from 1: what is accepted. A measurement that the manifest lists as inactive is
  // not its own business, and has no value here.
  std::map<unsigned, std::vector<Bytes>> active;
  std::vector<unsigned> inactive;
  std::vector<crypto::Certificate> chain;  // the signer's own first
  // What the signature says, which no time changes: computed once. That the chain holds is found out at the
  // time of judgement.
  Result<void> signature;
};

namespace appraise::nvidia {

// verify_rim returns nothing when the manifest is signed, and its signer is NVIDIA's at that moment. NVIDIA
// tells of signers that it has withdrawn by OCSP alone, which is not asked. Errors: collateral_invalid,
// collateral_stale.
[[nodiscard]] Result<void> verify_rim(const NvidiaRim& rim, Time at);

}  // namespace appraise::nvidia
}  // namespace seatls
