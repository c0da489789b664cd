// PSA devices, CCA platforms and realms as CoMIDs of Arm's profiles describe them
// (draft-ydb-rats-cca-endorsements-04; draft-fdb-rats-psa-endorsements).
#pragma once

#include <string>
#include <vector>

#include "appraise/corim_match.h"
#include "appraise/schemes/arm/claims.h"

namespace seatls::appraise::arm {

// device_state describes a device by who made it (implementation-id), which one it is (instance-id) and what
// runs on it; `prefix` is that of the measurements' keys: "psa" or "cca".
[[nodiscard]] CorimState device_state(ByteView implementation_id, ByteView instance_id,
                                      const std::vector<Component>& components, const std::string& prefix);

// component_claims lets `expected` be taken for every component's measurement value; signer_claims, for who
// signed it.
[[nodiscard]] std::vector<CorimClaim> component_claims(const std::vector<Component>& components,
                                                       Expect<Bytes>* expected, const std::string& key);
[[nodiscard]] std::vector<CorimClaim> signer_claims(const std::vector<Component>& components,
                                                    Expect<Bytes>* expected, const std::string& key);

}  // namespace seatls::appraise::arm
