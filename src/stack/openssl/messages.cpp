#include "stack/openssl/messages.h"

#include <utility>

#include "stack/openssl/state.h"

namespace seatls::openssl {
namespace {

void handshake_message(State& state, bool sent, ByteView message) {
  if (message.empty()) return;
  const int type = message[0];
  // Each ticket makes a session of its own: the one before it goes when the next one comes.
  if (type == SSL3_MT_NEWSESSION_TICKET && !sent) state.drop_ticket();
  if (state.over()) return;
  if (type == SSL3_MT_CLIENT_HELLO && !sent) state.endpoint()->client_hello_received();
  if (type == SSL3_MT_CERTIFICATE_REQUEST && !sent) state.endpoint()->certificate_request_received();
  if (type == SSL3_MT_CLIENT_HELLO || type == SSL3_MT_SERVER_HELLO) {
    // What does not fit spoils the binder; nothing can be refused from this callback.
    std::ignore = state.transcript().add(message);
  }
}

}  // namespace

void on_message(int sent, int version, int content_type, const void* data, size_t length, SSL* ssl,
                void* arg) {
  State* state = State::of(ssl);
  if (state == nullptr) {
    const Attachment* attached = Attachment::of(SSL_get_SSL_CTX(ssl));
    if (attached != nullptr && attached->message != nullptr)
      attached->message(sent, version, content_type, data, length, ssl, arg);
    return;
  }
  if (content_type == SSL3_RT_HANDSHAKE) {
    handshake_message(*state, sent != 0, {static_cast<const std::uint8_t*>(data), length});
  }
  if (state->chained().message != nullptr) {
    state->chained().message(sent, version, content_type, data, length, ssl, arg);
  }
}

}  // namespace seatls::openssl
