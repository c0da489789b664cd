// What is read as a message between the preload library and its helper is the same when it is written again.
#include "fuzz/fuzz.h"
#include "preload/messages.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace preload = seatls::preload;
  using seatls::fuzz::demand;
  if (const auto question = preload::parse_question({data, size})) {
    const auto written = preload::encode(*question);
    demand(written.ok());
    const auto again = preload::parse_question(*written);
    demand(again.ok() && again->index() == question->index());
    demand(*preload::encode(*again) == *written);
  }
  if (const auto answer = preload::parse_answer({data, size}); answer.ok()) {
    const auto written = preload::encode(answer);
    demand(written.ok());
    const auto again = preload::parse_answer(*written);
    demand(again.ok() && *preload::encode(again) == *written);
  }
  return 0;
}
