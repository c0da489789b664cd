// What PublicKey and PrivateKey hold. Inside of this module only.
#pragma once

#include "crypto/openssl_ptr.h"
#include "crypto/signature.h"

namespace seatls::crypto {

struct PublicKey::Impl {
  PkeyPtr key;
  KeyType type;
  Bytes encoded;  // EC: the uncompressed point; Ed25519: the key; RSA: nothing
};

struct PrivateKey::Impl {
  PkeyPtr key;
  PublicKey public_key;  // an object of its own: it does not hold the private part
};

}  // namespace seatls::crypto
