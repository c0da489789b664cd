#include "stack/boringssl/hooks.h"

#include <openssl/rand.h>
#include <openssl/ssl3.h>

#include <optional>
#include <utility>
#include <variant>

#include "stack/boringssl/state.h"

namespace seatls::boringssl {
namespace {

namespace action = early::action;
using stack::Action;
using stack::Message;

// refused tells the alert of an action that ends the handshake, if it does.
bool refused(State& state, Action& next, std::uint8_t* alert) {
  auto* refuse = std::get_if<action::Refuse>(&next);
  if (refuse == nullptr) return false;
  *alert = state.refuse(std::move(refuse->error));
  return true;
}

std::optional<Message> place_of(int message) {
  switch (message) {
    case SSL3_MT_CLIENT_HELLO: return Message::client_hello;
    case SSL3_MT_ENCRYPTED_EXTENSIONS: return Message::encrypted_extensions;
    case SSL3_MT_CERTIFICATE_REQUEST: return Message::certificate_request;
    default: return std::nullopt;
  }
}

int write(SSL* ssl, int message, const std::uint8_t** out, std::size_t* length, std::uint8_t* alert) {
  State& state = State::of(ssl);
  if (state.failure()) return -1;
  const auto give = [&](const Bytes& body) {
    *out = body.data();
    *length = body.size();
    return 1;
  };
  if (message == SSL3_MT_CERTIFICATE) return state.own_extension() ? give(*state.own_extension()) : 0;
  const auto place = place_of(message);
  if (!place) return -1;
  Action next = state.endpoint().extension_needed(*place);
  if (auto* send = std::get_if<action::SendExtension>(&next)) return give(state.keep(std::move(send->body)));
  return refused(state, next, alert) ? -1 : 0;
}

int read(SSL* ssl, int message, const std::uint8_t* data, std::size_t length, const std::uint8_t* certificate,
         std::size_t certificate_length, std::size_t entry, std::uint8_t* alert) {
  State& state = State::of(ssl);
  if (state.failure()) return 0;
  std::optional<Bytes> body;
  if (data != nullptr) body.emplace(data, data + length);
  if (message == SSL3_MT_CERTIFICATE) {
    state.receive_entry(entry, {certificate, certificate_length}, std::move(body));
    return 1;
  }
  const auto place = place_of(message);
  if (!place) return 0;
  if (*place == Message::client_hello) state.endpoint().client_hello_received();
  if (*place == Message::certificate_request) state.endpoint().certificate_request_received();
  if (!body) return 1;
  Action next = state.endpoint().extension_received(*place, std::move(*body));
  return refused(state, next, alert) ? 0 : 1;
}

void hellos_done(SSL* ssl, const std::uint8_t* hash, std::size_t length) {
  State::of(ssl).hellos_done({hash, length});
}

int prepare(SSL* ssl, const std::uint8_t* certificate, std::size_t length, std::uint8_t* alert) {
  State& state = State::of(ssl);
  if (state.failure()) return -1;
  auto next = state.prepare_certificate({certificate, length});
  if (!next) return 0;
  return refused(state, *next, alert) ? -1 : 1;
}

int no_cookie(SSL*, std::uint8_t*) { return 0; }

int random_cookie(SSL*, std::uint8_t* out) { return RAND_bytes(out, SEATLS_COOKIE_LENGTH); }

}  // namespace

SEATLS_HOOKS make_hooks(std::uint16_t extension_type, bool ask_cookie) {
  return {extension_type, write, read, hellos_done, prepare, ask_cookie ? random_cookie : no_cookie};
}

}  // namespace seatls::boringssl
