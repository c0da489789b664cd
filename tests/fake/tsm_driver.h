// Drivers of guests on made-up platforms: what a TsmKernel reports.
#pragma once

#include <array>
#include <memory>
#include <mutex>

#include "fake/tsm_kernel.h"
#include "seatls/simulated.h"

namespace seatls::fake {

// Registers are a trust domain's runtime registers, as /sys/devices/virtual/misc/tdx_guest/measurements has
// them.
class Registers {
 public:
  static constexpr std::size_t size = 48;
  // Each returns 0 or an errno; 2 and 3 may be extended.
  int extend(unsigned index, ByteView digest);
  [[nodiscard]] Bytes value(unsigned index) const;

 private:
  mutable std::mutex mutex_;
  std::array<Bytes, 4> values_ = {Bytes(size, 0x70), Bytes(size, 0x71), Bytes(size, 0x72), Bytes(size, 0)};
};

// simulated_driver behaves as tdx_guest or sev_guest does, on the platform that is given.
[[nodiscard]] Result<TsmKernel::Driver> simulated_driver(
    SimulatedTee tee, const SimulatedPlatform& platform,
    std::shared_ptr<const Registers> registers = std::make_shared<Registers>());

}  // namespace seatls::fake
