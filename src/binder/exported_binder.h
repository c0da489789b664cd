// The binder of attestation after the handshake: draft-fossati-seat-expat-03, section "Attestation
// Binder".
//
//   exported_value = TLS-Exporter("Attestation", certificate_request_context, 32)
//   binder         = Hash(public_key || exported_value)
//
// Hash is that of the cipher suite; public_key is the DER SubjectPublicKeyInfo of the authenticator's
// end-entity certificate (Decision 12). Label, length, and whether the key is hashed are a profile's.
#pragma once

#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls::binder {

// derive_exported_binder derives the binder of the endpoint whose authenticator key is `tik`. Errors:
// misuse when `exported_value` is shorter than 32 bytes, or the hash is none of a TLS 1.3 suite.
[[nodiscard]] Result<Binder> derive_exported_binder(Hash hash, const Spki& tik, ByteView exported_value);

// exported_value_as_binder takes the exported value for the binder, as older texts of the draft do. It
// does not commit to the key.
[[nodiscard]] Result<Binder> exported_value_as_binder(Hash hash, const Spki& tik, ByteView exported_value);

}  // namespace seatls::binder
