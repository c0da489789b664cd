// What is read as CBOR is written deterministically, is the same when read again, and is never longer.
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
  demand(encoded.ok() && encoded->size() <= size);
  const auto again = cbor::parse(*encoded);
  demand(again.ok() && *cbor::encode(*again) == *encoded);
  demand(cbor::diagnose(*v) != "");
  demand(cbor::brief(*v).size() < 500);
  return 0;
}
