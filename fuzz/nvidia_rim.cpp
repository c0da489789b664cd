// Any text as a manifest of NVIDIA: what is read has values of the right size, and none is NVIDIA's that
// NVIDIA did not sign.
#include "appraise/schemes/nvidia/rim.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using fuzz::demand;
  const auto rim = NvidiaRim::parse({reinterpret_cast<const char*>(data), size});
  if (!rim) {
    demand(!rim.error().detail.empty() || !rim.error().path.empty());
    return 0;
  }
  demand(!rim->impl().version.empty() && !rim->impl().chain.empty() && !rim->impl().active.empty());
  for (const auto& [index, values] : rim->impl().active) {
    demand(index >= 1 && index <= 255 && !values.empty());
    for (const auto& value : values) demand(value.size() == 48);
  }
  demand(!appraise::nvidia::verify_rim(*rim, Time{std::chrono::seconds{1795255200}}));
  return 0;
}
