// A simulated Arm CCA platform with a realm on it: attestation tokens as the monitor and the platform's root
// of trust write them, byte for byte.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/scheme.h"
#include "seatls/simulated.h"

namespace seatls {

struct SimulatedCcaOptions {
  std::vector<Spki> tiks;      // the keys that it attests
  SimulatedPlatform platform;  // none: one is made up. Its root's key signs platform tokens, as a CPAK does
  Bytes implementation_id = Bytes(32, 0x44);
  Bytes instance_id = [] {
    Bytes id(33, 0x33);
    id[0] = 1;
    return id;
  }();
  Bytes config = Bytes(4, 0xcf);
  std::uint16_t lifecycle = 0x3000;  // secured; 0x40.. and 0x50.. are debug states
  std::string component = "BL";
  Bytes component_measurement = Bytes(32, 0x22), component_signer = Bytes(32, 0x55);
  Bytes initial_measurement = Bytes(32, 0x11);
  std::array<Bytes, 4> extensible_measurements = {Bytes(32), Bytes(32), Bytes(32), Bytes(32)};
  Bytes personalization = Bytes(64);
};

// make_simulated_cca makes an attester whose realm challenge is the binder. Errors: configuration.
[[nodiscard]] Result<Simulated> make_simulated_cca(SimulatedCcaOptions options);

}  // namespace seatls
