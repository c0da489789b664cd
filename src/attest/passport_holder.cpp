// The passport holder: shows an Attestation Result that it was given. Nothing about it is fresh, so
// that the binder serves for its TIK alone.
#include "base/clock.h"
#include "crypto/signature.h"
#include "rats/ear.h"
#include "rats/media_type.h"
#include "seatls/attesters.h"

namespace seatls {
namespace {

class PassportHolder final : public Attester {
 public:
  PassportHolder(AttestationScheme scheme, Bytes token, rats::TokenForm form, rats::EarClaims claims,
                 bool may_be_unbound, base::Clock clock)
      : scheme_(std::move(scheme)),
        record_{ContentFormat{form == rats::TokenForm::jwt ? rats::content_format::eat_jwt
                                                           : rats::content_format::eat_cwt},
                std::move(token), cmw_indicator::attestation_results},
        claims_(std::move(claims)),
        may_be_unbound_(may_be_unbound),
        clock_(std::move(clock)) {}

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override {
    return current() ? std::vector{scheme_} : std::vector<AttestationScheme>();
  }

  void attest(EvidenceRequest request, Done done) override { done(show(request)); }

  // current tells whether the result has not ended. One without an end is judged by its age, by
  // rules that only the relying party knows.
  [[nodiscard]] Result<void> current() const {
    if (!claims_.exp || clock_().time_since_epoch().count() < *claims_.exp) return {};
    return Error{Code::result_expired,
                 "it ended at " + base::to_rfc3339(Time(std::chrono::seconds(*claims_.exp))) +
                     "; get a new one from the verifier",
                 "passport"};
  }

 private:
  [[nodiscard]] Result<Cmw> show(const EvidenceRequest& request) const {
    if (request.scheme != scheme_)
      return Error{Code::misuse, describe(request.scheme) + " is not a scheme of this attester", ""};
    SEATLS_CHECK(current());
    SEATLS_CHECK(names(request.binder.tik()));
    return Cmw(record_);
  }

  //= early-attestation#result-names-tik
  [[nodiscard]] Result<void> names(const Spki& tik) const {
    const auto key = crypto::PublicKey::from_spki(tik.der());
    if (!key) return Error{Code::foreign_key, "the TIK cannot be read: " + key.error().detail, "passport"};
    auto named = claims_.names(*key);
    if (!named && named.error().code == Code::result_unbound && may_be_unbound_) return {};
    if (!named) return std::move(named).error().in("passport");
    if (!*named) return Error{Code::foreign_key, "the result is about another key", "passport > cnf"};
    return {};
  }

  const AttestationScheme scheme_;
  const CmwRecord record_;
  const rats::EarClaims claims_;
  const bool may_be_unbound_;
  const base::Clock clock_;
};

bool is_bound(const rats::EarClaims& claims) {
  if (claims.cnf) return true;
  for (const auto& submod : claims.submods)
    if (submod.cnf) return true;
  return false;
}

}  // namespace

Result<std::shared_ptr<Attester>> make_passport_holder(PassportHolderOptions options) {
  if (options.verifier.empty())
    return Error{Code::configuration, "is empty; it is the name that relying parties know the verifier by",
                 "passport > verifier"};
  Bytes token = std::move(options.result);
  // A compact JWS begins with the base64url of `{"`; no CWT begins with that byte.
  const auto form = !token.empty() && token.front() == 'e' ? rats::TokenForm::jwt : rats::TokenForm::cwt;
  if (form == rats::TokenForm::jwt)  // files of text end with a line break
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  auto parsed = rats::parse_ear(token, form);
  if (!parsed) return std::move(parsed).error().in("passport");
  const auto& claims = parsed->unverified_claims();
  if (!options.danger_unbound_result && !is_bound(claims))
    return Error{Code::result_unbound, "no relying party accepts it unless it allows that as a danger",
                 "passport"};
  auto holder = std::make_shared<PassportHolder>(
      AttestationScheme{VerifierIdentity{std::move(options.verifier)}}, std::move(token), form, claims,
      options.danger_unbound_result, options.clock ? std::move(options.clock) : base::system_clock());
  SEATLS_CHECK(holder->current());
  return std::shared_ptr<Attester>(std::move(holder));
}

}  // namespace seatls
