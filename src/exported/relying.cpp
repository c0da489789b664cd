// The relying party's part: requests made, authenticators taken, credentials judged.
#include <algorithm>

#include "crypto/hash.h"
#include "exported/messages.h"
#include "exported/parties.h"
#include "rats/credential_fit.h"
#include "wire/exported_messages.h"

namespace seatls::post {
namespace {

using exported::AuthenticatorRequest;
using exported::Declined;
using exported::VerifiedAuthenticator;

constexpr std::string_view kExtension = "cmw_attestation";

std::string peer_name(const Setup& setup) {
  return std::string(exported::role_name(other(setup.connection.role)));
}
std::string place(const Setup& setup) { return peer_name(setup) + " authenticator"; }

const Require* require_of(const Setup& setup) {
  const auto& require = setup.config->require;
  return require && require->attestation != Requirement::off && require->verifier ? &*require : nullptr;
}

// the_one returns an extension of the first entry; in another it may not stand.
//= expat#first-entry-only
Result<std::optional<Bytes>> the_one(const exported::CertificateChain& chain, std::uint16_t type,
                                     std::string_view name) {
  std::optional<Bytes> out;
  for (std::size_t i = 0; i < chain.size(); ++i)
    for (const exported::Extension& e : chain[i].extensions) {
      if (e.type != type) continue;
      if (i != 0)
        return Error{Code::misplaced_extension,
                     std::string(name) + " stands in the first CertificateEntry only",
                     "Certificate[" + std::to_string(i) + "]"};
      out = e.data;
    }
  return out;
}

// scheme_of tells which of the wanted schemes a credential is of: evidence types first, since they name
// themselves.
Result<AttestationScheme> scheme_of(const std::vector<AttestationScheme>& wanted, const Cmw& cmw) {
  std::optional<Error> first;
  for (const bool results : {false, true})
    for (const AttestationScheme& scheme : wanted) {
      if (scheme.is_result() != results) continue;
      auto fit = rats::fits(scheme, cmw);
      if (fit) return scheme;
      if (!first) first = std::move(fit).error();
    }
  if (wanted.size() > 1) first->detail += "; nor is it another one of those that were asked for";
  return *first;
}

}  // namespace

template <class S>
std::optional<S> Relying::take(Exchange exchange) {
  const auto at = open_.find(exchange);
  if (at == open_.end() || !std::holds_alternative<S>(at->second)) return std::nullopt;
  S out = std::move(std::get<S>(at->second));
  open_.erase(at);
  return out;
}

Relying::Open::iterator Relying::find(ByteView context) {
  return std::ranges::find_if(open_, [&](const auto& row) {
    const auto* waiting = std::get_if<ExpectAuthenticator>(&row.second);
    return waiting != nullptr && std::ranges::equal(waiting->request.context(), context);
  });
}

Result<Request> Relying::request(RequestParameters parameters) {
  const Setup& setup = shared_.setup;
  const Require* require = require_of(setup);
  if (require == nullptr)
    return Error{Code::misuse, "the configuration requires no attestation, so nothing can judge an answer",
                 ""};
  if (open_.size() >= setup.limits.requests_in_flight)
    return Error{Code::limit_exceeded,
                 std::to_string(open_.size()) + " requests are in flight; wait for one, or give one up", ""};
  if (parameters.wanted.empty()) parameters.wanted = require->verifier->schemes();
  const auto known = require->verifier->schemes();
  for (const AttestationScheme& scheme : parameters.wanted)
    if (std::ranges::find(known, scheme) == known.end())
      return Error{Code::misuse, "the verifier does not appraise " + describe(scheme), "wanted"};
  if (parameters.wanted.empty()) return Error{Code::misuse, "the verifier appraises nothing", "wanted"};

  exported::RequestOptions options;
  if (parameters.nonce.empty()) {
    SEATLS_TRY(options.context, shared_.contexts.fresh());
  } else {
    SEATLS_CHECK(shared_.contexts.reserve(parameters.nonce));
    options.context = std::move(parameters.nonce);
  }
  options.server_name = std::move(parameters.server_name);
  //= expat#request-has-empty-extension
  options.extensions.push_back({setup.profile.cmw_attestation, {}});
  if (setup.profile.name_wanted_schemes) {
    //= expat#wanted-schemes
    SEATLS_TRY(Bytes wanted, codec::encode(wire::WantedSchemes{parameters.wanted}));
    options.extensions.push_back({setup.profile.remote_attestation, std::move(wanted)});
  }
  std::optional<Challenge> challenge;
  if (kek_ && std::ranges::any_of(parameters.wanted, [&](const auto& s) { return demands_possession(s); })) {
    SEATLS_TRY(challenge, make_challenge(*kek_));
    options.extensions.push_back({setup.profile.interactive_passport, challenge->extension});
  }
  SEATLS_TRY(AuthenticatorRequest made, exported::make_request(setup.connection.role, std::move(options)));
  const Exchange exchange = shared_.new_exchange();
  Bytes message = bytes(made.encoded());
  open_.emplace(exchange,
                ExpectAuthenticator{std::move(made), std::move(parameters.wanted), std::move(challenge)});
  return Request{exchange, std::move(message)};
}

bool Relying::give_up(Exchange exchange) {
  const bool known = open_.erase(exchange) != 0;
  gave_up_ = gave_up_ || known;
  return known;
}

// An empty authenticator names no context: it declines the request whose transcript its MAC fits.
//= rfc9261#empty-authenticator
Action Relying::declined(ByteView authenticator) {
  const Setup& setup = shared_.setup;
  bool waiting = false;
  for (auto at = open_.begin(); at != open_.end(); ++at) {
    const auto* expected = std::get_if<ExpectAuthenticator>(&at->second);
    if (expected == nullptr) continue;
    waiting = true;
    const auto answer = exported::accept_authenticator(setup.connection, expected->request, authenticator);
    if (!answer && answer.error().code != Code::finished_invalid) return refuse(std::nullopt, answer.error());
    if (!answer) continue;
    const Exchange exchange = at->first;
    open_.erase(at);
    //= expat#required-fails-closed
    return refuse(exchange,
                  {Code::attestation_required, "the " + peer_name(setup) + " declined", place(setup)});
  }
  if (gave_up_)
    return refuse(std::nullopt,
                  {Code::context_spent, "an empty authenticator fits no outstanding request", place(setup)});
  if (!waiting)
    return refuse(std::nullopt, {Code::unexpected_authenticator, "an empty authenticator", place(setup)});
  return refuse(std::nullopt,
                {Code::finished_invalid, "an empty authenticator fits no outstanding request", place(setup)});
}

Action Relying::on(event::AuthenticatorReceived e) {
  const Setup& setup = shared_.setup;
  auto context = exported::context_of_authenticator(e.message);
  if (!context) return refuse(std::nullopt, std::move(context).error());
  if (!*context) return declined(e.message);

  //= rfc9261#context-answered-once
  //= expat#solicited-only
  const auto at = find(**context);
  if (at == open_.end()) {
    const bool any = std::ranges::any_of(
        open_, [](const auto& row) { return std::holds_alternative<ExpectAuthenticator>(row.second); });
    const Code code = shared_.contexts.issued(**context) ? Code::context_spent
                      : any                              ? Code::unknown_context
                                                         : Code::unexpected_authenticator;
    return refuse(std::nullopt, {code, "", place(setup) + " > Certificate > certificate_request_context"});
  }
  // Whatever comes of it, the request is answered by this.
  const Exchange exchange = at->first;
  const ExpectAuthenticator expected = *take<ExpectAuthenticator>(exchange);
  auto answer = exported::accept_authenticator(setup.connection, expected.request, e.message);
  if (!answer) return refuse(exchange, std::move(answer).error());
  auto& authenticator = std::get<VerifiedAuthenticator>(*answer);

  if (auto key = check_key(authenticator.key()); !key) return refuse(exchange, std::move(key).error());
  auto appraisal = open_credential(expected, authenticator);
  if (!appraisal) return refuse(exchange, std::move(appraisal).error().in(place(setup)));
  std::optional<Spki> proven_kek;
  if (expected.challenge && demands_possession(appraisal->scheme)) {
    const auto proof =
        the_one(authenticator.chain(), setup.profile.interactive_passport, "interactive_passport");
    if (!proof) return refuse(exchange, proof.error());
    if (auto proven = verify_answer(*expected.challenge, setup.connection, expected.request,
                                    *proof ? &**proof : nullptr, authenticator.key());
        !proven)
      return refuse(exchange, std::move(proven).error().in(place(setup)));
    proven_kek = expected.challenge->kek;
  }
  //= expat#pkix-still-validated
  exported::CertificateChain chain = authenticator.chain();
  open_.emplace(exchange, ExpectIdentity{std::move(authenticator), std::move(appraisal).value(),
                                         std::move(proven_kek)});
  return action::VerifyIdentity{exchange, std::move(chain)};
}

// What a peer's key may not be: one of this endpoint (Decision 6), or, as a rule, another than the
// handshake's.
Result<void> Relying::check_key(const Spki& key) const {
  const Setup& setup = shared_.setup;
  const std::string path = place(setup) + " > Certificate[0]";
  //= expat#own-key-refused
  if (key == setup.own_key || std::ranges::find(shared_.own_keys, key) != shared_.own_keys.end())
    return Error{Code::reflected, "the certificate holds this endpoint's own key", path};
  //= expat#same-key-as-handshake
  if (setup.same_key && setup.peer_key && key != *setup.peer_key)
    return Error{Code::identity_changed, "", path};
  return {};
}

Result<AppraisalRequest> Relying::open_credential(const ExpectAuthenticator& expected,
                                                  const VerifiedAuthenticator& authenticator) {
  const Setup& setup = shared_.setup;
  const std::string path = "Certificate[0] > " + std::string(kExtension);
  SEATLS_TRY(const auto body, the_one(authenticator.chain(), setup.profile.cmw_attestation, kExtension));
  //= expat#required-fails-closed
  if (!body)
    return Error{Code::attestation_required, "the authenticator holds no credential", "Certificate[0]"};
  auto data = codec::decode<wire::CmwAttestation>(*body);
  if (!data) return std::move(data).error().in(path);
  auto cmw = parse_cmw(data->cmw_data);
  if (!cmw) {
    Error error = std::move(cmw).error();
    error.detail = std::string(name(error.code)) + ": " + error.detail;
    error.code = Code::evidence_malformed;
    return std::move(error).in("cmw").in(path);
  }
  //= expat#credential-is-wanted
  auto scheme = scheme_of(expected.wanted, *cmw);
  if (!scheme) return std::move(scheme).error().in(path);

  Bytes digest = crypto::digest(Hash::sha256, data->cmw_data);
  const auto among = [&](const std::deque<Bytes>& digests) {
    return std::ranges::any_of(digests, [&](const Bytes& d) { return constant_time_equal(d, digest); });
  };
  //= expat#own-key-refused
  if (among(shared_.own_evidence))
    return Error{Code::reflected, "the credential is this endpoint's own", path};
  // A result is presented as often as it is valid; evidence is made for each request.
  //= expat#evidence-is-fresh
  if (!scheme->is_result()) {
    if (among(seen_)) return Error{Code::evidence_reused, "", path};
    remember_evidence(seen_, digest);
  }
  SEATLS_TRY(Binder binder, derive_binder(setup, authenticator.key(), authenticator.context()));
  return AppraisalRequest{std::move(scheme).value(), std::move(cmw).value(), std::move(binder),
                          std::move(digest)};
}

Action Relying::on(event::IdentityVerified e) {
  auto state = take<ExpectIdentity>(e.exchange);
  if (!state)
    return refuse(e.exchange,
                  {Code::misuse, "no such exchange waits for an identity; it may have ended", ""});
  if (!e.identity) {
    Error error = std::move(e.identity).error();
    if (category(error.code) != Category::unavailable) error.code = Code::identity_rejected;
    return refuse(e.exchange, std::move(error).in(place(shared_.setup)));
  }
  const AppraisalRequest& appraisal = state->appraisal;
  ExpectVerdict next{std::move(state->authenticator),
                     {appraisal.scheme, appraisal.binder, appraisal.credential_digest},
                     AuthenticatorProof::of(state->authenticator, *e.identity),
                     std::move(state->proven_kek)};
  open_.emplace(e.exchange, std::move(next));
  return action::Appraise{e.exchange, std::move(state->appraisal)};
}

//= expat#binder-compared
//= expat#key-named-in-evidence
Action Relying::on(event::Appraised e) {
  auto state = take<ExpectVerdict>(e.exchange);
  if (!state)
    return refuse(e.exchange, {Code::misuse, "no such exchange waits for a verdict; it may have ended", ""});
  const Setup& setup = shared_.setup;
  const Require& require = *setup.config->require;
  const std::string path = place(setup) + " > Certificate[0]";
  auto verdict = session::Authorizer::seal(require, state->binding, std::move(e.result));
  if (!verdict) return refuse(e.exchange, std::move(verdict).error().in(path));
  //= expat#not-instead-of-pkix
  auto peer = session::Authorizer::authorize(require, std::move(verdict).value(), state->proof);
  if (!peer) return refuse(e.exchange, std::move(peer).error().in(path));

  if (demands_possession(state->binding.scheme)) {
    const auto& kek = peer->result()->kek;
    if (!kek)
      return refuse(e.exchange, {Code::possession_unproven, "the result names no keK to challenge", path});
    kek_ = kek;
    // Accepted it would be, if it were not for the challenge that only this result makes possible.
    if (state->proven_kek != kek) {
      Error why{Code::possession_unproven, "its keK was not known when this was asked for", path};
      return action::Refuse{.exchange = e.exchange, .error = std::move(why), .ask_again = true};
    }
  }

  std::vector<std::string> dangers = setup.config->dangers;
  for (const std::string& danger : peer->result()->dangers)
    if (std::ranges::find(dangers, danger) == dangers.end()) dangers.push_back(danger);
  if (setup.profile.binder_input == BinderInput::exporter_alone) dangers.push_back("binder_without_key");
  return action::Attested{PostAttestation(e.exchange, std::move(peer).value(), state->binding.scheme,
                                          state->binding.binder, state->authenticator.context(),
                                          std::move(dangers))};
}

}  // namespace seatls::post
