// An ELF file of any kind is read, or refused.
#include "preload/elf.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using seatls::fuzz::demand;
  const auto facts = seatls::preload::read_elf({data, size});
  if (facts) demand(facts->native || facts->needed.empty());
  return 0;
}
