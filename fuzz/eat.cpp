// The input is a claims set. What is read as an EAT says the same when it is written and read again.
#include "rats/eat.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using fuzz::demand;
  const auto claims = rats::read_eat({data, size});
  if (!claims) {
    demand(claims.error().path.starts_with("eat"));
    return 0;
  }
  demand(claims->single_nonce().ok() == (claims->nonces.size() == 1));
  const auto written = rats::write_eat(*claims);
  demand(written.ok());
  const auto again = rats::read_eat(*written);
  demand(again.ok() && *rats::write_eat(*again) == *written);
  return 0;
}
