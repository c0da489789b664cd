// What simulated platforms of Intel have in common, whether they run TDs or enclaves.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/keys.h"
#include "seatls/result.h"
#include "seatls/simulated.h"

namespace seatls {

struct SimulatedIntelOptions {
  std::vector<Spki> tiks;        // the keys that it attests
  SimulatedPlatform platform;    // none: one is made up
  Bytes ppid = Bytes(16, 0x9d);  // names the platform, 16 bytes
  // What the made-up Intel publishes about the platform.
  std::string tcb_status = "UpToDate";
  std::vector<std::string> advisories;
  bool revoked = false;  // the platform's certificate stands on the revocation list
  std::chrono::seconds collateral_lifetime{std::chrono::hours{24 * 30}};
  std::function<Time()> clock;  // empty: the system's
};

}  // namespace seatls
