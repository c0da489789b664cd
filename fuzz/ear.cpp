// The input is a claims set, in JSON when it starts like one. What is read as an EAR, and is consistent, says
// the same when it is written and read again.
#include "rats/ear.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using fuzz::demand;
  const bool json = size > 0 && data[0] == '{';
  const auto claims =
      rats::parse_ear_claims({data, size}, json ? rats::TokenForm::jwt : rats::TokenForm::cwt);
  if (!claims) {
    demand(claims.error().path.starts_with("ear"));
    return 0;
  }
  demand(!claims->submods.empty());
  (void)claims->worst_status();
  if (!json) return 0;
  const auto written = rats::write_ear_json(*claims);
  demand(written.ok() == rats::check_consistent(*claims).ok());
  if (!written) return 0;
  const auto again = rats::parse_ear_claims(view(*written), rats::TokenForm::jwt);
  demand(again.ok() && *rats::write_ear_json(*again) == *written);
  return 0;
}
