#include "fake/stack.h"

#include <map>

#include "stack/port.h"

namespace seatls::fake {
namespace {

namespace event = early::event;
namespace action = early::action;

// What the key exchange would have given both ends, and nobody else.
const Bytes& secret() {
  static const Bytes value(32, 0x5e);
  return value;
}

// RFC 8446, 4.4.3
Bytes verify_input(Role signer, ByteView messages) {
  Bytes out(64, 0x20);
  const std::string_view label =
      signer == Role::server ? "TLS 1.3, server CertificateVerify" : "TLS 1.3, client CertificateVerify";
  out.insert(out.end(), label.begin(), label.end());
  out.push_back(0);
  const Bytes hash = crypto::digest(Hash::sha256, messages);
  out.insert(out.end(), hash.begin(), hash.end());
  return out;
}

Bytes finished_mac(Role sender, ByteView messages) {
  Bytes input = bytes(sender == Role::server ? "server" : "client");
  input.insert(input.end(), messages.begin(), messages.end());
  return crypto::hmac(Hash::sha256, secret(), input);
}

bool wants_client(const Config& server) {
  return server.require && server.require->attestation != Requirement::off;
}

}  // namespace

const Identity& identity(const std::string& name) {
  static std::map<std::string, Identity> known;
  auto found = known.find(name);
  if (found == known.end()) {
    auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
    crypto::CertificateSpec spec;
    spec.common_name = name;
    auto certificate = crypto::make_self_signed(spec, key).value();
    found = known.emplace(name, Identity{std::move(key), std::move(certificate)}).first;
  }
  return found->second;
}

Handshake::Handshake(const Endpoint& client, const Endpoint& server, Options options)
    : options_(std::move(options)),
      client_(client.config),
      server_(server.config),
      client_side_{
          Role::client, client, binder::Transcript(binder::Transcript::Extent::client_finished), {}, {},
          {},           {}},
      server_side_{
          Role::server, server, binder::Transcript(binder::Transcript::Extent::client_finished), {}, {},
          {},           {}} {}

const std::vector<Handshake::Phase>& Handshake::handshake_phases() {
  static const std::vector<Phase> list = {&Handshake::hello,
                                          &Handshake::retry,
                                          &Handshake::server_hello,
                                          &Handshake::encrypted_extensions,
                                          &Handshake::certificate_request,
                                          &Handshake::server_certificate,
                                          &Handshake::server_certificate_made,
                                          &Handshake::server_appraised,
                                          &Handshake::server_finished,
                                          &Handshake::client_certificate,
                                          &Handshake::client_certificate_made,
                                          &Handshake::client_finished,
                                          &Handshake::client_certificate_read,
                                          &Handshake::client_appraised,
                                          &Handshake::server_done};
  return list;
}

const std::vector<Handshake::Phase>& Handshake::renewal_phases() {
  static const std::vector<Phase> list = {&Handshake::certificate_request,
                                          &Handshake::client_certificate,
                                          &Handshake::client_certificate_made,
                                          &Handshake::client_renewed,
                                          &Handshake::client_certificate_read,
                                          &Handshake::client_appraised,
                                          &Handshake::server_done};
  return list;
}

void Handshake::renew() {
  phases_ = &renewal_phases();
  phase_ = 0;
  outcome_.server.reset();
  client_side_.made.reset();
  server_side_.appraised.reset();
  run();
}

void Handshake::run() {
  while (phase_ < phases_->size() && !outcome_.refused_by) {
    switch ((this->*(*phases_)[phase_])()) {
      case Progress::on: ++phase_; break;
      case Progress::wait:
      case Progress::stop: return;
    }
  }
}

std::optional<Bytes> Handshake::sent(Role sender, MessageType type) const {
  for (const Message& m : sent_) {
    if (m.sender != sender || m.type != type) continue;
    const std::uint16_t extension = client_side_.endpoint.config.extension_type;
    if (m.type != MessageType::certificate) return find(m.extensions, extension);
    return m.entries.empty() ? std::nullopt : find(m.entries[0].extensions, extension);
  }
  return std::nullopt;
}

template <class Event>
early::Action Handshake::tell(Role role, Event event) {
  const auto to = [&](auto& machine) {
    std::string from(machine.state_name());
    early::Action answer = machine.on(std::move(event));
    steps_.push_back({role, std::move(from), std::string(Event::name), std::string(machine.state_name())});
    return answer;
  };
  early::Action answer = [&] {
    if constexpr (
        requires { client_.on(std::move(event)); } && requires { server_.on(std::move(event)); })
      return role == Role::client ? to(client_) : to(server_);
    else if constexpr (requires { client_.on(std::move(event)); })
      return to(client_);
    else
      return to(server_);
  }();
  if (const auto* refused = std::get_if<action::Refuse>(&answer)) (void)refuse(role, refused->error);
  return answer;
}

Handshake::Progress Handshake::refuse(Role by, Error error) {
  if (!outcome_.refused_by) {
    (by == Role::client ? outcome_.client : outcome_.server).reset();
    outcome_.refused_by = by;
    outcome_.alert = side(by).endpoint.config.alerts.number(alert(error.code), by);
    outcome_.error = std::move(error);
    outcome_.at = at_;
  }
  return Progress::stop;
}

Message Handshake::pass(Message message) {
  Side& from = side(message.sender);
  Side& to = side(other(message.sender));
  at_ = std::string(name(message.type));
  const auto record = [&](Side& s, const Bytes& wire) {
    s.transcript.add(wire).value();
    if (message.type == MessageType::certificate_request) s.certificate_request = wire;
    s.messages.insert(s.messages.end(), wire.begin(), wire.end());
  };
  sent_.push_back(message);
  record(from, encode(message));
  if (options_.mitm) options_.mitm(message);
  const Bytes arrived = encode(message);
  record(to, arrived);
  return decode(message.sender, arrived).value();
}

early::Channel Handshake::channel(const Side& s) const {
  if (phases_ == &renewal_phases())
    return {options_.suite, s.transcript.post_handshake_hash(options_.suite, s.certificate_request).value(),
            false};
  return {options_.suite, s.transcript.hash(options_.suite).value(), false};
}

Message Handshake::with_extension(MessageType type, Role sender, const early::Action& answer) const {
  Message m;
  m.type = type;
  m.sender = sender;
  m.suite = options_.suite;
  const auto* send = std::get_if<action::SendExtension>(&answer);
  if (send == nullptr) return m;
  const Endpoint& endpoint = sender == Role::client ? client_side_.endpoint : server_side_.endpoint;
  set(m.extensions, endpoint.config.extension_type, send->body);
  return m;
}

// ---- the flights -------------------------------------------------------------------------------

Handshake::Progress Handshake::hello() {
  at_ = "ClientHello";
  const auto& client = client_side_.endpoint;
  const auto answer =
      tell(Role::client, event::ClientHelloNeeded{client.identity.has_value(), options_.offers_psk});
  if (outcome_.refused_by) return Progress::stop;
  Message m = with_extension(MessageType::client_hello, Role::client, answer);
  m.random = crypto::random_bytes(32);
  m.extensions.push_back({51, crypto::random_bytes(32)});  // key_share, of the same size at least
  const Message arrived = pass(std::move(m));
  tell(Role::server,
       event::ClientHelloReceived{find(arrived.extensions, server_side_.endpoint.config.extension_type)});
  return Progress::on;
}

Handshake::Progress Handshake::retry() {
  if (!options_.retry) return Progress::on;
  Message hrr;
  hrr.type = MessageType::server_hello;
  hrr.sender = Role::server;
  hrr.suite = options_.suite;
  hrr.random = retry_random();
  pass(std::move(hrr));
  at_ = "ClientHello";
  const auto& client = client_side_.endpoint;
  const auto answer =
      tell(Role::client, event::ClientHelloNeeded{client.identity.has_value(), options_.offers_psk});
  if (outcome_.refused_by) return Progress::stop;
  Message m = with_extension(MessageType::client_hello, Role::client, answer);
  m.random = sent_.front().random;
  m.extensions.push_back({51, crypto::random_bytes(65)});
  const Message arrived = pass(std::move(m));
  tell(Role::server,
       event::ClientHelloReceived{find(arrived.extensions, server_side_.endpoint.config.extension_type)});
  return Progress::on;
}

Handshake::Progress Handshake::server_hello() {
  Message m;
  m.type = MessageType::server_hello;
  m.sender = Role::server;
  m.suite = options_.suite;
  m.random = crypto::random_bytes(32);
  m.extensions.push_back({51, crypto::random_bytes(32)});
  pass(std::move(m));
  return Progress::on;
}

Handshake::Progress Handshake::encrypted_extensions() {
  at_ = "EncryptedExtensions";
  const auto answer = tell(Role::server, event::EncryptedExtensionsNeeded{options_.resumed});
  if (outcome_.refused_by) return Progress::stop;
  const Message arrived = pass(with_extension(MessageType::encrypted_extensions, Role::server, answer));
  tell(Role::client,
       event::EncryptedExtensionsReceived{
           find(arrived.extensions, client_side_.endpoint.config.extension_type), options_.resumed});
  return Progress::on;
}

Handshake::Progress Handshake::certificate_request() {
  if (options_.resumed) return Progress::on;
  certificate_requested_ = options_.request_certificate || wants_client(server_side_.endpoint.config);
  if (!certificate_requested_) return Progress::on;
  at_ = "CertificateRequest";
  const auto answer = tell(Role::server, event::CertificateRequestNeeded{});
  if (outcome_.refused_by) return Progress::stop;
  const Message arrived = pass(with_extension(MessageType::certificate_request, Role::server, answer));
  tell(Role::client, event::CertificateRequestReceived{
                         find(arrived.extensions, client_side_.endpoint.config.extension_type)});
  return Progress::on;
}

// ---- certificates, either direction ------------------------------------------------------------

Handshake::Progress Handshake::make_certificate(Role own) {
  at_ = "Certificate";
  Side& s = side(own);
  certificate_action_ = tell(own, event::CertificateNeeded{s.endpoint.identity->spki(), channel(s)});
  if (auto* attest = std::get_if<action::Attest>(&*certificate_action_))
    s.endpoint.config.attester->attest(std::move(attest->request),
                                       [&s](Result<Cmw> made) { s.made = std::move(made); });
  return Progress::on;
}

Handshake::Progress Handshake::send_certificate(Role own) {
  Side& s = side(own);
  if (std::holds_alternative<action::Attest>(*certificate_action_)) {
    if (!s.made) return Progress::wait;
    certificate_action_ = tell(own, event::CredentialMade{std::move(*s.made)});
    if (outcome_.refused_by) return Progress::stop;
  }
  Message m = with_extension(MessageType::certificate, own, *certificate_action_);
  m.entries.push_back({bytes(s.endpoint.identity->certificate.der()), std::move(m.extensions)});
  m.extensions = {};
  arrived_certificate_ = pass(std::move(m));
  return Progress::on;
}

early::PeerCertificate Handshake::peer_certificate(const Side& receiver, const Message& m) const {
  const std::uint16_t type = receiver.endpoint.config.extension_type;
  early::PeerCertificate out{crypto::spki_of_certificate(m.entries[0].certificate).value(),
                             find(m.entries[0].extensions, type)};
  std::size_t seen = 0;
  for (const CertificateEntry& entry : m.entries)
    for (const Extension& e : entry.extensions) seen += e.type == type ? 1U : 0U;
  out.extension_elsewhere = seen > (out.extension ? 1U : 0U);
  return out;
}

Handshake::Progress Handshake::receive_certificate(Role receiver) {
  Side& s = side(receiver);
  const Message& m = *arrived_certificate_;
  at_ = "Certificate";
  if (m.entries.empty()) {
    tell(receiver, event::NoCertificateReceived{});
    return Progress::on;
  }
  auto answer = tell(receiver, event::CertificateReceived{peer_certificate(s, m), channel(s)});
  if (auto* appraise = std::get_if<action::Appraise>(&answer))
    s.endpoint.config.require->verifier->appraise(
        std::move(appraise->request), [&s](Result<AttestationResult> r) { s.appraised = std::move(r); });
  return Progress::on;
}

Handshake::Progress Handshake::take_verdict(Role relying_party) {
  Side& s = side(relying_party);
  const auto state = relying_party == Role::client ? client_.state_name() : server_.state_name();
  if (state != "ExpectVerdict") return Progress::on;
  if (!s.appraised) return Progress::wait;
  tell(relying_party, event::Appraised{std::move(*s.appraised)});
  return Progress::on;
}

bool Handshake::prove(Role sender) {
  Side& own = side(sender);
  Side& peer = side(other(sender));
  const bool certificate = arrived_certificate_ && !arrived_certificate_->entries.empty();
  bool proven = true;
  if (certificate) {
    Message cv;
    cv.type = MessageType::certificate_verify;
    cv.sender = sender;
    cv.proof = own.endpoint.identity->key
                   .sign(crypto::SignatureAlgorithm::ecdsa_p256_sha256, verify_input(sender, own.messages),
                         crypto::EcdsaForm::der)
                   .value();
    const Bytes expected = verify_input(sender, peer.messages);
    const Message arrived = pass(std::move(cv));
    const Spki leaf = crypto::spki_of_certificate(arrived_certificate_->entries[0].certificate).value();
    proven = crypto::PublicKey::from_spki(leaf.der())
                 ->verify(crypto::SignatureAlgorithm::ecdsa_p256_sha256, expected, arrived.proof,
                          crypto::EcdsaForm::der)
                 .ok();
  }
  Message finished;
  finished.type = MessageType::finished;
  finished.sender = sender;
  finished.proof = finished_mac(sender, own.messages);
  const Bytes expected = finished_mac(sender, peer.messages);
  return pass(std::move(finished)).proof == expected && proven;
}

Handshake::Progress Handshake::server_certificate() {
  return options_.resumed ? Progress::on : make_certificate(Role::server);
}
Handshake::Progress Handshake::server_certificate_made() {
  if (options_.resumed) return Progress::on;
  const Progress sent = send_certificate(Role::server);
  return sent == Progress::on ? receive_certificate(Role::client) : sent;
}
Handshake::Progress Handshake::server_appraised() { return take_verdict(Role::client); }
Handshake::Progress Handshake::server_finished() {
  if (!prove(Role::server)) return refuse(Role::client, {Code::handshake_not_verified, "", "server"});
  arrived_certificate_.reset();
  return Progress::on;
}

Handshake::Progress Handshake::client_certificate() {
  if (!certificate_requested_) return Progress::on;
  client_presents_ = client_side_.endpoint.identity && !options_.withholds_certificate;
  if (client_presents_) return make_certificate(Role::client);
  at_ = "Certificate";
  tell(Role::client, event::NoCertificateAvailable{});
  return Progress::on;
}

Handshake::Progress Handshake::client_certificate_made() {
  if (!certificate_requested_) return Progress::on;
  if (client_presents_) return send_certificate(Role::client);
  Message empty;
  empty.type = MessageType::certificate;
  empty.sender = Role::client;
  arrived_certificate_ = pass(std::move(empty));
  return Progress::on;
}

// The client is done as soon as its Finished is out, before the server has looked at its flight:
// what it then writes, the server must not release.
Handshake::Progress Handshake::client_finished() {
  client_proven_ = prove(Role::client);
  at_ = "Finished";
  auto answer =
      tell(Role::client, event::HandshakeDone{stack::FinishedMint::mint(client_side_.endpoint.pki, "server"),
                                              options_.resumed, options_.early_data});
  if (auto* complete = std::get_if<action::Complete>(&answer)) outcome_.client = std::move(complete->report);
  return Progress::on;
}

Handshake::Progress Handshake::client_renewed() {
  client_proven_ = prove(Role::client);
  return Progress::on;
}

Handshake::Progress Handshake::client_certificate_read() {
  return certificate_requested_ ? receive_certificate(Role::server) : Progress::on;
}
Handshake::Progress Handshake::client_appraised() { return take_verdict(Role::server); }

Handshake::Progress Handshake::server_done() {
  at_ = "Finished";
  if (!client_proven_) return refuse(Role::server, {Code::handshake_not_verified, "", "client"});
  const bool named = client_presents_ && server_side_.endpoint.pki;
  auto answer =
      tell(Role::server, event::HandshakeDone{stack::FinishedMint::mint(named, named ? "client" : ""),
                                              options_.resumed, options_.early_data});
  if (auto* complete = std::get_if<action::Complete>(&answer)) outcome_.server = std::move(complete->report);
  return Progress::on;
}

}  // namespace seatls::fake
