// Signer: a private key that this process does not hold (a TPM, an HSM), used by TLS for its
// CertificateVerify. Signing may take long: a stack adapter waits for it without blocking a loop.
#pragma once

#include <functional>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls {

class Signer {
 public:
  using Done = std::function<void(Result<Bytes>)>;
  virtual ~Signer() = default;

  [[nodiscard]] virtual const Spki& public_key() const = 0;
  // hash is the only digest that the key signs: P-256 with SHA-256, P-384 with SHA-384.
  [[nodiscard]] virtual Hash hash() const = 0;
  // sign returns a DER ECDSA signature over a digest made with hash(), and calls `done` exactly
  // once: before it returns, or later from any thread.
  virtual void sign(Bytes digest, Done done) = 0;
};

}  // namespace seatls
