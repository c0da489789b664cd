// What is read as CBOR is written deterministically, is the same when read again, and is hardly ever longer.
#include "codec/cbor.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace cbor = seatls::codec::cbor;
  using seatls::fuzz::demand;
  const auto v = cbor::parse({data, size});
  if (!v) {
    demand(v.error().message().size() < 1000);
    return 0;
  }
  const auto encoded = cbor::encode(*v);
  // Only an array or map that came without its length may grow: two bytes around it become a head of three
  // where it has 256 items or more.
  demand(encoded.ok() && encoded->size() <= size + size / 256);
  const auto again = cbor::parse(*encoded);
  demand(again.ok() && *cbor::encode(*again) == *encoded);
  demand(cbor::diagnose(*v) != "");
  demand(cbor::brief(*v).size() < 500);
  return 0;
}
