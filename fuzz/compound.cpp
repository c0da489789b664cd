// Any CMW as a compound: it is judged part by part, and nothing passes that nobody signed.
#include "fuzz/scheme.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  static const Policy policy = [] {
    Policy p;
    p.id = "fuzz";
    p.schemes = {"compound"};
    p.compound.parts = {{"cpu", {{"tdx", "sev-snp", "tpm2"}, {}}},
                        {"gpu", {{"nvidia"}, {}}},
                        {"log", {{"event-log"}, "cpu"}},
                        {"0", {{"software", "psa", "cca"}, {}}}};
    return p;
  }();
  if (const auto cmw = parse_cmw({data, size})) fuzz::demand_refused("compound", *cmw, policy);
  return 0;
}
