// A guest of SEV-SNP as CoMIDs of AMD's profile describe it (draft-deeglaze-amd-sev-snp-corim-profile).
#pragma once

#include <optional>

#include "appraise/context.h"
#include "appraise/schemes/snp/verify.h"

namespace seatls::appraise::snp {

// with_corim returns the section of the policy with what it leaves to CoRIM documents filled in; nothing
// where there is no document.
[[nodiscard]] std::optional<SnpPolicy> with_corim(const Claims& claims, const Context& context,
                                                  Findings& findings);

}  // namespace seatls::appraise::snp
