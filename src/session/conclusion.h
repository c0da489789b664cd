// Conclusion: what a finished handshake amounts to. Every road of the protocol ends here, and this
// is the only place that lets one end well.
#pragma once

#include <optional>

#include "seatls/config.h"
#include "seatls/error.h"
#include "seatls/session.h"
#include "session/authorization.h"

namespace seatls::session {

// SelfAttestation says that this endpoint sent a credential of its own.
struct SelfAttestation {
  AttestationScheme scheme;
  Binder binder;
};

struct Handshake {
  HandshakeFinished proof;
  bool resumed = false;
  bool early_data = false;
  bool peer_certificate = false;  // the peer presented one; always so for the server of a full handshake
  std::optional<SealedVerdict> verdict;
  std::optional<SelfAttestation> self;
};

// conclude returns the report of a connection that satisfies `config`. Errors: resumption_refused,
// early_data_refused, attestation_required, identity_rejected, and those of Authorizer::authorize.
[[nodiscard]] Result<SessionReport> conclude(const Config& config, Handshake handshake);

}  // namespace seatls::session
