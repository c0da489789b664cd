// The server's side of one handshake.
#include "early/credential.h"
#include "early/machine.h"
#include "negotiate/negotiate.h"
#include "session/conclusion.h"
#include "session/resumption_guard.h"
#include "wire/remote_attestation.h"

namespace seatls::early {
namespace {

using negotiate::Choice;
using session::SealedVerdict;
using session::SelfAttestation;
using Scheme = std::optional<AttestationScheme>;

// ---- states: what each one knows, and no more --------------------------------------------------

struct Start {
  static constexpr std::string_view name = "Start";
};
struct ExpectEncryptedExtensions {  // to be sent
  static constexpr std::string_view name = "ExpectEncryptedExtensions";
  std::optional<Bytes> offer;  // as received
  Choice choice;
  bool retried = false;
};
struct ExpectCertificateRequest {  // to be sent, or the server's own Certificate
  static constexpr std::string_view name = "ExpectCertificateRequest";
  Choice choice;
};
struct ExpectOwnCertificate {  // a CertificateRequest was sent
  static constexpr std::string_view name = "ExpectOwnCertificate";
  Choice choice;
};
struct ExpectOwnCredential {
  static constexpr std::string_view name = "ExpectOwnCredential";
  SelfAttestation self;
  bool certificate_requested = false;
  Scheme client_scheme;
};
// Own is what the client must not send back (Decision 6), nor the same evidence twice (C09).
struct Own {
  Spki key;
  std::optional<SelfAttestation> self;
  Bytes credential_digest;  // empty without `self`
};
// Attested is who attested itself in the handshake, for the case that it is asked again.
struct Attested {
  Spki key;
  Bytes credential_digest;
};
struct ExpectCertificate {
  static constexpr std::string_view name = "ExpectCertificate";
  AttestationScheme client_scheme;
  Own own;
  std::optional<Attested> before = {};
};
struct ExpectPlainCertificate {
  static constexpr std::string_view name = "ExpectPlainCertificate";
  Own own;
};
struct ExpectVerdict {
  static constexpr std::string_view name = "ExpectVerdict";
  session::Binding binding;
  Own own;
};
struct ExpectFinished {
  static constexpr std::string_view name = "ExpectFinished";
  Own own;
  bool client_certificate = false;
  std::optional<SealedVerdict> verdict = {};
};
struct Complete {
  static constexpr std::string_view name = "Complete";
  struct Again {
    AttestationScheme client_scheme;
    Own own;
    Attested before;
  };
  std::optional<Again> again = {};
};
struct Unattested {
  static constexpr std::string_view name = "Unattested";
  bool resumed = false;
  bool certificate_requested = false;
  std::optional<bool> client_certificate = {};  // unset until told
};

using States = std::variant<Start, ExpectEncryptedExtensions, ExpectCertificateRequest, ExpectOwnCertificate,
                            ExpectOwnCredential, ExpectCertificate, ExpectPlainCertificate, ExpectVerdict,
                            ExpectFinished, Unattested, Complete, Refused>;
using Next = Step<States>;

// What was decoded from the client's list encodes again.
template <class Choice>
Action send(const Scheme& scheme) {
  if (!scheme) return action::OmitExtension{};
  return action::SendExtension{codec::encode(Choice{*scheme}).value()};
}

// ---- handlers, in the order of the handshake ---------------------------------------------------

Result<Next> handle(Start&&, event::ClientHelloReceived&& e, const Config& config) {
  std::optional<wire::ClientOffer> offer;
  if (e.body) {
    auto decoded = codec::decode<wire::ClientOffer>(*e.body);
    if (!decoded) return std::move(decoded).error().in(extension_of(Role::client, "ClientHello"));
    offer = std::move(decoded).value();
  }
  auto choice = negotiate::choose(config, offer ? &*offer : nullptr);
  if (!choice) return std::move(choice).error();
  return Next{ExpectEncryptedExtensions{std::move(e.body), std::move(choice).value()}, action::Proceed{}};
}

//= early-attestation#offer-unchanged-after-retry
// RFC 8446, 4.1.2: after a HelloRetryRequest the client sends the same ClientHello, but for a few
// extensions that this one is not among.
Result<Next> handle(ExpectEncryptedExtensions&& s, event::ClientHelloReceived&& e, const Config&) {
  if (s.retried) return Error{Code::unexpected_message, "a third ClientHello", "client ClientHello"};
  if (e.body != s.offer)
    return Error{Code::offer_changed, "HelloRetryRequest asked for no such change",
                 extension_of(Role::client, "ClientHello")};
  s.retried = true;
  return Next{std::move(s), action::Proceed{}};
}

Result<Next> handle(ExpectEncryptedExtensions&& s, event::EncryptedExtensionsNeeded&& e,
                    const Config& config) {
  if (e.resumed) {
    SEATLS_CHECK(session::refuse_shortcut(config, true, false));
    return Next{Unattested{.resumed = true}, action::OmitExtension{}};
  }
  if (!s.choice.any()) return Next{Unattested{}, action::OmitExtension{}};
  //= early-attestation#server-scheme-from-offer
  Action answer = send<wire::ServerChoice>(s.choice.server_scheme);
  return Next{ExpectCertificateRequest{std::move(s.choice)}, std::move(answer)};
}

Result<Next> handle(ExpectCertificateRequest&& s, event::CertificateRequestNeeded&&, const Config&) {
  //= early-attestation#client-scheme-from-offer
  Action answer = send<wire::ClientChoice>(s.choice.client_scheme);
  return Next{ExpectOwnCertificate{std::move(s.choice)}, std::move(answer)};
}

Result<Next> attest(const Config& config, Choice choice, bool certificate_requested,
                    event::CertificateNeeded&& e) {
  SEATLS_TRY(EvidenceRequest request, request_own(config, Role::server, std::move(*choice.server_scheme), e));
  return Next{ExpectOwnCredential{
                  {request.scheme, request.binder}, certificate_requested, std::move(choice.client_scheme)},
              action::Attest{std::move(request)}};
}

Result<Next> handle(ExpectCertificateRequest&& s, event::CertificateNeeded&& e, const Config& config) {
  if (s.choice.client_scheme)
    return Error{Code::misuse, "the client is to attest itself, and the stack requests no certificate of it",
                 extension_of(Role::server, "CertificateRequest")};
  return attest(config, std::move(s.choice), false, std::move(e));
}

Result<Next> handle(ExpectOwnCertificate&& s, event::CertificateNeeded&& e, const Config& config) {
  if (s.choice.server_scheme) return attest(config, std::move(s.choice), true, std::move(e));
  return Next{ExpectCertificate{std::move(*s.choice.client_scheme), {std::move(e.own), {}, {}}},
              action::OmitExtension{}};
}

//= early-attestation#server-credential-fits-choice
Result<Next> handle(ExpectOwnCredential&& s, event::CredentialMade&& e, const Config&) {
  SEATLS_TRY(OwnCredential made, wrap_own(Role::server, s.self.scheme, std::move(e.credential)));
  action::SendExtension send_credential{std::move(made.extension)};
  Spki key = s.self.binder.tik();
  Own own{std::move(key), std::move(s.self), std::move(made.digest)};
  if (s.client_scheme)
    return Next{ExpectCertificate{std::move(*s.client_scheme), std::move(own)}, std::move(send_credential)};
  if (s.certificate_requested)
    return Next{ExpectPlainCertificate{std::move(own)}, std::move(send_credential)};
  return Next{ExpectFinished{std::move(own)}, std::move(send_credential)};
}

// A client that attests itself again does so with the same key, and with new evidence.
Result<void> check_renewal(const Attested& before, const AppraisalRequest& request) {
  if (request.binder.tik() != before.key)
    return Error{Code::identity_rejected, "the client attests itself again with another key",
                 "client Certificate"};
  if (!request.scheme.is_result() && constant_time_equal(request.credential_digest, before.credential_digest))
    return Error{Code::evidence_reused, "", extension_of(Role::client, "Certificate[0]")};
  return {};
}

Result<Next> handle(ExpectCertificate&& s, event::CertificateReceived&& e, const Config&) {
  SEATLS_TRY(AppraisalRequest request, open_peer(Role::client, s.client_scheme, e));
  SEATLS_CHECK(refuse_own_key(Role::client, s.own.key, e.certificate.spki));
  SEATLS_CHECK(refuse_own_credential(Role::client, s.own.credential_digest, request.credential_digest));
  if (s.before) SEATLS_CHECK(check_renewal(*s.before, request));
  return Next{ExpectVerdict{binding_of(request), std::move(s.own)}, action::Appraise{std::move(request)}};
}

//= early-attestation#required-fails-closed
Result<Next> handle(ExpectCertificate&& s, event::NoCertificateReceived&&, const Config&) {
  return Error{Code::attestation_required,
               "the client was to attest by " + describe(s.client_scheme) + " and sent no certificate",
               "client Certificate"};
}

Result<Next> handle(ExpectPlainCertificate&& s, event::CertificateReceived&& e, const Config&) {
  SEATLS_CHECK(expect_plain(Role::client, e.certificate));
  SEATLS_CHECK(refuse_own_key(Role::client, s.own.key, e.certificate.spki));
  return Next{ExpectFinished{std::move(s.own), true}, action::Proceed{}};
}

Result<Next> handle(ExpectPlainCertificate&& s, event::NoCertificateReceived&&, const Config&) {
  return Next{ExpectFinished{std::move(s.own)}, action::Proceed{}};
}

Result<Next> handle(ExpectVerdict&& s, event::Appraised&& e, const Config& config) {
  auto verdict = session::Authorizer::seal(*config.require, std::move(s.binding), std::move(e.result));
  if (!verdict) return std::move(verdict).error().in(extension_of(Role::client, "Certificate[0]"));
  return Next{ExpectFinished{std::move(s.own), true, std::move(verdict).value()}, action::Proceed{}};
}

Result<Next> finish(const Config& config, event::HandshakeDone&& e, session::Handshake handshake,
                    Complete complete) {
  handshake.resumed = handshake.resumed || e.resumed;
  handshake.early_data = e.early_data;
  SEATLS_TRY(SessionReport report, session::conclude(config, std::move(handshake)));
  return Next{std::move(complete), action::Complete{std::move(report)}};
}

Result<Next> handle(ExpectFinished&& s, event::HandshakeDone&& e, const Config& config) {
  Complete complete;
  if (s.verdict) {
    const session::Binding& binding = s.verdict->binding();
    complete.again = {binding.scheme, s.own, {binding.binder.tik(), binding.credential_digest}};
  }
  session::Handshake handshake{.proof = e.proof,
                               .peer_certificate = s.client_certificate,
                               .verdict = std::move(s.verdict),
                               .self = std::move(s.own.self)};
  return finish(config, std::move(e), std::move(handshake), std::move(complete));
}

//= early-attestation#post-handshake-transcript
// Post-handshake client authentication (Decision 8): a new credential for what was negotiated in the
// handshake. It ends in a new report; until then the old one stands.
Result<Next> handle(Complete&& s, event::CertificateRequestNeeded&&, const Config&) {
  if (!s.again) return Next{std::move(s), action::OmitExtension{}};
  Action answer = send<wire::ClientChoice>(s.again->client_scheme);
  return Next{ExpectCertificate{std::move(s.again->client_scheme), std::move(s.again->own),
                                std::move(s.again->before)},
              std::move(answer)};
}

// ---- nothing is negotiated ---------------------------------------------------------------------

Result<Next> handle(Unattested&& s, event::CertificateRequestNeeded&&, const Config&) {
  s.certificate_requested = true;
  return Next{s, action::OmitExtension{}};
}

Result<Next> handle(Unattested&& s, event::CertificateNeeded&&, const Config&) {
  return Next{s, action::OmitExtension{}};
}

Result<Next> handle(Unattested&& s, event::CertificateReceived&& e, const Config&) {
  SEATLS_CHECK(expect_plain(Role::client, e.certificate));
  s.client_certificate = true;
  return Next{s, action::Proceed{}};
}

Result<Next> handle(Unattested&& s, event::NoCertificateReceived&&, const Config&) {
  s.client_certificate = false;
  return Next{s, action::Proceed{}};
}

Result<Next> handle(Unattested&& s, event::HandshakeDone&& e, const Config& config) {
  if (s.certificate_requested && !s.client_certificate)
    return Error{Code::misuse, "the stack has not told whether the client sent a certificate", ""};
  session::Handshake handshake{.proof = e.proof,
                               .resumed = s.resumed,
                               .peer_certificate = s.client_certificate.value_or(false),
                               .verdict = {},
                               .self = {}};
  return finish(config, std::move(e), std::move(handshake), {});
}

}  // namespace

struct ServerState {
  Machine<
      States,
      Events<event::ClientHelloReceived, event::EncryptedExtensionsNeeded, event::CertificateRequestNeeded,
             event::CertificateNeeded, event::CredentialMade, event::CertificateReceived,
             event::NoCertificateReceived, event::Appraised, event::HandshakeDone>,
      server_transitions>
      machine;
};

Server::Server(const Config& config) : state_(new ServerState{decltype(ServerState::machine)(config)}) {}
Server::Server(Server&&) noexcept = default;
Server::~Server() = default;
Action Server::on(event::ClientHelloReceived e) { return state_->machine.on(std::move(e)); }
Action Server::on(event::EncryptedExtensionsNeeded e) { return state_->machine.on(std::move(e)); }
Action Server::on(event::CertificateRequestNeeded e) { return state_->machine.on(std::move(e)); }
Action Server::on(event::CertificateNeeded e) { return state_->machine.on(std::move(e)); }
Action Server::on(event::CredentialMade e) { return state_->machine.on(std::move(e)); }
Action Server::on(event::CertificateReceived e) { return state_->machine.on(std::move(e)); }
Action Server::on(event::NoCertificateReceived e) { return state_->machine.on(std::move(e)); }
Action Server::on(event::Appraised e) { return state_->machine.on(std::move(e)); }
Action Server::on(event::HandshakeDone e) { return state_->machine.on(std::move(e)); }
const std::optional<Error>& Server::failure() const { return state_->machine.failure(); }
bool Server::complete() const { return state_->machine.complete(); }
std::string_view Server::state_name() const { return state_->machine.state_name(); }

}  // namespace seatls::early
