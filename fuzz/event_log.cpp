// A log that is read replays, in each bank, to values of the bank's size and for PCRs that exist.
#include "tee/event_log.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  const auto log = tee::parse_event_log({data, size});
  if (!log) {
    fuzz::demand(!log.error().detail.empty());
    return 0;
  }
  for (const Hash bank : {Hash::sha1, Hash::sha256, Hash::sha384, Hash::sha512})
    for (const auto& [pcr, value] : tee::replay(*log, bank))
      fuzz::demand(pcr < 24 && value.size() == seatls::size(bank));
  return 0;
}
