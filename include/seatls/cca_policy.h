// CcaPolicy: what Arm CCA attestation tokens must say. Part of a Policy; docs/usage/policy.md tells every
// key.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/expect.h"
#include "seatls/keys.h"
#include "seatls/result.h"

namespace seatls {

struct CcaPolicy {
  std::vector<Spki> cpak;             // whose platform tokens count; one must be set
  bool cpak_from_corim = false;       // beside them: what CoRIM documents say of this very instance
  Expect<Bytes> initial_measurement;  // of the realm; must be set
  // What the realm measured into each of its registers since. Unset: only zeros, which is nothing.
  std::map<unsigned, Expect<Bytes>> extensible_measurements;  // 0 to 3
  Expect<Bytes> personalization;                              // 64 bytes. Unset: only zeros
  Expect<Bytes> components;                                   // measurements of the platform; must be set
  Expect<Bytes> config;                                       // of the platform; must be set
  std::optional<KeyProvenance> key;                           // default: measured
};

}  // namespace seatls
