// Attester: makes credentials about this endpoint. The protocol meets it as this interface only.
#pragma once

#include <functional>
#include <vector>

#include "seatls/cmw.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "seatls/scheme.h"

namespace seatls {

// EvidenceRequest asks for one credential. `binder` was derived from this very connection and knows
// the key (TIK) that it commits to.
struct EvidenceRequest {
  AttestationScheme scheme;  // one of schemes(), chosen by negotiation
  Binder binder;
};

class Attester {
 public:
  using Done = std::function<void(Result<Cmw>)>;
  virtual ~Attester() = default;

  // schemes lists what can be produced now, in preference order.
  [[nodiscard]] virtual std::vector<AttestationScheme> schemes() const = 0;

  // longest_binder is the longest binder that the evidence can hold, in bytes: 32 for a TPM without
  // SHA-384. An endpoint whose suites need more is refused when it is set up.
  [[nodiscard]] virtual std::size_t longest_binder() const { return 48; }

  // attest makes the credential and calls `done` exactly once: before it returns, or later from any
  // thread. It refuses (foreign_key) a binder whose TIK it does not hold. It must not block for
  // long: work that takes time belongs on a thread of the attester's own.
  virtual void attest(EvidenceRequest request, Done done) = 0;
};

}  // namespace seatls
