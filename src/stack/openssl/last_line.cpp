#include "stack/openssl/last_line.h"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <utility>

#include "stack/openssl/state.h"
#include "stack/openssl/tls_error.h"

namespace seatls::openssl {
namespace {

namespace action = early::action;

// cut lets no byte of application data pass any more, in either direction. SSL_read looks at the
// shutdown flags before it hands anything out. SSL_write does not look again after a handshake that
// it drove itself, so the transport is taken away from it: writing to a read-only BIO fails.
void cut(SSL* ssl) {
  SSL_shutdown(ssl);  // the peer is told of the end; OpenSSL has no call for a fatal alert here
  SSL_set0_wbio(ssl, BIO_new_mem_buf("", 0));
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void handshake_done(State& state) {
  SSL* ssl = state.ssl();
  if (state.report()) return;  // of a post-handshake message
  if (state.failure()) return cut(ssl);
  if (!peer_finished(ssl)) {
    // OpenSSL calls also before it reads early data.
    if (!state.context().full_handshakes_only()) return;
    std::ignore = state.refuse({Code::early_data_refused, "the peer sends data before it is attested", {}});
    return cut(ssl);
  }
  if (const auto& require = state.config().require;
      require && require->timing != Timing::intra && !state.driven()) {
    std::ignore = state.refuse({Code::misuse,
                                "timing " + std::string(name(require->timing)) +
                                    " needs a Connection and a Channel: nobody would attest the peer here",
                                {}});
    return cut(ssl);
  }
  if (role_of(ssl) != state.config().role) {
    std::ignore = state.refuse({Code::misuse, "the SSL plays another role than the configuration's", {}});
    return cut(ssl);
  }
  stack::Action action = state.endpoint()->handshake_done();
  if (auto* complete = std::get_if<action::Complete>(&action))
    return state.complete(std::move(complete->report));
  auto* refused = std::get_if<action::Refuse>(&action);
  std::ignore =
      state.refuse(refused != nullptr ? std::move(refused->error)
                                      : Error{Code::internal, "the handshake's end was not judged", {}});
  cut(ssl);
}

// An alert that OpenSSL sends or receives on its own account is why the handshake failed.
void alert_seen(State& state, int where, int value) {
  constexpr int fatal = SSL3_AL_FATAL;
  if (state.over() || (value >> 8) != fatal) return;
  const bool received = (where & SSL_CB_READ) != 0;
  state.note(received ? refused_by_peer(value & 0xff) : error_of_queue(state.config()));
}

}  // namespace

void on_info(const SSL* ssl, int where, int value) {
  State* state = State::of(const_cast<SSL*>(ssl));
  if (state == nullptr) return;
  if (where == SSL_CB_HANDSHAKE_START && SSL_in_before(ssl) == 1) state->begin();
  if (where == SSL_CB_ACCEPT_LOOP) {
    state->follow_context();
    //= expat#no-tickets
    // A server writes its tickets right after the handshake: before it knows what will be asked for later.
    if (carries_channel(ssl)) SSL_set_num_tickets(const_cast<SSL*>(ssl), 0);
  }
  if (where == SSL_CB_ACCEPT_LOOP || where == SSL_CB_CONNECT_LOOP) state->keep_hooks();
  if (where == SSL_CB_HANDSHAKE_DONE) handshake_done(*state);
  if ((where & SSL_CB_ALERT) != 0) alert_seen(*state, where, value);
  if (state->chained().info != nullptr) state->chained().info(ssl, where, value);
}

}  // namespace seatls::openssl
