// The proof that a stack gives after a verified handshake, for tests that have no stack.
#pragma once

#include <string>

#include "seatls/session.h"

namespace seatls::stack {

class FinishedMint {
 public:
  [[nodiscard]] static HandshakeFinished mint(bool pki_verified, std::string peer_name = "") {
    return {pki_verified, std::move(peer_name)};
  }
};

}  // namespace seatls::stack
