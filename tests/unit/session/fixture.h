// What the tests of this module share: a binding of one connection, and a result that fits it.
#pragma once

#include "seatls/config.h"
#include "session/conclusion.h"
#include "stack/port.h"

namespace seatls::session {

inline const AttestationScheme tpm2{EvidenceType{MediaType{"application/vnd.seatls.tpm2+cbor"}}};
inline const AttestationScheme passport{VerifierIdentity{"verifier.example"}};

inline Spki some_key() { return Spki(bytes("the peer's key")); }
inline Bytes digest_of_credential() { return Bytes(32, 0xd1); }
inline Bytes binder_bytes() { return Bytes(32, 0xb1); }

inline Binding some_binding(AttestationScheme scheme = tpm2) {
  return {std::move(scheme), danger::binder_from_bytes(binder_bytes(), Hash::sha256, some_key()),
          digest_of_credential()};
}

// parts_for_binding are those of a good answer; each test spoils one.
inline ResultParts parts_for_binding() {
  ResultParts parts;
  parts.tier = Tier::affirming;
  parts.scheme = "tpm2";
  parts.key = KeyProvenance::proven;
  parts.evidence_digest = digest_of_credential();
  parts.binder = binder_bytes();
  return parts;
}
inline AttestationResult good_result() { return danger::result_from_parts(parts_for_binding()); }

inline HandshakeFinished pki() { return stack::FinishedMint::mint(true, "peer.example"); }
inline HandshakeFinished no_pki() { return stack::FinishedMint::mint(false, ""); }

}  // namespace seatls::session
