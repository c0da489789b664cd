// DHKEM: key encapsulation over P-256 and P-384 (RFC 9180, section 4.1).
#pragma once

#include "crypto/signature.h"
#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::crypto {

struct Encapsulation {
  Bytes enc;             // the ephemeral key, an uncompressed point: 65 or 97 bytes
  Secret shared_secret;  // 32 or 48 bytes
};

// encapsulate makes a secret that the holder of `recipient` alone can find out from `enc`. Errors:
// algorithm_not_allowed for a key on no such curve, crypto.
[[nodiscard]] Result<Encapsulation> encapsulate(const PublicKey& recipient);

// decapsulate finds it out. Errors: as encapsulate, and malformed for what is no point of the curve.
[[nodiscard]] Result<Secret> decapsulate(const PrivateKey& recipient, ByteView enc);

}  // namespace seatls::crypto
