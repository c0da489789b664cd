// Any bytes as evidence of NVIDIA's devices: what is read can be judged, and nothing passes that nobody
// signed.
#include "appraise/schemes/nvidia/verify.h"
#include "fuzz/scheme.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using fuzz::demand;
  static const Policy policy = [] {
    Policy p;
    p.id = "fuzz";
    p.schemes = {"nvidia"};
    p.nvidia.architectures = {"HOPPER", "BLACKWELL", "LS10"};
    p.nvidia.driver = p.nvidia.vbios = expect::Any{};
    p.nvidia.measurements[1] = expect::Any{};
    return p;
  }();
  const Cmw cmw = fuzz::evidence_of("nvidia", data, size);
  if (const auto read = appraise::nvidia::parse(cmw); read.ok()) {
    demand(!(*read)->devices.empty() && (*read)->devices.size() <= 64);
    for (const auto& d : (*read)->devices) {
      demand(d.report.nonce.size() == 32 && d.report.signature.size() == 96);
      demand(d.report.measurements.empty() || d.report.measurements.begin()->first >= 1);
      demand(d.chain.size() <= 16);
    }
  } else {
    fuzz::demand_reason(read.error());
  }
  fuzz::demand_refused("nvidia", cmw, policy);
  return 0;
}
