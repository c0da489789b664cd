// What entries make up together: collateral of one model of platform, and additions to a policy.
#pragma once

#include <string>
#include <vector>

#include "collateral/store.h"
#include "seatls/policy.h"

namespace seatls::collateral {

// bundle_of writes the JSON that DCAP tools keep, of the entries for one model of platform. Errors:
// collateral_missing.
[[nodiscard]] Result<std::string> bundle_of(appraise::intel::Tee tee,
                                            const std::vector<const Entry*>& entries);

// Addition is what entries add to policies: Intel's only where the policy says "fetched".
struct Addition {
  std::vector<IntelCollateral> tdx, sgx;
  std::vector<Bytes> certificates, crls;
};
[[nodiscard]] Addition addition_of(const std::vector<Held>& entries);
void add(Policy& policy, const Addition& addition);

// kind_of returns what an entry's name says it is ("tcb-info"), and what for ("tdx.00806f050000").
struct NameParts {
  std::string kind, rest;
};
[[nodiscard]] NameParts parts_of(const std::string& name);

}  // namespace seatls::collateral
