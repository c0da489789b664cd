// Values of trustworthiness claims (draft-ietf-rats-ar4si, section 2.3) that the schemes give. The draft
// leaves the negative ones to verifiers: they are warnings.
#pragma once

#include <cstdint>

#include "seatls/result.h"

namespace seatls::appraise::ar4si {

inline constexpr std::int8_t instance_recognized = 2;           // instance-identity
inline constexpr std::int8_t configuration_approved = 2;        // configuration
inline constexpr std::int8_t executables_approved_at_boot = 3;  // executables
inline constexpr std::int8_t hardware_genuine = 2;              // hardware
inline constexpr std::int8_t hardware_unsafe = 32;              // genuine, with known weaknesses
inline constexpr std::int8_t hardware_none = -33;               // no hardware stands behind the claims
inline constexpr std::int8_t memory_opaque = 2;     // runtime-opaque: to the host and its operators
inline constexpr std::int8_t contraindicated = 96;  // any claim: what was found is not accepted
inline constexpr std::int8_t cryptographic_validation_failed = 99;  // any claim

// worse returns, claim by claim, the value to report when both vectors are true: what only one of them
// asserts is not asserted of the two.
[[nodiscard]] inline TrustVector worse(TrustVector a, const TrustVector& b) {
  for (std::size_t i = 0; i < trust_claim_count; ++i)
    if (seatls::worse(tier_of(a.value[i]), tier_of(b.value[i])) != tier_of(a.value[i]))
      a.value[i] = b.value[i];
  return a;
}

}  // namespace seatls::appraise::ar4si
