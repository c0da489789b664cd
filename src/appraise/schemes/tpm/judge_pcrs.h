// What quoted registers must hold: judged alike for a machine's TPM and for a virtual one.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appraise/context.h"
#include "appraise/schemes/tpm/statements.h"

namespace seatls::appraise::tpm {

struct PcrPolicy {
  const std::map<Hash, std::map<unsigned, Expect<Bytes>>>& pcrs;
  bool require_event_log = false;
};

// judge_pcrs holds what was quoted against the policy, and writes the vector's configuration and
// executables. `log_explains`: registers that the evidence's event log replays to. `scheme` starts keys and
// paths.
void judge_pcrs(const PcrPolicy& policy, const std::vector<PcrValue>& values,
                const std::vector<unsigned>& log_explains, std::string_view scheme, Assessment& a,
                Findings& findings);

// pcr_key is a register's key in policies and claims: "tpm2.pcrs.sha256.7".
[[nodiscard]] std::string pcr_key(std::string_view scheme, Hash bank, unsigned pcr);
[[nodiscard]] std::vector<std::pair<std::string, std::string>> pcr_claims(const std::vector<PcrValue>& values,
                                                                          std::string_view scheme);

}  // namespace seatls::appraise::tpm
