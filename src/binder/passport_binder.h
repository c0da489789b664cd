// What evidence for a passport is made over (Decision 17). There is no connection yet, so the verifier's
// nonce alone would say nothing of the key: whoever gets hold of such evidence could have a Result made about
// a key of its own.
//
//   passport_binder = SHA-256("seatls passport v1" || 0x00 || SHA-256(public_key) || nonce)
//
// public_key is the DER SubjectPublicKeyInfo of the TIK, nonce the verifier's, 8 to 64 bytes.
#pragma once

#include "seatls/bytes.h"
#include "seatls/keys.h"

namespace seatls::binder {

[[nodiscard]] Bytes passport_binder(ByteView nonce, const Spki& tik);  // 32 bytes

}  // namespace seatls::binder
