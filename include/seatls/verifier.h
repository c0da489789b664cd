// Verifier: appraises the peer's credentials. Local, or a client of a remote one.
#pragma once

#include <functional>
#include <vector>

#include "seatls/cmw.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/result.h"
#include "seatls/scheme.h"

namespace seatls {

// AppraisalRequest is one credential of a peer, and what it must be bound to. `binder` was derived
// by this endpoint from its own transcript and the peer's certificate.
struct AppraisalRequest {
  AttestationScheme scheme;  // as negotiated
  Cmw credential;
  Binder binder;
  Bytes credential_digest;  // SHA-256 of the received CMW bytes
};

class Verifier {
 public:
  // Judged or not: an AttestationResult also says "refused", with reasons. An Error means that no
  // judgement was reached (unavailable), and refuses too.
  using Done = std::function<void(Result<AttestationResult>)>;
  virtual ~Verifier() = default;

  // schemes lists what can be appraised, in preference order; a client offers nothing else.
  [[nodiscard]] virtual std::vector<AttestationScheme> schemes() const = 0;

  // appraise calls `done` exactly once: before it returns, or later from any thread.
  virtual void appraise(AppraisalRequest request, Done done) = 0;
};

}  // namespace seatls
