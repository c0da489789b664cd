// Background check by somebody else: what the relying party compares itself, before evidence is sent to a
// remote verifier and after its verdict has come. What the verifier says is additional (attacks F05 to F07).
#pragma once

#include <string>
#include <vector>

#include "seatls/policy.h"
#include "seatls/result.h"
#include "seatls/verifier.h"

namespace seatls::appraise {

// objections_to tells why evidence is not worth anybody's judgement: it is not what was negotiated, cannot be
// read, holds another binder or names another key. Nobody has vouched for it yet, so that having no objection
// proves nothing; but a verifier that forgets to compare can no longer be made use of.
[[nodiscard]] std::vector<Reason> objections_to(const AppraisalRequest& request, const SchemeTable& table,
                                                Time now);

// Delegation is what was asked of whom.
struct Delegation {
  const Policy& policy;  // its `result`, `key`, `danger` and `id` count
  const SchemeTable& table;
  const AppraisalRequest& request;
  std::string verifier{};                // the identity of who was asked
  Bytes submitted{};                     // SHA-256 of what was sent
  std::vector<std::string> dangers{};    // in force besides the policy's own
  bool danger_unnamed_evidence = false;  // an answer that does not say which evidence it is about
};

// refuse_delegation is the result of what was not worth asking.
[[nodiscard]] AttestationResult refuse_delegation(const Delegation& delegation, std::vector<Reason> reasons,
                                                  Time now);

// judge_delegated judges the verifier's answer, an EAR as JWT. It must be signed by a key that the policy
// pins for this very verifier, be current, and answer this question: eat_nonce is the binder,
// seatls_evidence_digest the hash of what was sent, and cnf, if there is one, the TIK.
[[nodiscard]] AttestationResult judge_delegated(const Delegation& delegation, std::string_view ear, Time now);

}  // namespace seatls::appraise
