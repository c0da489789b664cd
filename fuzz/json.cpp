// What is read as JSON is the same when it is written and read again.
#include "codec/json.h"

#include <string_view>

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace json = seatls::codec::json;
  using seatls::fuzz::demand;
  const auto v = json::parse({reinterpret_cast<const char*>(data), size});
  if (!v) {
    demand(v.error().message().size() < 1000);
    return 0;
  }
  const auto written = json::write(*v);
  demand(written.ok());
  const auto again = json::parse(*written);
  demand(again.ok() && *again == *v);
  return 0;
}
