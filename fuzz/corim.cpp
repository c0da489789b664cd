// Any bytes as a CoRIM: what is read can be compared, what nobody signed verifies with no key, and a triple
// is satisfied by exactly what it says.
#include "rats/corim.h"

#include "fuzz/fuzz.h"
#include "rats/comid_match.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using fuzz::demand;
  const auto corim = rats::parse_corim({data, size});
  if (!corim) {
    demand(category(corim.error().code) == Category::decode || corim.error().code == Code::unknown_critical);
    return 0;
  }
  static const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256)->public_key();
  demand(!rats::VerifiedCorim::verify(*corim, std::span(&key, 1)).ok());
  demand(rats::VerifiedCorim::danger_unsigned(*corim).ok() != corim->is_signed());
  for (const auto& comid : corim->unverified().comids)
    for (const auto& triple : comid.reference) {
      demand(!triple.measurements.empty());
      demand(rats::comid::matches(triple.environment, triple.environment));
      demand(rats::comid::unmatched(triple, {}).has_value());
      (void)rats::comid::unmatched(triple, triple.measurements);
    }
  return 0;
}
