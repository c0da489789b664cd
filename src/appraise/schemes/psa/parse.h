// Stage 1 of psa: an attestation token of RFC 9783, or of one of its two predecessors.
#pragma once

#include <string>
#include <vector>

#include "appraise/findings.h"
#include "appraise/schemes/arm/claims.h"
#include "seatls/cmw.h"

namespace seatls::appraise::psa {

// psa-token = { nonce, instance-id, profile, implementation-id, client-id, lifecycle, software-components,
//   ? boot-seed, ? certification-reference, ? verification-service-indicator }
struct Token {
  codec::cose::Sign1 message;
  std::string profile;
  Bytes nonce;
  Bytes instance_id;
  Bytes implementation_id;
  Bytes boot_seed;  // empty: absent
  std::int32_t client_id = 0;
  std::uint16_t lifecycle = 0;
  std::string certification_reference, verification_service;  // empty: absent
  std::vector<arm::Component> components;  // empty: the token says that no software was measured
};

class Parser;
using ParsedEvidence = Minted<Token, Parser>;

[[nodiscard]] Result<ParsedEvidence> parse(const Cmw& credential);

}  // namespace seatls::appraise::psa
