// NitroPolicy: what AWS Nitro attestation documents must say. Part of a Policy; docs/usage/policy.md tells
// every key.
#pragma once

#include <chrono>
#include <map>
#include <optional>

#include "seatls/bytes.h"
#include "seatls/expect.h"
#include "seatls/result.h"

namespace seatls {

struct NitroPolicy {
  std::map<unsigned, Expect<Bytes>> pcrs;  // 0 to 31, 48 bytes each; one must be set
  Expect<Bytes> user_data;                 // unset: only an empty or absent one
  std::chrono::seconds max_age{300};       // of the document, by its own timestamp
  std::optional<KeyProvenance> key;        // default: measured
};

}  // namespace seatls
