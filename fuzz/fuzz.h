// What fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "seatls/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace seatls::fuzz {

// demand ends the process when a property does not hold: libFuzzer keeps the input.
inline void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace seatls::fuzz
