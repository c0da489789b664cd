// The client's side of one handshake.
#include "early/credential.h"
#include "early/machine.h"
#include "negotiate/negotiate.h"
#include "session/conclusion.h"
#include "session/resumption_guard.h"
#include "wire/remote_attestation.h"

namespace seatls::early {
namespace {

using session::SealedVerdict;
using session::SelfAttestation;
using Scheme = std::optional<AttestationScheme>;

// ---- states: what each one knows, and no more --------------------------------------------------

struct Start {
  static constexpr std::string_view name = "Start";
};
struct ExpectEncryptedExtensions {
  static constexpr std::string_view name = "ExpectEncryptedExtensions";
  std::optional<wire::ClientOffer> offer;
  Bytes body;  // the offer as sent
  bool retried = false;
};
struct ExpectCertificateRequest {  // or the server's Certificate
  static constexpr std::string_view name = "ExpectCertificateRequest";
  wire::ClientOffer offer;
  Scheme server_scheme;
};
struct ExpectCertificate {
  static constexpr std::string_view name = "ExpectCertificate";
  Scheme server_scheme, client_scheme;  // at least one
};
struct ExpectVerdict {
  static constexpr std::string_view name = "ExpectVerdict";
  session::Binding binding;
  bool certificate_requested = false;
  Scheme client_scheme;
};
// Server is what this client must not send back (Decision 6).
struct Server {
  Spki key;
  Bytes credential_digest;  // empty when it did not attest
};
struct ExpectOwnCertificate {
  static constexpr std::string_view name = "ExpectOwnCertificate";
  AttestationScheme client_scheme;
  Server server;
  std::optional<SealedVerdict> verdict;
  bool after_handshake = false;
};
struct ExpectPlainOwnCertificate {  // or the end of the handshake
  static constexpr std::string_view name = "ExpectPlainOwnCertificate";
  SealedVerdict verdict;
};
struct ExpectOwnCredential {
  static constexpr std::string_view name = "ExpectOwnCredential";
  SelfAttestation self;
  Server server;
  std::optional<SealedVerdict> verdict;
  bool after_handshake = false;
};
// Attested is what a client that attested itself keeps, to do so again when it is asked.
struct Attested {
  AttestationScheme scheme;
  Server server;
};
struct ExpectFinished {
  static constexpr std::string_view name = "ExpectFinished";
  std::optional<SealedVerdict> verdict;
  std::optional<SelfAttestation> self = {};
  std::optional<Attested> again = {};
};
struct Complete {
  static constexpr std::string_view name = "Complete";
  std::optional<Attested> again = {};
};
struct Unattested {
  static constexpr std::string_view name = "Unattested";
  bool offered = false;
  bool resumed = false;
  bool server_certificate = false;
};

using States = std::variant<Start, ExpectEncryptedExtensions, ExpectCertificateRequest, ExpectCertificate,
                            ExpectVerdict, ExpectOwnCertificate, ExpectPlainOwnCertificate,
                            ExpectOwnCredential, ExpectFinished, Unattested, Complete, Refused>;
using Next = Step<States>;

//= early-attestation#unsolicited-refused
Error unsolicited(std::string_view message) {
  return {Code::unsolicited_extension, "nothing was offered that it could answer",
          extension_of(Role::server, message)};
}

// read_choice reads the answer in EncryptedExtensions (attester: the server) or CertificateRequest
// (the client). No body: nothing was chosen.
Result<Scheme> read_choice(const Config& config, const wire::ClientOffer& offer, Role attester,
                           const std::optional<Bytes>& body) {
  const std::string path =
      extension_of(Role::server, attester == Role::server ? "EncryptedExtensions" : "CertificateRequest");
  Scheme chosen;
  if (body && attester == Role::server) {
    auto choice = codec::decode<wire::ServerChoice>(*body);
    if (!choice) return std::move(choice).error().in(path);
    chosen = std::move(choice->chosen_server_scheme);
  } else if (body) {
    auto choice = codec::decode<wire::ClientChoice>(*body);
    if (!choice) return std::move(choice).error().in(path);
    chosen = std::move(choice->chosen_client_scheme);
  }
  if (auto good = negotiate::check_choice(config, offer, attester, chosen); !good)
    return std::move(good).error().in(path);
  return chosen;
}

// ---- handlers, in the order of the handshake ---------------------------------------------------

Result<Next> handle(Start&&, event::ClientHelloNeeded&& e, const Config& config) {
  SEATLS_CHECK(session::refuse_psk(config, e.offers_psk));
  SEATLS_TRY(auto offer, negotiate::offer(config, e.can_authenticate));
  if (!offer) return Next{ExpectEncryptedExtensions{}, action::OmitExtension{}};
  auto body = codec::encode(*offer);
  if (!body)
    return Error{Code::configuration,
                 "the schemes of verifier and attester do not fit: " + body.error().detail,
                 extension_of(Role::client, "ClientHello")};
  return Next{ExpectEncryptedExtensions{std::move(offer), *body}, action::SendExtension{*body}};
}

//= early-attestation#offer-unchanged-after-retry
// RFC 8446, 4.1.2: after a HelloRetryRequest the client sends the same ClientHello, but for a few
// extensions that this one is not among.
Result<Next> handle(ExpectEncryptedExtensions&& s, event::ClientHelloNeeded&& e, const Config& config) {
  SEATLS_CHECK(session::refuse_psk(config, e.offers_psk));
  if (s.retried) return Error{Code::unexpected_message, "a second HelloRetryRequest", "client ClientHello"};
  s.retried = true;
  Action again = s.offer ? Action{action::SendExtension{s.body}} : Action{action::OmitExtension{}};
  return Next{std::move(s), std::move(again)};
}

Result<Next> handle(ExpectEncryptedExtensions&& s, event::EncryptedExtensionsReceived&& e,
                    const Config& config) {
  if (e.body && !s.offer) return unsolicited("EncryptedExtensions");
  if (e.resumed) {
    SEATLS_CHECK(session::refuse_shortcut(config, true, false));
    if (e.body)
      return Error{Code::misplaced_extension, "a resumed handshake has no Certificate for the credential",
                   extension_of(Role::server, "EncryptedExtensions")};
    return Next{Unattested{.offered = s.offer.has_value(), .resumed = true}, action::Proceed{}};
  }
  if (!s.offer) return Next{Unattested{}, action::Proceed{}};
  SEATLS_TRY(Scheme server_scheme, read_choice(config, *s.offer, Role::server, e.body));
  if (!server_scheme && s.offer->client_attester_schemes.empty())
    return Next{Unattested{.offered = true}, action::Proceed{}};
  return Next{ExpectCertificateRequest{std::move(*s.offer), std::move(server_scheme)}, action::Proceed{}};
}

Result<Next> handle(ExpectCertificateRequest&& s, event::CertificateRequestReceived&& e,
                    const Config& config) {
  SEATLS_TRY(Scheme client_scheme, read_choice(config, s.offer, Role::client, e.body));
  if (!s.server_scheme && !client_scheme) return Next{Unattested{.offered = true}, action::Proceed{}};
  return Next{ExpectCertificate{std::move(s.server_scheme), std::move(client_scheme)}, action::Proceed{}};
}

Result<Next> receive_certificate(const Scheme& server_scheme, Scheme client_scheme,
                                 bool certificate_requested, event::CertificateReceived&& e) {
  if (!server_scheme) {
    SEATLS_CHECK(expect_plain(Role::server, e.certificate));
    if (!client_scheme)
      return Next{Unattested{.offered = true, .server_certificate = true}, action::Proceed{}};
    return Next{ExpectOwnCertificate{std::move(*client_scheme), {std::move(e.certificate.spki), {}}, {}},
                action::Proceed{}};
  }
  SEATLS_TRY(AppraisalRequest request, open_peer(Role::server, *server_scheme, e));
  return Next{ExpectVerdict{binding_of(request), certificate_requested, std::move(client_scheme)},
              action::Appraise{std::move(request)}};
}

Result<Next> handle(ExpectCertificateRequest&& s, event::CertificateReceived&& e, const Config&) {
  return receive_certificate(s.server_scheme, {}, false, std::move(e));
}

Result<Next> handle(ExpectCertificate&& s, event::CertificateReceived&& e, const Config&) {
  return receive_certificate(s.server_scheme, std::move(s.client_scheme), true, std::move(e));
}

//= early-attestation#client-attests-last
// The client learns whether the server is trustworthy before it makes evidence about itself.
Result<Next> handle(ExpectVerdict&& s, event::Appraised&& e, const Config& config) {
  Server server{s.binding.binder.tik(), s.binding.credential_digest};
  auto verdict = session::Authorizer::seal(*config.require, std::move(s.binding), std::move(e.result));
  if (!verdict) return std::move(verdict).error().in(extension_of(Role::server, "Certificate[0]"));
  if (s.client_scheme)
    return Next{
        ExpectOwnCertificate{std::move(*s.client_scheme), std::move(server), std::move(verdict).value()},
        action::Proceed{}};
  if (s.certificate_requested)
    return Next{ExpectPlainOwnCertificate{std::move(verdict).value()}, action::Proceed{}};
  return Next{ExpectFinished{std::move(verdict).value()}, action::Proceed{}};
}

Result<Next> handle(ExpectOwnCertificate&& s, event::CertificateNeeded&& e, const Config& config) {
  SEATLS_CHECK(refuse_own_key(Role::server, e.own, s.server.key));
  SEATLS_TRY(EvidenceRequest request, request_own(config, Role::client, s.client_scheme, e));
  return Next{
      ExpectOwnCredential{
          {request.scheme, request.binder}, std::move(s.server), std::move(s.verdict), s.after_handshake},
      action::Attest{std::move(request)}};
}

// The offer promised a certificate. The server would refuse the empty one; here is the reason why.
Result<Next> handle(ExpectOwnCertificate&&, event::NoCertificateAvailable&&, const Config&) {
  return Error{
      Code::configuration,
      "the server asks this client to attest itself, and no certificate fits its CertificateRequest; "
      "configure one of a key type that the server accepts",
      extension_of(Role::client, "Certificate")};
}

//= early-attestation#client-credential-fits-choice
Result<Next> handle(ExpectOwnCredential&& s, event::CredentialMade&& e, const Config&) {
  SEATLS_TRY(OwnCredential own, wrap_own(Role::client, s.self.scheme, std::move(e.credential)));
  SEATLS_CHECK(refuse_own_credential(Role::server, own.digest, s.server.credential_digest));
  Attested again{s.self.scheme, std::move(s.server)};
  action::SendExtension send{std::move(own.extension)};
  if (s.after_handshake) return Next{Complete{std::move(again)}, std::move(send)};
  return Next{ExpectFinished{std::move(s.verdict), std::move(s.self), std::move(again)}, std::move(send)};
}

Result<Next> handle(ExpectPlainOwnCertificate&& s, event::CertificateNeeded&& e, const Config&) {
  SEATLS_CHECK(refuse_own_key(Role::server, e.own, s.verdict.binding().binder.tik()));
  return Next{ExpectFinished{std::move(s.verdict)}, action::OmitExtension{}};
}

Result<Next> handle(ExpectPlainOwnCertificate&& s, event::NoCertificateAvailable&&, const Config&) {
  return Next{ExpectFinished{std::move(s.verdict)}, action::Proceed{}};
}

Result<Next> finish(const Config& config, event::HandshakeDone&& e, bool resumed, ExpectFinished s) {
  SEATLS_TRY(SessionReport report, session::conclude(config, {.proof = std::move(e.proof),
                                                              .resumed = e.resumed || resumed,
                                                              .early_data = e.early_data,
                                                              .peer_certificate = !resumed,
                                                              .verdict = std::move(s.verdict),
                                                              .self = std::move(s.self)}));
  return Next{Complete{std::move(s.again)}, action::Complete{std::move(report)}};
}

Result<Next> handle(ExpectPlainOwnCertificate&& s, event::HandshakeDone&& e, const Config& config) {
  return finish(config, std::move(e), false, {std::move(s.verdict)});
}

Result<Next> handle(ExpectFinished&& s, event::HandshakeDone&& e, const Config& config) {
  return finish(config, std::move(e), false, std::move(s));
}

//= early-attestation#post-handshake-transcript
// Post-handshake client authentication (Decision 8). It renews what was negotiated in the handshake,
// by the same scheme, with the CertificateRequest in the base of the binder: the stack's Channel.
Result<Next> handle(Complete&& s, event::CertificateRequestReceived&& e, const Config&) {
  if (!e.body) return Next{std::move(s), action::Proceed{}};
  const std::string path = extension_of(Role::server, "CertificateRequest");
  if (!s.again)
    return Error{Code::unsolicited_extension, "the handshake negotiated no attestation of the client", path};
  auto choice = codec::decode<wire::ClientChoice>(*e.body);
  if (!choice) return std::move(choice).error().in(path);
  if (choice->chosen_client_scheme != s.again->scheme)
    return Error{
        Code::scheme_not_offered,
        describe(choice->chosen_client_scheme) + "; the handshake negotiated " + describe(s.again->scheme),
        path};
  return Next{ExpectOwnCertificate{std::move(s.again->scheme), std::move(s.again->server), {}, true},
              action::Proceed{}};
}

// ---- nothing is negotiated ---------------------------------------------------------------------

Result<Next> handle(Unattested&& s, event::CertificateRequestReceived&& e, const Config&) {
  if (e.body && !s.offered) return unsolicited("CertificateRequest");
  if (e.body)
    return Error{Code::scheme_not_offered, "client_attester_schemes was empty",
                 extension_of(Role::server, "CertificateRequest")};
  return Next{s, action::Proceed{}};
}

Result<Next> handle(Unattested&& s, event::CertificateReceived&& e, const Config&) {
  SEATLS_CHECK(expect_plain(Role::server, e.certificate));
  s.server_certificate = true;
  return Next{s, action::Proceed{}};
}

Result<Next> handle(Unattested&& s, event::CertificateNeeded&&, const Config&) {
  return Next{s, action::OmitExtension{}};
}

Result<Next> handle(Unattested&& s, event::NoCertificateAvailable&&, const Config&) {
  return Next{s, action::Proceed{}};
}

Result<Next> handle(Unattested&& s, event::HandshakeDone&& e, const Config& config) {
  if (!s.server_certificate && !s.resumed && !e.resumed)
    return Error{Code::misuse, "the stack has not told the server's certificate", ""};
  return finish(config, std::move(e), s.resumed, {});
}

}  // namespace

struct ClientState {
  Machine<
      States,
      Events<event::ClientHelloNeeded, event::EncryptedExtensionsReceived, event::CertificateRequestReceived,
             event::CertificateReceived, event::Appraised, event::CertificateNeeded,
             event::NoCertificateAvailable, event::CredentialMade, event::HandshakeDone>,
      client_transitions>
      machine;
};

Client::Client(const Config& config) : state_(new ClientState{decltype(ClientState::machine)(config)}) {}
Client::Client(Client&&) noexcept = default;
Client::~Client() = default;
Action Client::on(event::ClientHelloNeeded e) { return state_->machine.on(std::move(e)); }
Action Client::on(event::EncryptedExtensionsReceived e) { return state_->machine.on(std::move(e)); }
Action Client::on(event::CertificateRequestReceived e) { return state_->machine.on(std::move(e)); }
Action Client::on(event::CertificateReceived e) { return state_->machine.on(std::move(e)); }
Action Client::on(event::Appraised e) { return state_->machine.on(std::move(e)); }
Action Client::on(event::CertificateNeeded e) { return state_->machine.on(std::move(e)); }
Action Client::on(event::NoCertificateAvailable e) { return state_->machine.on(std::move(e)); }
Action Client::on(event::CredentialMade e) { return state_->machine.on(std::move(e)); }
Action Client::on(event::HandshakeDone e) { return state_->machine.on(std::move(e)); }
const std::optional<Error>& Client::failure() const { return state_->machine.failure(); }
bool Client::complete() const { return state_->machine.complete(); }
std::string_view Client::state_name() const { return state_->machine.state_name(); }

}  // namespace seatls::early
