#include "binder/exported_binder.h"
#include "crypto/x509.h"
#include "exported/parties.h"

namespace seatls::post {

struct EndpointState {
  EndpointState(Setup setup, std::vector<Spki> own_keys)
      : shared(std::move(setup), std::move(own_keys)), relying(shared), responder(shared) {}
  Shared shared;
  Relying relying;
  Responder responder;
  std::optional<Error> failure;

  template <class Part, class Event>
  Action on(Part& part, Event event) {
    if (failure) return action::Refuse{std::nullopt, *failure, true};
    Action out = part.on(std::move(event));
    if (const auto* refused = std::get_if<action::Refuse>(&out); refused != nullptr && refused->fatal)
      failure = refused->error;
    return out;
  }
};

void remember_evidence(std::deque<Bytes>& digests, Bytes digest) {
  if (digests.size() == evidence_remembered) digests.pop_front();
  digests.push_back(std::move(digest));
}

//= expat#binder-derivation
//= expat#configurable-label
Result<Binder> derive_binder(const Setup& setup, const Spki& key, ByteView context) {
  const Profile& profile = setup.profile;
  SEATLS_TRY(const Bytes value,
             setup.connection.exporter(profile.exporter_label, context, profile.exporter_length));
  if (value.size() != profile.exporter_length)
    return Error{Code::misuse, "the exporter gave " + std::to_string(value.size()) + " bytes", "binder"};
  return profile.binder_input == BinderInput::key_and_exporter
             ? binder::derive_exported_binder(setup.connection.hash, key, value)
             : binder::exported_value_as_binder(setup.connection.hash, key, value);
}

// A peer that breaks the protocol, reflects, or sends what cannot be parsed is not talked to again. An
// answer that comes too late is no such thing, nor is bad evidence: what that costs is a policy's.
Action refuse(std::optional<Exchange> exchange, Error error) {
  const Category blame = category(error.code);
  const bool fatal = blame == Category::decode || error.code == Code::reflected ||
                     (blame == Category::peer_misbehaved && error.code != Code::context_spent);
  return action::Refuse{exchange, std::move(error), fatal};
}

Result<Endpoint> Endpoint::make(Setup setup) {
  const auto wrong = [](std::string path, std::string detail) {
    return Error{Code::configuration, std::move(detail), std::move(path)};
  };
  if (!setup.config) return wrong("config", "there is none");
  if (setup.config->role != setup.connection.role)
    return wrong("connection > role", "it is not the role of the configuration");
  if (!setup.connection.exporter) return wrong("connection > exporter", "there is none");
  if (setup.connection.hash != Hash::sha256 && setup.connection.hash != Hash::sha384)
    return wrong("connection > hash", "it is the hash of no TLS 1.3 suite");
  const Profile& profile = setup.profile;
  if (profile.exporter_label.empty() || profile.exporter_length < 32 || profile.exporter_length > 64)
    return wrong("profile", "a binder needs a label and 32 to 64 exported bytes");
  if (profile.cmw_attestation == profile.remote_attestation ||
      profile.interactive_passport == profile.cmw_attestation ||
      profile.interactive_passport == profile.remote_attestation)
    return wrong("profile", "two of its extensions have the same number");
  if (setup.limits.requests_in_flight == 0 || setup.limits.contexts == 0)
    return wrong("limits", "nothing could be asked");

  std::vector<Spki> own_keys;
  for (std::size_t i = 0; i < setup.identities.size(); ++i) {
    const auto& chain = setup.identities[i].chain;
    const std::string path = "identities[" + std::to_string(i) + "]";
    if (chain.empty()) return wrong(path, "the chain is empty");
    auto certificate = crypto::Certificate::from_der(chain.front().certificate);
    if (!certificate) return wrong(path, certificate.error().detail);
    own_keys.push_back(certificate->spki());
  }
  if (setup.config->attester && setup.identities.empty())
    return wrong("identities", "an endpoint that attests itself shows a certificate; set one");
  return Endpoint(std::make_unique<EndpointState>(std::move(setup), std::move(own_keys)));
}

Endpoint::Endpoint(std::unique_ptr<EndpointState> state) : state_(std::move(state)) {}
Endpoint::Endpoint(Endpoint&&) noexcept = default;
Endpoint& Endpoint::operator=(Endpoint&&) noexcept = default;
Endpoint::~Endpoint() = default;

Result<Request> Endpoint::request(RequestParameters parameters) {
  if (state_->failure) return *state_->failure;
  return state_->relying.request(std::move(parameters));
}
bool Endpoint::give_up(Exchange exchange) { return state_->relying.give_up(exchange); }

Action Endpoint::on(event::RequestReceived e) { return state_->on(state_->responder, std::move(e)); }
Action Endpoint::on(event::CredentialMade e) { return state_->on(state_->responder, std::move(e)); }
Action Endpoint::on(event::Signed e) { return state_->on(state_->responder, std::move(e)); }
Action Endpoint::on(event::AuthenticatorReceived e) { return state_->on(state_->relying, std::move(e)); }
Action Endpoint::on(event::IdentityVerified e) { return state_->on(state_->relying, std::move(e)); }
Action Endpoint::on(event::Appraised e) { return state_->on(state_->relying, std::move(e)); }

const std::optional<Error>& Endpoint::failure() const { return state_->failure; }
std::size_t Endpoint::requests_in_flight() const { return state_->relying.in_flight(); }
std::size_t Endpoint::answers_in_flight() const { return state_->responder.in_flight(); }
std::size_t Endpoint::contexts_remembered() const { return state_->shared.contexts.remembered(); }
bool Endpoint::due_for_renewal() const { return state_->shared.contexts.full(); }

}  // namespace seatls::post
