// Any bytes as an attestation document of AWS Nitro: what is read can be judged, and nothing passes that
// nobody signed.
#include "appraise/schemes/nitro/parse.h"
#include "fuzz/scheme.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using fuzz::demand;
  static const Policy policy = [] {
    Policy p;
    p.id = "fuzz";
    p.schemes = {"nitro"};
    p.nitro.pcrs[0] = expect::OneOf<Bytes>{{Bytes(48, 1)}};
    return p;
  }();
  const Cmw cmw = fuzz::evidence_of("nitro", data, size);
  if (const auto read = appraise::nitro::parse(cmw); read.ok()) {
    demand(!(*read)->module_id.empty() && !(*read)->cabundle.empty());
    demand(!(*read)->pcrs.empty() && (*read)->pcrs.rbegin()->first < 32);
    demand((*read)->nonce.size() <= 512 && (*read)->user_data.size() <= 512);
  } else {
    fuzz::demand_reason(read.error());
  }
  fuzz::demand_refused("nitro", cmw, policy);
  return 0;
}
