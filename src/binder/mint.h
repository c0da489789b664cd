// Mint is the only maker of a Binder that is tied to a connection. Inside of this module only.
#pragma once

#include <utility>

#include "seatls/keys.h"

namespace seatls::binder {

class Mint {
 public:
  static Binder make(Bytes value, Hash hash, const Spki& tik) { return {std::move(value), hash, tik}; }
};

}  // namespace seatls::binder
