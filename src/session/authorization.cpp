#include "session/authorization.h"

#include <algorithm>

namespace seatls::session {
namespace {

//= early-attestation#rejected-credential
// Whatever a verifier reports, the peer learns no more than that its credential did not do
// (I11: the alert is no oracle). Codes that would send another alert are folded; the detail stays.
Error as_refusal(Error error) {
  switch (category(error.code)) {
    case Category::appraisal_rejected:
    case Category::unavailable:
    case Category::local: return error;
    case Category::decode:
      error.detail = std::string(name(error.code)) + ": " + error.detail;
      error.code = Code::evidence_malformed;
      return error;
    case Category::peer_misbehaved:
    case Category::peer_incompatible:
    case Category::misuse:
      error.detail = "the verifier answered " + std::string(name(error.code)) + ": " + error.detail;
      error.code = Code::verifier_unavailable;
      return error;
  }
  return error;
}

// Validation refuses a configuration that accepts these two; they stay refused without it.
bool acceptable(const Require& require, Tier tier) {
  if (tier == Tier::none || tier == Tier::contraindicated) return false;
  return std::find(require.accept.begin(), require.accept.end(), tier) != require.accept.end();
}

std::string tiers(const Require& require) {
  std::string out;
  for (Tier tier : require.accept) out += (out.empty() ? "" : ", ") + std::string(name(tier));
  return out.empty() ? "none" : out;
}

//= early-attestation#binder-compared
// An AttestationResult that answers another question than ours proves nothing here (F05).
Result<void> about_this_connection(const Binding& binding, const AttestationResult& result) {
  if (!constant_time_equal(result->evidence_digest, binding.credential_digest))
    return Error{Code::binder_mismatch, "the verifier's answer is about another credential", ""};
  // A result's freshness is its own lifetime; evidence must have been compared with our binder.
  if (binding.scheme.is_result()) return {};
  if (result->freshness != Freshness::binder || !constant_time_equal(result->binder, binding.binder.bytes()))
    return Error{Code::binder_mismatch,
                 "the verifier compared the evidence with another binder than this connection's", ""};
  return {};
}

}  // namespace

Result<SealedVerdict> Authorizer::seal(const Require& require, Binding binding,
                                       Result<AttestationResult> answer) {
  if (!answer) return as_refusal(std::move(answer).error());
  const AttestationResult& result = *answer;
  if (const Reason* reason = result.first_fatal())
    return as_refusal({reason->code, reason->detail, reason->path});
  SEATLS_CHECK(about_this_connection(binding, result));
  if (!acceptable(require, result.tier()))
    return Error{Code::tier_not_accepted,
                 "the verdict is " + std::string(name(result.tier())) + "; `accept` lists " + tiers(require),
                 ""};
  return SealedVerdict(std::move(binding), std::move(answer).value());
}

//= early-attestation#verdict-sealed
Result<AttestedPeer> Authorizer::authorize(const Require& require, SealedVerdict verdict,
                                           const HandshakeFinished& proof) {
  const AttestationResult& result = verdict.result_;
  if (!acceptable(require, result.tier()))
    return Error{Code::tier_not_accepted, "the verdict is " + std::string(name(result.tier())), ""};
  if (!proof.pki_verified()) {
    //= early-attestation#identity-and-attestation
    //= early-attestation#attested-key-needs-binding
    // Attestation adds to PKI; it stands in for it only where the configuration says so.
    if (require.identity != IdentityRule::attested_key)
      return Error{
          Code::identity_rejected,
          "the peer is attested, but no configured authority vouches for its certificate; `identity = "
          "\"attested-key\"` accepts the attested key instead",
          ""};
    if (result->key == KeyProvenance::none)
      return Error{Code::key_unproven,
                   "the evidence is all that vouches for the certificate, and does not prove its key", ""};
  }
  return AttestedPeer(std::move(verdict.result_), verdict.binding_.binder.tik(), proof.pki_verified(),
                      proof.peer_name());
}

}  // namespace seatls::session
