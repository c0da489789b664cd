// Row B06: one key in two encodings. The certificate holds it with a compressed point; the attacker has
// evidence over the binder that the usual encoding would give.
#pragma once

#include "attacks/kit.h"

namespace seatls::attacks {

struct Compressed {
  fake::TlsIdentity identity;
  Spki usual;  // the same key with its point uncompressed
};
// compressed makes a certificate whose SubjectPublicKeyInfo holds a compressed point.
[[nodiscard]] Compressed compressed();

// expect_b06_refused: the client refuses what `evidence` makes for the other binder.
void expect_b06_refused(const Compressed& odd, const std::shared_ptr<Verifier>& verifier,
                        const AttestationScheme& scheme,
                        const std::function<Cmw(const Binder& other)>& evidence);

}  // namespace seatls::attacks
