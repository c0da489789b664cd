// The binder of the in-handshake protocol: draft-fossati-seat-early-attestation-06, section
// "Cryptographic Operations".
//
//   attest_base     = HKDF-Expand-Label(0^HashLen, "attestation base",
//                                       Hash(ClientHello..ServerHello), HashLen)
//   s_attest_binder = HKDF-Expand-Label(attest_base, "attestation", Hash(server SPKI DER), HashLen)
//   c_attest_binder = HKDF-Expand-Label(attest_base, "attestation", Hash(client SPKI DER), HashLen)
#pragma once

#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::binder {

// derive_early_binder derives the binder of the endpoint whose certificate holds `tik`; both roles
// share the label, and differ by their key alone. Errors: misuse when `transcript_hash` is not of
// the hash's length or the hash is none of a TLS 1.3 suite.
[[nodiscard]] Result<Binder> derive_early_binder(Hash hash, bool dtls, ByteView transcript_hash,
                                                 const Spki& tik);

}  // namespace seatls::binder
