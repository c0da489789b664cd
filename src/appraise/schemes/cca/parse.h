// Stage 1 of cca: a platform token and a realm token (draft-ffm-rats-cca-token; Realm Management Monitor
// specification, "Attestation token").
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "appraise/findings.h"
#include "appraise/schemes/arm/claims.h"
#include "crypto/signature.h"
#include "seatls/cmw.h"
#include "seatls/keys.h"

namespace seatls::appraise::cca {

// cca-platform-claims = { 265 profile, 10 challenge, 2396 implementation-id, 256 instance-id, 2401 config,
//   2395 lifecycle, 2399 sw-components, ? 2400 verification-service, 2402 hash-algo-id }
struct Platform {
  codec::cose::Sign1 message;
  std::string profile;
  Bytes challenge;
  Bytes implementation_id;  // 32 bytes
  Bytes instance_id;        // 33 bytes, the first 0x01
  Bytes config;
  std::uint16_t lifecycle = 0;
  std::vector<arm::Component> components;
};

// cca-realm-claims = { ? 265 profile, 10 challenge, 44235 personalization-value, 44236 hash-algo-id,
//   44237 public-key, 44238 initial-measurement, 44239 extensible-measurements, 44240 public-key-hash-algo-id
//   }
struct Realm {
  codec::cose::Sign1 message;
  std::string profile;  // empty: legacy
  Bytes challenge;      // 64 bytes
  Bytes personalization;
  Bytes public_key;  // as it stands there: the platform token commits to a hash of it
  crypto::PublicKey key;
  Bytes initial_measurement;
  std::array<Bytes, 4> extensible_measurements;
  Hash public_key_hash = Hash::sha256;
};

struct Token {
  Platform platform;
  Realm realm;
};

class Parser;
using ParsedEvidence = Minted<Token, Parser>;

[[nodiscard]] Result<ParsedEvidence> parse(const Cmw& credential);

}  // namespace seatls::appraise::cca
