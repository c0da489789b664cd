#include "fuzz/wire.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  seatls::fuzz::decode_and_encode<seatls::wire::ClientChoice>({data, size});
  return 0;
}
