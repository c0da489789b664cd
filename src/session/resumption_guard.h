// Resumption and early data, which bring no fresh attestation (Decision 10): what a stack keeps off.
#pragma once

#include "seatls/config.h"
#include "seatls/error.h"

namespace seatls::session {

// full_handshakes_only tells whether tickets, session caches, PSKs and early data must be off for
// every connection of `config`: nothing issued, nothing offered, nothing accepted.
[[nodiscard]] bool full_handshakes_only(const Config& config);

// may_issue_ticket tells a server whether this connection may yield a ticket. Where any attestation
// was negotiated it may not: a client that requires attestation would have to drop it.
[[nodiscard]] bool may_issue_ticket(const Config& config, bool attestation_negotiated);

// refuse_psk is asked before a client offers a session or an external PSK.
[[nodiscard]] Result<void> refuse_psk(const Config& config, bool offers_psk);

// refuse_shortcut is the defence in depth behind full_handshakes_only. Errors: resumption_refused,
// early_data_refused.
[[nodiscard]] Result<void> refuse_shortcut(const Config& config, bool resumed, bool early_data);

}  // namespace seatls::session
