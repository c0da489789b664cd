// Endpoint: one side of a handshake, fed by a stack's callbacks.
//
// Stacks call back for extensions that are there, and stay silent about those that are not. The
// protocol must hear of both. An Endpoint knows the order of TLS 1.3's messages, and tells the
// protocol of every absent extension before the next thing happens.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "early/events.h"
#include "seatls/bytes.h"
#include "seatls/config.h"
#include "seatls/error.h"
#include "seatls/keys.h"
#include "stack/port.h"

namespace seatls::stack {

using early::Action;

// Message is a place of the remoteAttestation extension, in the order of the handshake.
enum class Message : std::uint8_t { client_hello, encrypted_extensions, certificate_request, certificate };

// Every function that returns an Action returns Refuse with the first error again, once there was one.
class Endpoint {
 public:
  // The port must outlive every call but certificate_received and answer, which do not ask it.
  Endpoint(std::shared_ptr<const Config> config, const Port& port);

  // use replaces the configuration: the server's, once the client has named the host that it wants.
  // It has no effect once the protocol has begun.
  void use(std::shared_ptr<const Config> config);

  // client_hello_received: one was read, with the extension or without. Server; before its extension.
  void client_hello_received() { offers_.emplace_back(); }
  // extension_needed: a message is being written that may hold the extension. Not for Certificate.
  [[nodiscard]] Action extension_needed(Message message);
  // extension_received: a message held the extension. Not for Certificate.
  [[nodiscard]] Action extension_received(Message message, Bytes body);
  // certificate_request_received: one was read, with the extension or without. Client.
  void certificate_request_received() { certificate_request_seen_ = true; }

  // certificate_needed: the own Certificate is being written, and may hold the extension. `own` is
  // the key of its first entry.
  [[nodiscard]] Action certificate_needed(Spki own);
  // certificate_begins: the peer's Certificate is about to be told. certificate_received tells it,
  // once per connection; a later one, of `extension_elsewhere`, tells what only shows by and by.
  // certificate_received and `answer` take all that they need along: an adapter may call them on
  // another stack or thread than its callbacks run on, as long as no two calls overlap.
  void certificate_begins() { tell_absent_before(Message::certificate); }
  [[nodiscard]] Action certificate_received(early::PeerCertificate certificate,
                                            const Result<early::Channel>& channel);
  [[nodiscard]] bool certificate_was_received() const { return told(Message::certificate); }
  // answer hands in what Attest or Appraise came to.
  [[nodiscard]] Action answer(Result<Cmw> credential);
  [[nodiscard]] Action answer(Result<AttestationResult> result);

  // handshake_done: Complete, or Refuse.
  [[nodiscard]] Action handshake_done();

  // refuse ends the connection for a reason that the protocol does not know of.
  Action refuse(Error error);
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  template <class Event>
  Action tell(Event event);
  Action noted(Action action);
  void tell_absent_before(Message message);
  void tell_absent_certificate();
  [[nodiscard]] bool told(Message message) const { return told_[static_cast<std::size_t>(message)]; }
  void mark(Message message) { told_[static_cast<std::size_t>(message)] = true; }

  std::shared_ptr<const Config> config_;
  const Port& port_;
  std::optional<std::variant<early::Client, early::Server>> machine_;  // from the first event on
  std::array<bool, 4> told_{};
  std::vector<std::optional<Bytes>> offers_;                         // of each ClientHello; server
  bool certificate_request_seen_ = false, asked_to_attest_ = false;  // client
  bool own_certificate_ = false;
  std::optional<Error> failure_;
};

}  // namespace seatls::stack
