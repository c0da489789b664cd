// PsaPolicy: what PSA attestation tokens (RFC 9783) must say. Part of a Policy; docs/usage/policy.md tells
// every key.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/expect.h"
#include "seatls/keys.h"
#include "seatls/result.h"

namespace seatls {

// PsaPolicy judges the software by its measurements, or by who signed it: one of both must name values.
struct PsaPolicy {
  std::vector<Spki> iak;             // initial attestation keys, whose tokens count; one must be set
  bool iak_from_corim = false;       // beside `iak`: what CoRIM documents say of this very instance
  Expect<Bytes> implementation_id;   // of the immutable root of trust, 32 bytes; must be set
  Expect<Bytes> components;          // measurements
  Expect<Bytes> signers;             // signer-ids
  Expect<std::int64_t> client_id;    // who asked for the token; must be set
  std::optional<KeyProvenance> key;  // default: measured
};

}  // namespace seatls
