// The responder's part: requests taken, evidence wrapped, authenticators made. Whatever keeps this
// endpoint from attesting is answered by an empty authenticator, so that the peer need not wait.
#include <algorithm>

#include "crypto/hash.h"
#include "exported/messages.h"
#include "exported/parties.h"
#include "rats/credential_fit.h"
#include "wire/exported_messages.h"

namespace seatls::post {
namespace {

using exported::AuthenticatorRequest;

std::string place(const Setup& setup) {
  return std::string(exported::role_name(setup.connection.role)) + " authenticator";
}

// What an attester says must not look like a fault of the peer.
Error of_attester(Error error) {
  if (category(error.code) == Category::unavailable || category(error.code) == Category::local) return error;
  error.detail = std::string(name(error.code)) + ": " + error.detail;
  error.code = Code::attester_unavailable;
  return error;
}

// What the peer wrote wrongly is its fault, and refused; what this endpoint lacks is declined.
bool is_peers_fault(const Error& error) {
  const Category blame = category(error.code);
  return blame == Category::decode || blame == Category::peer_misbehaved;
}

// in_form returns the CMW in the form that the profile wants.
Cmw in_form(Cmw cmw, const std::optional<CmwForm>& form) {
  if (!form || cmw.form() == *form) return cmw;
  if (const CmwRecord* record = cmw.record()) return Cmw(*record, *form);
  return Cmw(*cmw.collection(), *form);
}

}  // namespace

Action Responder::decline(Exchange exchange, const AuthenticatorRequest& request, Error why) const {
  auto message = exported::make_empty_authenticator(shared_.setup.connection, request);
  if (!message) return refuse(exchange, std::move(message).error());
  return action::SendAuthenticator{exchange, std::move(message).value(), std::move(why), {}};
}

Result<std::pair<std::size_t, exported::SignatureScheme>> Responder::choose_identity(
    const AuthenticatorRequest& request) const {
  const auto& identities = shared_.setup.identities;
  if (identities.empty())
    return Error{Code::configuration, "this endpoint has no certificate to show", "identities"};
  bool named = false;
  for (std::size_t i = 0; i < identities.size(); ++i) {
    const LocalIdentity& identity = identities[i];
    //= rfc9261#server-name-guides
    if (request.server_name() && !identity.names.empty() &&
        std::ranges::find(identity.names, *request.server_name()) == identity.names.end())
      continue;
    named = true;
    const auto scheme =
        exported::choose_scheme(request.signature_algorithms(), shared_.own_keys[i], identity.schemes);
    if (scheme) return std::pair(i, *scheme);
  }
  if (!named)
    return Error{Code::configuration, "no certificate is for the name " + *request.server_name(),
                 "identities"};
  //= rfc9261#no-scheme-no-authenticator
  return Error{Code::configuration, "no key of this endpoint signs with a scheme that the peer takes",
               "signature_algorithms"};
}

Result<std::optional<AttestationScheme>> Responder::choose_scheme(const AuthenticatorRequest& request) const {
  const Setup& setup = shared_.setup;
  const Bytes* extension = request.find(setup.profile.cmw_attestation);
  //= expat#unknown-extension-ignored
  if (extension == nullptr) return std::optional<AttestationScheme>();
  //= expat#request-has-empty-extension
  if (!extension->empty())
    return Error{Code::trailing_data, "the extension is empty in a request", "cmw_attestation"};
  std::optional<wire::WantedSchemes> wanted;
  if (const Bytes* list = request.find(setup.profile.remote_attestation)) {
    auto decoded = codec::decode<wire::WantedSchemes>(*list);
    if (!decoded) return std::move(decoded).error().in("remoteAttestation");
    wanted = std::move(decoded).value();
  }
  if (!setup.config->attester)
    return Error{Code::attester_unavailable, "this endpoint does not attest itself", ""};
  const auto producible = setup.config->attester->schemes();
  if (!wanted && !producible.empty()) return std::optional(producible.front());
  //= expat#wanted-schemes
  if (wanted)
    for (const AttestationScheme& scheme : wanted->wanted)
      if (std::ranges::find(producible, scheme) != producible.end()) return std::optional(scheme);
  return Error{Code::unsupported_attestation_schemes, "the peer takes none of what this endpoint can produce",
               "remoteAttestation"};
}

Action Responder::on(event::RequestReceived e) {
  const Setup& setup = shared_.setup;
  const Role requester = other(setup.connection.role);
  const std::string path = std::string(exported::role_name(requester)) + " authenticator request";
  auto request = exported::accept_request(requester, e.message);
  if (!request) {
    // A request of this endpoint that comes back is told apart from a muddle.
    const auto context = exported::context_of_request(e.message);
    if (context && shared_.contexts.issued(*context))
      return refuse(std::nullopt, {Code::reflected, "the request is this endpoint's own", path});
    return refuse(std::nullopt, std::move(request).error());
  }
  if (open_.size() >= setup.limits.requests_in_flight)
    return refuse(std::nullopt, {Code::limit_exceeded,
                                 std::to_string(open_.size()) + " requests of the peer are in flight", path});
  const Exchange exchange = shared_.new_exchange();
  if (auto admitted = shared_.contexts.admit(request->context()); !admitted) {
    if (admitted.error().code == Code::context_limit)
      return decline(exchange, *request, std::move(admitted).error());
    return refuse(std::nullopt, std::move(admitted).error().in(path));
  }

  auto scheme = choose_scheme(*request);
  if (!scheme && is_peers_fault(scheme.error()))
    return refuse(std::nullopt, std::move(scheme).error().in(path));
  if (!scheme) return decline(exchange, *request, std::move(scheme).error());
  const auto identity = choose_identity(*request);
  if (!identity) return decline(exchange, *request, identity.error());
  const auto& [index, signature_scheme] = *identity;

  if (!*scheme)
    return sign(exchange, std::move(request).value(), index, signature_scheme, setup.identities[index].chain,
                {}, {});
  auto binder = derive_binder(setup, shared_.own_keys[index], request->context());
  if (!binder) return decline(exchange, *request, std::move(binder).error());
  //= expat#binder-never-shortened
  if (const auto longest = setup.config->attester->longest_binder(); binder->bytes().size() > longest)
    return decline(exchange, *request,
                   {Code::binder_too_long,
                    "the binder has " + std::to_string(binder->bytes().size()) +
                        " bytes; the attester holds " + std::to_string(longest),
                    ""});
  std::optional<Bytes> answer;
  // Without a keK the extension is one of the many that an endpoint does not know.
  const Bytes* challenge = request->find(setup.profile.interactive_passport);
  if (challenge != nullptr && !setup.interactive_passport.keys.empty()) {
    auto made = answer_challenge(setup.interactive_passport, setup.connection, *request, *challenge,
                                 shared_.own_keys[index]);
    if (!made && is_peers_fault(made.error())) return refuse(std::nullopt, std::move(made).error().in(path));
    if (!made) return decline(exchange, *request, std::move(made).error());
    answer = std::move(made).value();
  }
  EvidenceRequest evidence{std::move(**scheme), std::move(binder).value()};
  open_.emplace(exchange, ExpectCredential{std::move(request).value(), index, signature_scheme, evidence,
                                           std::move(answer)});
  return action::Attest{exchange, std::move(evidence)};
}

Action Responder::on(event::CredentialMade e) {
  const auto at = open_.find(e.exchange);
  if (at == open_.end() || !std::holds_alternative<ExpectCredential>(at->second))
    return refuse(e.exchange, {Code::misuse, "no such exchange waits for a credential", ""});
  ExpectCredential state = std::move(std::get<ExpectCredential>(at->second));
  open_.erase(at);
  const Setup& setup = shared_.setup;
  const auto give_way = [&](Error why) {
    return decline(e.exchange, state.request, std::move(why).in(place(setup)));
  };
  if (!e.credential) return give_way(of_attester(std::move(e.credential).error()));
  if (auto fit = rats::fits(state.evidence.scheme, *e.credential); !fit)
    return give_way({Code::misuse, "the attester made something else: " + fit.error().detail, ""});
  auto cmw = encode_cmw(in_form(std::move(e.credential).value(), setup.profile.body));
  if (!cmw) return give_way(of_attester(std::move(cmw).error()));
  auto body = codec::encode(wire::CmwAttestation{*cmw});
  if (!body) return give_way(std::move(body).error());

  exported::CertificateChain chain = setup.identities[state.identity].chain;
  if (state.passport_answer)
    chain.front().extensions.push_back(
        {setup.profile.interactive_passport, *std::move(state.passport_answer)});
  std::size_t taken = body->size() + 4;
  for (const exported::Extension& present : chain.front().extensions) taken += present.data.size() + 4;
  //= expat#cmw-data-fits
  if (taken > 0xffff)
    return give_way({Code::evidence_too_large,
                     "the extensions of the CertificateEntry are " + std::to_string(taken) +
                         " bytes; it holds at most 65535",
                     "cmw_data"});
  //= expat#first-entry-only
  chain.front().extensions.push_back({setup.profile.cmw_attestation, std::move(body).value()});
  return sign(e.exchange, std::move(state.request), state.identity, state.signature_scheme, chain,
              std::move(state.evidence), crypto::digest(Hash::sha256, *cmw));
}

Action Responder::sign(Exchange exchange, AuthenticatorRequest request, std::size_t identity,
                       exported::SignatureScheme scheme, const exported::CertificateChain& chain,
                       std::optional<EvidenceRequest> attested, Bytes evidence_digest) {
  // What the request did not name is not sent: OCSP and the like.
  exported::CertificateChain allowed = chain;
  for (exported::CertificateEntry& entry : allowed)
    std::erase_if(entry.extensions,
                  [&](const exported::Extension& e) { return request.find(e.type) == nullptr; });
  auto prepared = exported::prepare_authenticator(shared_.setup.connection, request, allowed, scheme);
  if (!prepared) return decline(exchange, request, std::move(prepared).error());
  open_.emplace(exchange, ExpectSignature{std::move(request), *prepared, std::move(attested),
                                          std::move(evidence_digest)});
  return action::Sign{exchange, identity, std::move(prepared).value()};
}

Action Responder::on(event::Signed e) {
  const auto at = open_.find(e.exchange);
  if (at == open_.end() || !std::holds_alternative<ExpectSignature>(at->second))
    return refuse(e.exchange, {Code::misuse, "no such exchange waits for a signature", ""});
  ExpectSignature state = std::move(std::get<ExpectSignature>(at->second));
  open_.erase(at);
  if (!e.signature) return decline(e.exchange, state.request, std::move(e.signature).error());
  auto message = state.authenticator.finish(*e.signature);
  if (!message) {
    Error error = std::move(message).error();
    error.detail = std::string(name(error.code)) + ": " + error.detail;
    error.code = Code::crypto;
    return decline(e.exchange, state.request, std::move(error).in(place(shared_.setup)));
  }
  if (!state.evidence_digest.empty())
    remember_evidence(shared_.own_evidence, std::move(state.evidence_digest));
  return action::SendAuthenticator{e.exchange, std::move(message).value(), {}, std::move(state.attested)};
}

}  // namespace seatls::post
