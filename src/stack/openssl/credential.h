// Credentials in the middle of a handshake: made and appraised off the stack of OpenSSL's job, which
// is 32 KB and has no guard page, while the handshake waits.
#pragma once

#include "early/events.h"
#include "stack/endpoint.h"
#include "stack/openssl/state.h"

namespace seatls::openssl {

// make_credential carries out an Attest, and returns what the protocol does with the answer.
[[nodiscard]] stack::Action make_credential(State& state, early::action::Attest attest);

// receive_credential tells the protocol of a peer's certificate that has the extension, carries out
// the Appraise that comes of it, and returns what the protocol does with the verdict.
[[nodiscard]] stack::Action receive_credential(State& state, early::PeerCertificate certificate);

}  // namespace seatls::openssl
