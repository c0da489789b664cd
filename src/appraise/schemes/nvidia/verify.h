// Stage 2 of nvidia: what is cryptographic fact. Each report is signed by a key that NVIDIA vouches for, its
// nonce is the binder, and its firmware is the one that the key was made for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appraise/context.h"
#include "appraise/schemes/nvidia/parse.h"

namespace seatls::appraise::nvidia {

// architecture_of returns what a chip belongs to ("GH100": "HOPPER"); empty for one that is not known.
[[nodiscard]] std::string architecture_of(std::string_view chip);
// chip_of returns the chip that the certificate of a device's own key names: "GH100"; empty without one.
[[nodiscard]] std::string chip_of(const Device& device);
// firmware_of returns the digest of the firmware that the attestation key's certificate names, or nothing.
[[nodiscard]] Result<std::optional<Bytes>> firmware_of(const crypto::Certificate& certificate);

struct DeviceClaims {
  Report report;
  std::string chip, architecture;
  std::string attestation_key, device_key;  // "sha256:…"
  bool simulated = false;                   // below a root that only the policy's [danger] lets pass
};

struct Claims {
  std::vector<DeviceClaims> devices;
  Bytes fingerprint;
};

class ClaimsVerifier;
using VerifiedClaims = Minted<Claims, ClaimsVerifier>;

// claims_of tells what evidence says, true or not.
[[nodiscard]] Claims claims_of(const Evidence& evidence);

[[nodiscard]] std::optional<VerifiedClaims> verify(const ParsedEvidence& evidence, const Context& context,
                                                   Findings& findings);

// place names a field of one of the devices: "nvidia[0] > Nonce".
[[nodiscard]] std::string place(std::size_t device, std::string_view field);

}  // namespace seatls::appraise::nvidia
