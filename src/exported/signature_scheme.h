// TLS signature schemes and the algorithms that they stand for: RFC 8446, 4.2.3.
#pragma once

#include <optional>

#include "crypto/signature.h"
#include "seatls/exported.h"

namespace seatls::exported {

// algorithm_of returns nothing for a scheme that TLS 1.3 does not sign with.
[[nodiscard]] std::optional<crypto::SignatureAlgorithm> algorithm_of(SignatureScheme scheme);
// hash_of returns nothing for schemes that hash by themselves.
[[nodiscard]] std::optional<Hash> hash_of(SignatureScheme scheme);
// goes_with tells whether a key of that encoding signs with the scheme: type, curve, and, for RSA, a key
// that is not marked for RSASSA-PSS alone ("rsae").
[[nodiscard]] bool goes_with(SignatureScheme scheme, const Spki& key);

}  // namespace seatls::exported
