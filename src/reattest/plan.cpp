#include <string>

#include "crypto/hash.h"
#include "reattest/pace.h"
#include "seatls/reattestation.h"

namespace seatls::reattest {
namespace {

using std::chrono::milliseconds;

Error wrong(std::string what, const char* field) {
  return {Code::configuration, std::move(what), std::string("reattestation plan > ") + field};
}

// 53 random bits make a double in [0, 1).
double system_random() {
  const Bytes bytes = crypto::random_bytes(8);
  std::uint64_t bits = 0;
  for (const auto b : bytes) bits = bits << 8 | b;
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

milliseconds part(milliseconds whole, double factor) {
  return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(whole.count()) * factor));
}

}  // namespace

std::string_view name(Standing standing) {
  switch (standing) {
    case Standing::unconfirmed: return "unconfirmed";
    case Standing::trusted: return "trusted";
    case Standing::restricted: return "restricted";
    case Standing::refused: return "refused";
  }
  return "?";
}

Result<void> Plan::validate() const {
  constexpr milliseconds shortest{1'000};
  if (every.count() < 0) return wrong("less than zero", "every");
  if (every.count() > 0 && every < shortest) {
    return wrong(std::to_string(every.count()) + " ms; the shortest period is 1000 ms", "every");
  }
  if (!(jitter >= 0 && jitter <= 0.9))
    return wrong(std::to_string(jitter) + "; it lies within 0 and 0.9", "jitter");
  if (answer_within.count() <= 0) return wrong("must be more than zero", "answer_within");
  if (attempts == 0) return wrong("must be at least 1", "attempts");
  if (back_off.count() <= 0 || longest_back_off < back_off)
    return wrong("must be more than zero, and at most longest_back_off", "back_off");
  return {};
}

Pace::Pace(const Plan& plan) : plan_(plan), random_(plan.random ? plan.random : system_random) {}

milliseconds Pace::period(milliseconds longest) const { return part(longest, 1 - plan_.jitter * random_()); }

milliseconds Pace::pause(unsigned failures) const {
  milliseconds longest = plan_.back_off;
  for (unsigned i = 1; i < failures && longest < plan_.longest_back_off; ++i) longest *= 2;
  // Half of it is fixed, or a fleet that failed together would come back together.
  return part(std::min(longest, plan_.longest_back_off), 0.5 + 0.5 * random_());
}

}  // namespace seatls::reattest
