// What is read as a CMW is the same when it is written and read again, in the same form.
#include "seatls/cmw.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using fuzz::demand;
  const auto cmw = parse_cmw({data, size});
  if (!cmw) {
    demand(category(cmw.error().code) == Category::decode);
    return 0;
  }
  const auto encoded = encode_cmw(*cmw);
  demand(encoded.ok());
  const auto again = parse_cmw(*encoded, {.size = 2 * size + 16});
  demand(again.ok() && *again == *cmw && again->form() == cmw->form());
  return 0;
}
