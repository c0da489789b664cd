#include "stack/endpoint.h"

#include <type_traits>
#include <utility>

namespace seatls::stack {
namespace {

namespace event = early::event;
namespace action = early::action;

template <class M, class Event>
concept Handles = requires(M machine, Event event) { machine.on(std::move(event)); };

}  // namespace

Endpoint::Endpoint(std::shared_ptr<const Config> config, const Port& port)
    : config_(std::move(config)), port_(port) {}

void Endpoint::use(std::shared_ptr<const Config> config) {
  if (!machine_) config_ = std::move(config);
}

template <class Event>
Action Endpoint::tell(Event event) {
  if (failure_) return action::Refuse{*failure_};
  if (!machine_) {
    if (config_->role == Role::client) {
      machine_.emplace(std::in_place_type<early::Client>, *config_);
    } else {
      machine_.emplace(std::in_place_type<early::Server>, *config_);
    }
  }
  return noted(std::visit(
      [&](auto& machine) -> Action {
        if constexpr (Handles<std::remove_reference_t<decltype(machine)>&, Event>) {
          return machine.on(std::move(event));
        } else {
          return action::Refuse{{Code::unexpected_message, "a message of the other role", {}}};
        }
      },
      *machine_));
}

Action Endpoint::noted(Action action) {
  if (const auto* refuse = std::get_if<action::Refuse>(&action); refuse != nullptr && !failure_) {
    failure_ = refuse->error;
  }
  return action;
}

Action Endpoint::refuse(Error error) {
  if (!failure_) failure_ = std::move(error);
  return action::Refuse{*failure_};
}

// What the protocol answers here is Omit or Proceed, which need nothing done, or Refuse, which stays.
void Endpoint::tell_absent_before(Message message) {
  const bool client = config_->role == Role::client;
  if (message > Message::client_hello && !client && !told(Message::client_hello)) {
    mark(Message::client_hello);
    for (auto& offer : std::exchange(offers_, {}))
      std::ignore = tell(event::ClientHelloReceived{std::move(offer)});
  }
  if (message > Message::encrypted_extensions && !told(Message::encrypted_extensions)) {
    mark(Message::encrypted_extensions);
    std::ignore = client ? tell(event::EncryptedExtensionsReceived{std::nullopt, port_.resumed()})
                         : tell(event::EncryptedExtensionsNeeded{port_.resumed()});
  }
  if (message > Message::certificate_request && client && certificate_request_seen_ &&
      !told(Message::certificate_request)) {
    mark(Message::certificate_request);
    std::ignore = tell(event::CertificateRequestReceived{std::nullopt});
  }
}

Action Endpoint::extension_needed(Message message) {
  if (message == Message::client_hello) {
    mark(message);
    return tell(event::ClientHelloNeeded{port_.can_authenticate(), port_.offers_psk()});
  }
  tell_absent_before(message);
  mark(message);
  if (message == Message::encrypted_extensions)
    return tell(event::EncryptedExtensionsNeeded{port_.resumed()});
  return tell(event::CertificateRequestNeeded{});
}

Action Endpoint::extension_received(Message message, Bytes body) {
  if (message == Message::client_hello) {
    // Judged when it is answered: which configuration holds may depend on the rest of ClientHello.
    if (offers_.empty()) return refuse({Code::internal, "an extension before its ClientHello", {}});
    offers_.back() = std::move(body);
    return action::Proceed{};
  }
  tell_absent_before(message);
  mark(message);
  if (message == Message::encrypted_extensions) {
    return tell(event::EncryptedExtensionsReceived{std::move(body), port_.resumed()});
  }
  asked_to_attest_ = true;
  return tell(event::CertificateRequestReceived{std::move(body)});
}

Action Endpoint::certificate_needed(Spki own) {
  tell_absent_before(Message::certificate);
  own_certificate_ = true;
  Result<early::Channel> channel = port_.channel();
  if (!channel) return refuse(std::move(channel).error());
  return tell(event::CertificateNeeded{std::move(own), std::move(channel).value()});
}

Action Endpoint::certificate_received(early::PeerCertificate certificate,
                                      const Result<early::Channel>& channel) {
  if (certificate.extension_elsewhere && told(Message::certificate)) {
    return refuse({Code::misplaced_extension, "it also stands in an entry after the first", "Certificate"});
  }
  mark(Message::certificate);
  if (!channel) return refuse(channel.error());
  return tell(event::CertificateReceived{std::move(certificate), *channel});
}

Action Endpoint::answer(Result<Cmw> credential) { return tell(event::CredentialMade{std::move(credential)}); }

Action Endpoint::answer(Result<AttestationResult> result) {
  return tell(event::Appraised{std::move(result)});
}

void Endpoint::tell_absent_certificate() {
  const bool server = config_->role == Role::server;
  if (const auto key = port_.peer_key(); key && !told(Message::certificate)) {
    std::ignore = certificate_received({*key, std::nullopt, false}, port_.channel());
  } else if (server && told(Message::certificate_request) && !told(Message::certificate)) {
    mark(Message::certificate);
    std::ignore = tell(event::NoCertificateReceived{});
  }
  if (server || !certificate_request_seen_ || own_certificate_) return;
  // Asked for a credential, a client writes the extension whenever it writes a certificate. Not
  // asked, it may have written one of which it told nothing.
  if (const auto own = port_.own_key(); own && !asked_to_attest_) {
    std::ignore = certificate_needed(*own);
  } else {
    std::ignore = tell(event::NoCertificateAvailable{});
  }
}

Action Endpoint::handshake_done() {
  tell_absent_before(Message::certificate);
  if (!port_.resumed()) tell_absent_certificate();
  Result<HandshakeFinished> proof = port_.finished();
  if (!proof) return refuse(std::move(proof).error());
  return tell(event::HandshakeDone{std::move(proof).value(), port_.resumed(), port_.early_data_accepted()});
}

}  // namespace seatls::stack
