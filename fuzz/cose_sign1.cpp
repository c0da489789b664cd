// What is read as a COSE_Sign1 keeps the bytes that its signature covers.
#include "codec/cose.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatls;
  using fuzz::demand;
  const auto s = codec::cose::parse_sign1({data, size});
  if (!s) return 0;
  (void)s->x5chain();
  (void)s->kid();
  const auto encoded = codec::cose::encode_sign1(*s);
  demand(encoded.ok());
  const auto again = codec::cose::parse_sign1(*encoded);
  demand(again.ok() && again->protected_bytes == s->protected_bytes && again->payload == s->payload &&
         again->signature == s->signature && *again->to_be_signed() == *s->to_be_signed());
  return 0;
}
