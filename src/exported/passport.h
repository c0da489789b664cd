// The interactive passport, EXPERIMENTAL: challenges for a keK, and their answers.
// docs/protocol/interactive-passport.md.
//
//   transcript_hash = Hash(Handshake Context || authenticator request)        RFC 9261, 5.1: of the prover
//   prk             = HKDF-Extract("", shared_secret)
//   key             = HKDF-Expand-Label(prk, "seatls keK proof", transcript_hash, Hash.length)
//   mac             = HMAC(key, transcript_hash || SPKI || shared_secret)
//
// Hash is that of the cipher suite; SPKI the key of the authenticator's certificate. The request holds its
// context and the challenge; the Handshake Context is of this connection and this direction alone.
#pragma once

#include <optional>

#include "seatls/exported.h"
#include "seatls/interactive_passport.h"

namespace seatls::post {

// Challenge is what the relying party keeps of one.
struct Challenge {
  Spki kek;
  Secret shared_secret;
  Bytes extension;  // for the request
};
// make_challenge encapsulates to the keK. Errors: possession_unproven for one that takes no challenge.
[[nodiscard]] Result<Challenge> make_challenge(const Spki& kek);

// answer_challenge returns the extension for the answer to `request`, whose extension `challenge` is. Errors:
// decode and unknown_value for what the peer wrote wrongly; attester_unavailable when no such key is held.
[[nodiscard]] Result<Bytes> answer_challenge(const InteractivePassport& own,
                                             const exported::Connection& connection,
                                             const exported::AuthenticatorRequest& request,
                                             const Bytes& challenge, const Spki& tik);

// verify_answer verifies the extension that the answer holds; null: it holds none. Errors:
// possession_unproven.
[[nodiscard]] Result<void> verify_answer(const Challenge& challenge, const exported::Connection& connection,
                                         const exported::AuthenticatorRequest& request, const Bytes* answer,
                                         const Spki& tik);

}  // namespace seatls::post
