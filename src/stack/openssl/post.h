// What attestation after the handshake asks of a connection: its exporter, its keys, signatures.
#pragma once

#include <functional>

#include "seatls/exported.h"
#include "seatls/post_handshake.h"
#include "stack/openssl/state.h"

namespace seatls::openssl {

[[nodiscard]] Result<post::Setup> post_setup_of(const State& state);
[[nodiscard]] Result<post::event::IdentityVerified::Identity> verify_identity_of(
    const State& state, const exported::CertificateChain& chain);
void sign_with_own_key(const State& state, exported::PreparedAuthenticator authenticator,
                       std::function<void(Result<Bytes>)> done);

}  // namespace seatls::openssl
