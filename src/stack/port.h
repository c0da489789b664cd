// Port: what a TLS stack must tell. An adapter implements it for one connection; Endpoint asks.
#pragma once

#include <optional>
#include <string>

#include "early/events.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/session.h"

namespace seatls::stack {

// Port answers about one connection. Each answer is asked for at a moment at which a TLS 1.3 stack
// has it; an adapter that has not, fails.
class Port {
 public:
  virtual ~Port() = default;

  // Client, before ClientHello: has it a certificate and key to present, and would it offer a PSK?
  [[nodiscard]] virtual bool can_authenticate() const = 0;
  [[nodiscard]] virtual bool offers_psk() const = 0;

  // After ServerHello.
  [[nodiscard]] virtual bool resumed() const = 0;
  [[nodiscard]] virtual Result<early::Channel> channel() const = 0;

  // The end-entity key of this endpoint's certificate, and, after it, of the peer's as received;
  // empty when there is none.
  [[nodiscard]] virtual std::optional<Spki> own_key() const = 0;
  [[nodiscard]] virtual std::optional<Spki> peer_key() const = 0;

  // After Finished. The proof is made with a FinishedMint.
  [[nodiscard]] virtual bool early_data_accepted() const = 0;
  [[nodiscard]] virtual Result<HandshakeFinished> finished() const = 0;
};

// FinishedMint makes the proof of a verified handshake. An adapter calls it where its stack has
// verified the peer's Finished in TLS 1.3, and nowhere else. `pki_verified`: the chain and, on a
// client, the name were verified in truth, not merely let pass. `peer_name` is the verified one, or
// empty.
class FinishedMint {
 public:
  [[nodiscard]] static HandshakeFinished mint(bool pki_verified, std::string peer_name = "") {
    return {pki_verified, std::move(peer_name)};
  }
};

}  // namespace seatls::stack
