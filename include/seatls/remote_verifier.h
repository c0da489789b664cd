// Background check by a remote verifier: peers' evidence is judged by a service that speaks Veraison's
// challenge-response API, as `seatls verifier` does. docs/usage/remote-verifier.md.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "seatls/error.h"
#include "seatls/policy.h"
#include "seatls/scheme.h"
#include "seatls/verifier.h"

namespace seatls {

// RemoteService is where a verifier can be asked. Its keys are pinned in RemoteVerifierOptions::result, below
// the same identity: no key that comes with a result or by discovery counts.
struct RemoteService {
  std::string identity;
  std::string url;  // "https://verifier.example:8443": the API's paths are added
};

struct RemoteVerifierOptions {
  std::vector<RemoteService> services{};  // asked in this order, the next one when one brings no verdict
  // What peers are asked for, in preference order: "tpm2", "tdx", …; "result": passports of the verifiers in
  // `result`, which are judged here.
  std::vector<std::string> schemes{};
  // Who the verifiers are, how old their results may be, and what these must hold. What evidence must say is
  // for the verifier's own policy.
  ResultPolicy result{};
  std::optional<KeyProvenance> key{};
  // software_evidence: "software" may stand in `schemes`. The others have no meaning here.
  DangerousAllowances danger{};
  // Results that do not say which evidence they are about: those of verifiers that do not know the claim
  // seatls_evidence_digest (Veraison's own). A service that mixes up its sessions is then not noticed by it.
  bool danger_unnamed_evidence = false;
  bool danger_plain_http = false;  // to other machines: evidence names a machine to whoever is on the line

  std::string id{};      // reported with every result; empty: made of the verifiers' identities
  std::string ca_pem{};  // who vouches for these servers; empty: whom the system trusts
  std::chrono::milliseconds timeout{3'000};  // one attempt
  // Everything that one peer waits for: keep it below Config::credential_timeout.
  std::chrono::milliseconds budget{8'000};
  unsigned retries = 1;           // of each service, where the network fails or it is busy (429, 503)
  std::size_t outstanding = 512;  // peers at a time; more are refused at once
  unsigned breaker_failures = 5;  // in a row, before a service is left alone …
  std::chrono::milliseconds breaker_pause{10'000};  // … for so long
  SchemeTable table = SchemeTable::defaults();
  std::function<Time()> clock{};  // empty: the system's
};

// make_remote_verifier asks for a judgement of each piece of evidence. The binder and the key are compared
// here first; evidence that fails is sent to nobody. The service's session has the binder as its nonce, and
// its answer counts only when it is signed by a pinned key of that service and names the binder, the SHA-256
// of the evidence as it was sent, and no other key than the peer's. `appraise` never blocks: `done` is called
// from a thread of the verifier's own. Whatever keeps the service from answering refuses the peer
// (verifier_unavailable). Errors: configuration.
[[nodiscard]] Result<std::shared_ptr<Verifier>> make_remote_verifier(RemoteVerifierOptions options);

}  // namespace seatls
