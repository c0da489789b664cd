// Stage 1 of nvidia: reports of GPUs and switches with their certificates, in the forms in which NVIDIA's
// tools write them.
#pragma once

#include <string>
#include <vector>

#include "appraise/findings.h"
#include "appraise/schemes/nvidia/report.h"
#include "crypto/x509.h"
#include "seatls/cmw.h"

namespace seatls::appraise::nvidia {

struct Device {
  Report report;
  std::vector<crypto::Certificate> chain;  // the attestation key's own first; empty: none was brought
  std::string architecture;                // as the wrapping says, which nobody signed; empty: not stated
  Bytes nonce;                             // likewise
};

struct Evidence {
  std::vector<Device> devices;  // at least one
};

class Parser;
using ParsedEvidence = Minted<Evidence, Parser>;

// parse reads
//  - the JSON of NVIDIA's SDK, [{"arch", "nonce", "evidence", "certificate"}…], the last two in base64;
//  - the same as a verifier is asked, {"arch", "nonce", "evidence_list": […]};
//  - a report in hex, and behind it the certificates in PEM.
[[nodiscard]] Result<ParsedEvidence> parse(const Cmw& credential);

}  // namespace seatls::appraise::nvidia
