// The EVP_PKEY inside of a key, for the TLS stack adapter alone.
#pragma once

#include "crypto/signature.h"

struct evp_pkey_st;

namespace seatls::crypto {

// native returns the EVP_PKEY; it stays the key's.
[[nodiscard]] evp_pkey_st* native(const PublicKey& key);
[[nodiscard]] evp_pkey_st* native(const PrivateKey& key);

// The from_native functions take a reference of their own to `key`. They refuse (malformed) a key of
// a type or size that PublicKey::from_spki would refuse.
[[nodiscard]] Result<PublicKey> public_key_from_native(evp_pkey_st* key);
[[nodiscard]] Result<PrivateKey> private_key_from_native(evp_pkey_st* key);

}  // namespace seatls::crypto
