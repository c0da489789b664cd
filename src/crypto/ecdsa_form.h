// The two forms of an ECDSA signature, for whoever has one in the wrong one.
#pragma once

#include "crypto/signature.h"

namespace seatls::crypto {

// ecdsa_to_fixed turns Ecdsa-Sig-Value into r‖s, each as wide as the curve of `algorithm`. Errors: crypto.
[[nodiscard]] Result<Bytes> ecdsa_to_fixed(SignatureAlgorithm algorithm, ByteView der);

}  // namespace seatls::crypto
