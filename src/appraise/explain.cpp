#include "base/clock.h"
#include "base/encoding.h"
#include "seatls/verifiers.h"

namespace seatls {
namespace {

// remedy says what whoever runs the endpoint can do about a reason; empty: nothing but ask the peer.
std::string_view remedy(Code code) {
  switch (code) {
    case Code::evidence_malformed:
      return "see `seatls inspect`; the attester and this verifier may differ in version";
    case Code::credential_type_mismatch: return "let the attester send the type that it negotiated";
    case Code::scheme_below_policy:
      return "name the scheme in the policy's schemes, or have the peer attest otherwise";
    case Code::signature_invalid: return "none: the credential was changed, or signed by another key";
    case Code::algorithm_not_allowed:
      return "let the attester use an attestation key with an allowed algorithm";
    case Code::evidence_inconsistent:
      return "none: the credential was put together from parts that do not fit";
    case Code::untrusted_attestation_key:
      return "pin the key in the policy, or name the CA that certifies it";
    case Code::certificate_revoked: return "none: whoever issued the certificate has withdrawn it";
    case Code::collateral_missing:
      return "name it in the policy: see docs/usage/policy.md for what the scheme needs";
    case Code::collateral_stale: return "fetch it anew from the manufacturer; compare the clocks";
    case Code::collateral_invalid: return "fetch it anew from the manufacturer: it was changed, or cut";
    case Code::binder_mismatch:
      return "none: the credential was made for another connection (a relay or a replay)";
    case Code::nonce_ambiguous: return "let the attester write exactly one eat_nonce";
    case Code::tik_mismatch: return "let the peer use the certificate whose key its attester holds";
    case Code::key_unproven: return "let the peer make its TLS key inside of the attested environment";
    case Code::evidence_reused: return "let the attester make new evidence for every connection";
    case Code::reference_mismatch:
      return "add the value to the policy if it is a good one: `seatls policy learn`";
    case Code::debug_enabled: return "start the attester outside of debug mode";
    case Code::instance_mismatch: return "add the instance to machine.id if it is the right machine";
    case Code::tcb_rejected: return "update the platform's firmware";
    case Code::policy_unset: return "write the accepted values into the policy";
    case Code::result_expired: return "let the attester fetch a new result; compare the clocks";
    case Code::result_not_yet_valid: return "compare the clocks of the verifier and of this machine";
    case Code::result_audience: return "let the attester ask for a result for this relying party";
    case Code::result_unbound: return "let the verifier name the attester's key in `cnf`";
    case Code::result_profile: return "let the verifier follow draft-ietf-rats-ear";
    case Code::unknown_verifier:
      return "add the verifier and its key to result.verifiers if it is to be trusted";
    case Code::tier_not_accepted: return "see the verifier's reasons";
    default: return "";
  }
}

void put_reason(std::string& out, const Reason& reason) {
  out += "  - " + std::string(name(reason.code));
  if (!reason.path.empty()) out += " at " + reason.path;
  out += reason.fatal ? "\n" : " (told, not fatal)\n";
  out += "    " + std::string(sentence(reason.code));
  if (!reason.detail.empty()) out += " " + reason.detail;
  out += "\n";
  if (reason.fatal && !remedy(reason.code).empty())
    out += "    Remedy: " + std::string(remedy(reason.code)) + ".\n";
}

}  // namespace

std::string explain(const AttestationResult& result) {
  const auto* fatal = result.first_fatal();
  std::string out = fatal != nullptr ? "Refused: " + std::string(name(fatal->code))
                                     : "Verdict: " + std::string(name(result.tier()));
  out += ", scheme " + (result->scheme.empty() ? "unknown" : result->scheme) + ", policy " +
         (policies_of(*result).empty() ? "unnamed" : policies_of(*result)) + ", " +
         base::to_rfc3339(result->appraised_at);
  if (result->valid_until) out += ", valid until " + base::to_rfc3339(*result->valid_until);
  out += ".\n";
  if (!result->reasons.empty()) out += "Reasons:\n";
  for (const auto& reason : result->reasons) put_reason(out, reason);
  if (!result->dangers.empty()) out += "Dangers in force:\n";
  for (const auto& danger : result->dangers) out += "  - " + danger + "\n";
  out += "Trust vector:";
  bool asserted = false;
  for (std::size_t i = 0; i < trust_claim_count; ++i) {
    const auto claim = static_cast<TrustClaim>(i);
    if (result->vector[claim] == 0) continue;
    asserted = true;
    out += " " + std::string(name(claim)) + "=" + std::to_string(result->vector[claim]);
  }
  out += asserted ? ".\n" : " nothing asserted.\n";
  out += "Key: " + std::string(name(result->key)) + ".\n";
  if (!result->claims.empty()) out += "Claims:\n";
  for (const auto& [claim, value] : result->claims) out += "  " + claim + " = " + value + "\n";
  return out;
}

}  // namespace seatls
