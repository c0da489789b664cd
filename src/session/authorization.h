// Authorization: the last arrow of the road. A verdict is sealed when it arrives, and only a
// verified handshake opens it into an AttestedPeer.
#pragma once

#include "seatls/config.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/result.h"
#include "seatls/scheme.h"
#include "seatls/session.h"

namespace seatls::session {

// Binding is what one credential of the peer had to be bound to.
struct Binding {
  AttestationScheme scheme;  // as negotiated
  Binder binder;             // derived by this endpoint; knows the peer's key
  Bytes credential_digest;   // SHA-256 of the received CMW bytes
};

// SealedVerdict is an acceptable result that nothing may be built on yet: the peer has not proven
// that it holds the key, nor that nobody changed the handshake (Decision 7).
class SealedVerdict {
 public:
  [[nodiscard]] const Binding& binding() const { return binding_; }

 private:
  friend class Authorizer;
  SealedVerdict(Binding binding, AttestationResult result)
      : binding_(std::move(binding)), result_(std::move(result)) {}
  Binding binding_;
  AttestationResult result_;
};

class Authorizer {
 public:
  // seal judges an answer of the verifier: it must be about this credential and this binder (a
  // verifier may mix its answers up), hold no fatal reason, and reach an accepted tier. Errors: the
  // reason that decided; tier_not_accepted; binder_mismatch; what kept the verifier from judging.
  [[nodiscard]] static Result<SealedVerdict> seal(const Require& require, Binding binding,
                                                  Result<AttestationResult> answer);

  // authorize opens the verdict. Errors: identity_rejected when the identity rule asks for PKI and
  // there is none; key_unproven when a certificate that nobody vouches for rests on evidence that
  // does not prove its key.
  [[nodiscard]] static Result<AttestedPeer> authorize(const Require& require, SealedVerdict verdict,
                                                      const HandshakeFinished& proof);
};

}  // namespace seatls::session
