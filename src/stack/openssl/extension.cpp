#include "stack/openssl/extension.h"

#include <optional>
#include <utility>
#include <variant>

#include "session/resumption_guard.h"
#include "stack/openssl/credential.h"
#include "stack/openssl/state.h"

namespace seatls::openssl {
namespace {

namespace action = early::action;
using stack::Action;
using stack::Message;

constexpr unsigned places = SSL_EXT_TLS1_3_ONLY | SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS |
                            SSL_EXT_TLS1_3_CERTIFICATE_REQUEST | SSL_EXT_TLS1_3_CERTIFICATE;

Message place_of(unsigned context) {
  if ((context & SSL_EXT_CLIENT_HELLO) != 0) return Message::client_hello;
  if ((context & SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS) != 0) return Message::encrypted_extensions;
  if ((context & SSL_EXT_TLS1_3_CERTIFICATE_REQUEST) != 0) return Message::certificate_request;
  return Message::certificate;
}

// What stops a callback before the protocol is asked.
std::optional<Error> obstacle(const State& state) {
  if (state.failure()) return state.failure();
  if (state.report()) {
    return Error{Code::unexpected_message, "post-handshake authentication carries no attestation here", {}};
  }
  if (role_of(state.ssl()) != state.config().role) {
    return Error{Code::misuse, "the SSL plays another role than the configuration's", {}};
  }
  return std::nullopt;
}

Action write_certificate(State& state, X509* certificate) {
  Result<Spki> key = spki_of(certificate);
  if (!key) return action::Refuse{std::move(key).error()};
  Action next = state.endpoint()->certificate_needed(std::move(key).value());
  if (auto* attest = std::get_if<action::Attest>(&next)) return make_credential(state, std::move(*attest));
  return next;
}

Action read_certificate(State& state, Bytes body, X509* certificate, bool first) {
  Result<Spki> key = spki_of(certificate);
  if (!key) return action::Refuse{std::move(key).error()};
  if (first) return receive_credential(state, {std::move(key).value(), std::move(body), false});
  state.endpoint()->certificate_begins();
  return state.endpoint()->certificate_received({std::move(key).value(), std::nullopt, true},
                                                state.channel());
}

// add returns 1 when the extension goes into the message, 0 when it does not, -1 to refuse.
int add(SSL* ssl, unsigned, unsigned context, const unsigned char** out, size_t* length, X509* certificate,
        size_t chain_index, int* al, void*) {
  *al = SSL_AD_INTERNAL_ERROR;
  State* state = State::of(ssl);
  if (state == nullptr) return Attachment::passes(ssl) ? 0 : -1;
  const Message message = place_of(context);
  if (message == Message::certificate && chain_index != 0) return 0;
  // Post-handshake authentication is the application's own business where nothing is demanded.
  if (state->report() && !state->config().require) return 0;

  std::optional<Error> error = obstacle(*state);
  if (!error) {
    Action next = message == Message::certificate ? write_certificate(*state, certificate)
                                                  : state->endpoint()->extension_needed(message);
    if (const auto* send = std::get_if<action::SendExtension>(&next)) {
      if (!session::may_issue_ticket(state->config(), true)) SSL_set_num_tickets(ssl, 0);
      *length = send->body.size();
      *out = static_cast<const unsigned char*>(OPENSSL_memdup(send->body.data(), send->body.size()));
      return *out != nullptr ? 1 : -1;
    }
    auto* refused = std::get_if<action::Refuse>(&next);
    if (refused == nullptr) return 0;
    error = std::move(refused->error);
  }
  *al = state->refuse(std::move(*error));
  return -1;
}

void free_added(SSL*, unsigned, unsigned, const unsigned char* out, void*) {
  OPENSSL_free(const_cast<unsigned char*>(out));
}

// parse returns 1 to go on, 0 to refuse.
int parse(SSL* ssl, unsigned, unsigned context, const unsigned char* in, size_t length, X509* certificate,
          size_t chain_index, int* al, void*) {
  *al = SSL_AD_INTERNAL_ERROR;
  State* state = State::of(ssl);
  if (state == nullptr) return Attachment::passes(ssl) ? 1 : 0;
  std::optional<Error> error = obstacle(*state);
  if (!error) {
    const Message message = place_of(context);
    Bytes body(in, in + length);
    Action next = message == Message::certificate
                      ? read_certificate(*state, std::move(body), certificate, chain_index == 0)
                      : state->endpoint()->extension_received(message, std::move(body));
    auto* refused = std::get_if<action::Refuse>(&next);
    if (refused == nullptr) return 1;
    error = std::move(refused->error);
  }
  *al = state->refuse(std::move(*error));
  return 0;
}

}  // namespace

bool add_extension(SSL_CTX* ctx, std::uint16_t type) {
  return SSL_CTX_add_custom_ext(ctx, type, places, add, free_added, nullptr, parse, nullptr) == 1;
}

}  // namespace seatls::openssl
