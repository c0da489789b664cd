// Any text as a policy: it is one that a verifier can be made of, or every mistake in it has a remedy.
#include "fuzz/fuzz.h"
#include "seatls/policy.h"
#include "seatls/verifiers.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  // No name leads to a file below one.
  const auto report = check_policy_text(text({data, size}), "/dev/null/none");
  fuzz::demand(report.policy.has_value() == report.mistakes.empty());
  for (const auto& m : report.mistakes)
    fuzz::demand(!m.what.empty() && !m.remedy.empty() && !m.message().empty());
  if (report.policy)
    fuzz::demand(validate(*report.policy).empty() && make_local_verifier(*report.policy).ok());
  return 0;
}
