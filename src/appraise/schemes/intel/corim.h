// TDs and enclaves as CoMIDs of Intel's profile describe them (draft-cds-rats-intel-corim-profile-05). The
// draft gives enclaves and the TDX module; how a TD is described is told in docs/protocol/corim.md.
#pragma once

#include <optional>

#include "appraise/context.h"
#include "appraise/schemes/intel/quote.h"

namespace seatls::appraise::intel {

// with_corim returns the section of the policy with what it leaves to CoRIM documents filled in; nothing
// where there is no document.
[[nodiscard]] std::optional<TdxPolicy> with_corim(const TdReport& td, const Context& context,
                                                  Findings& findings);
[[nodiscard]] std::optional<SgxPolicy> with_corim(const EnclaveReport& enclave, const Context& context,
                                                  Findings& findings);

}  // namespace seatls::appraise::intel
