// Stage 1 of sev-snp: a report, and the certificates that come with it.
#pragma once

#include <optional>
#include <vector>

#include "appraise/findings.h"
#include "appraise/schemes/snp/vek.h"
#include "seatls/cmw.h"

namespace seatls::appraise::snp {

// sev-snp evidence = ATTESTATION_REPORT (1184 bytes), then nothing or a certificate table: what
// SNP_GET_EXT_REPORT gives, and configfs-tsm in outblob and auxblob.
struct Evidence {
  Report report;
  std::vector<Vek> veks;  // of the table; a machine has one VCEK, one VLEK, or both
  std::vector<crypto::Certificate> issuers;
};

class Parser;
using ParsedEvidence = Minted<Evidence, Parser>;

[[nodiscard]] Result<ParsedEvidence> parse(const Cmw& credential);

}  // namespace seatls::appraise::snp
