// The interactive passport, EXPERIMENTAL: an Attestation Result that is shown again and again is made fresh
// by a challenge to a key of the attested environment (keK) that the Result names.
// draft-many-seat-architecture, section "Interactive Passport Conveyance";
// docs/protocol/interactive-passport.md has our form of it.
#pragma once

#include <memory>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/error.h"
#include "seatls/keys.h"

namespace seatls {

// KemKey is the private half of a keK, wherever it is held.
class KemKey {
 public:
  virtual ~KemKey() = default;

  // public_key is what the Result names: on P-256 or P-384, with an uncompressed point.
  [[nodiscard]] virtual const Spki& public_key() const = 0;

  // decapsulate returns the shared secret of DHKEM (RFC 9180, 4.1) for `enc`, 65 or 97 bytes of a peer. It
  // must not block for long. Errors: malformed when `enc` is no point of the curve; others are this side's.
  [[nodiscard]] virtual Result<Secret> decapsulate(ByteView enc) = 0;
};

// make_kem_key holds the key in this process's memory. `pem`: a private key on P-256 or P-384, not encrypted.
// Errors: malformed, algorithm_not_allowed.
[[nodiscard]] Result<std::shared_ptr<KemKey>> make_kem_key(const Secret& pem);

// InteractivePassport is what one endpoint does of it; nothing by default.
struct InteractivePassport {
  // Challenges for these keys are answered. Several: one goes out of use as the next comes into it.
  std::vector<std::shared_ptr<KemKey>> keys{};
  // After the handshake, a Result of the peer counts only together with an answer to a challenge for the keK
  // that it names. Evidence is not challenged: it holds the binder itself.
  bool demand = false;
};

}  // namespace seatls
