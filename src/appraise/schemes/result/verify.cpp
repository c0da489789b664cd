#include "appraise/schemes/result/verify.h"

#include <algorithm>

#include "base/clock.h"

namespace seatls::appraise::result {
namespace {

std::vector<crypto::PublicKey> keys_of(const TrustedVerifier& verifier) {
  std::vector<crypto::PublicKey> keys;
  for (const Spki& spki : verifier.keys)
    if (auto key = crypto::PublicKey::from_spki(spki.der())) keys.push_back(std::move(*key));
  return keys;
}

// verify_signer finds the trusted verifier that signed. The negotiated one counts alone: another verifier's
// result says nothing about what was agreed, however trusted it is. Offline none was negotiated.
std::optional<std::string> verify_signer(const ParsedResult& result, const Context& context,
                                         Findings& findings) {
  const std::string& negotiated = context.verifier;
  std::optional<std::string> signer;
  std::optional<Error> last;
  for (const auto& verifier : context.policy.result.verifiers) {
    const auto verified = rats::VerifiedEar::verify(*result, keys_of(verifier));
    const bool wanted = negotiated.empty() || verifier.identity == negotiated;
    if (verified && wanted) return verifier.identity;
    if (verified) signer = verifier.identity;
    if (wanted) last = verified.error();
  }
  if (!last)
    findings.refuse(Stage::signature, Code::unknown_verifier,
                    "\"" + negotiated + "\" was negotiated; result.verifiers does not name it",
                    "ear > signature");
  else if (signer)
    findings.refuse(Stage::signature, Code::unknown_verifier,
                    "signed by \"" + *signer + "\"; \"" + negotiated + "\" was negotiated",
                    "ear > signature");
  else
    findings.refuse(Stage::signature, std::move(*last));
  return std::nullopt;
}

Time time_of(std::int64_t seconds) { return Time{std::chrono::seconds{seconds}}; }

// A token may hold any 64-bit number; beyond these two, moments neither print nor add.
std::int64_t within_calendar(std::int64_t t) {
  constexpr std::int64_t end_of_year_9999 = 253'402'300'799;
  return std::clamp<std::int64_t>(t, 0, end_of_year_9999);
}

// verify_lifetime returns the moment up to which the result counts (attack C01).
Time verify_lifetime(const rats::EarClaims& ear, const Context& context, Findings& findings) {
  const auto& policy = context.policy.result;
  const std::int64_t now = context.now.time_since_epoch().count(), skew = policy.clock_skew.count();
  const auto refuse = [&](Code code, std::string_view claim, std::int64_t value, std::string_view what) {
    findings.refuse(Stage::binder, code,
                    "is " + base::to_rfc3339(time_of(value)) + ", " + std::string(what) + "; now is " +
                        base::to_rfc3339(context.now) + ", clocks may differ by " + std::to_string(skew) +
                        " s",
                    "ear > " + std::string(claim));
  };
  const std::int64_t iat = within_calendar(ear.iat);
  std::int64_t end = iat + within_calendar(policy.max_age.value_or(std::chrono::seconds{0}).count());
  if (iat > now + skew) refuse(Code::result_not_yet_valid, "iat", iat, "in the future");
  if (ear.nbf && within_calendar(*ear.nbf) > now + skew)
    refuse(Code::result_not_yet_valid, "nbf", within_calendar(*ear.nbf), "in the future");
  if (now >= end + skew)
    refuse(Code::result_expired, "iat", iat,
           "longer ago than result.max_age (" + std::to_string(end - iat) + " s) allows");
  if (ear.exp) {
    if (now >= within_calendar(*ear.exp) + skew)
      refuse(Code::result_expired, "exp", within_calendar(*ear.exp), "in the past");
    end = std::min(end, within_calendar(*ear.exp));
  }
  return time_of(end);
}

void verify_audience(const rats::EarClaims& ear, const Context& context, Findings& findings) {
  const auto& wanted = context.policy.result.audience;
  if (!wanted || std::ranges::find(ear.aud, *wanted) != ear.aud.end()) return;
  std::string shown;
  for (const auto& aud : ear.aud) shown += (shown.empty() ? "" : ", ") + aud;
  findings.refuse(Stage::binder, Code::result_audience,
                  (shown.empty() ? "names none" : "names " + shown) + "; result.audience is " + *wanted,
                  "ear > aud");
}

// verify_key compares `cnf` with the certificate's key (Decision 5, attacks C02 and C03).
//= early-attestation#result-names-tik
bool verify_key(const rats::EarClaims& ear, const Context& context, Findings& findings) {
  if (context.tik == nullptr) return false;
  const auto tik = crypto::PublicKey::from_spki(context.tik->der());
  const auto named = tik ? ear.names(*tik) : Result<bool>(tik.error());
  if (named && *named) return true;
  if (named) {
    findings.refuse(Stage::key, Code::tik_mismatch, "names another key than the certificate's", "ear > cnf");
  } else if (named.error().code != Code::result_unbound) {
    findings.refuse(Stage::key, Code::tik_mismatch, named.error().detail, "ear > cnf");
  } else if (context.policy.danger.allow_unbound_result) {
    findings.note(Stage::key, Code::result_unbound, "whoever holds this result can present it", "ear > cnf");
  } else {
    findings.refuse(Stage::key, Code::result_unbound,
                    "whoever holds this result could present it; danger.allow_unbound_result accepts that",
                    "ear > cnf");
  }
  return false;
}

}  // namespace

class ClaimsVerifier {
 public:
  static VerifiedClaims mint(Claims claims) { return VerifiedClaims(std::move(claims)); }
};

std::optional<VerifiedClaims> verify(const ParsedResult& result, const Context& context, Findings& findings) {
  const rats::EarClaims& ear = result->unverified_claims();
  const auto signer = verify_signer(result, context, findings);
  const Time valid_until = verify_lifetime(ear, context, findings);
  verify_audience(ear, context, findings);
  const bool bound = verify_key(ear, context, findings);
  if (findings.refused() || !signer) return std::nullopt;
  return ClaimsVerifier::mint({ear, *signer, bound, valid_until});
}

}  // namespace seatls::appraise::result
