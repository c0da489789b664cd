#include "fuzz/wire.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  seatls::fuzz::decode_and_encode<seatls::wire::ServerChoice>({data, size});
  return 0;
}
