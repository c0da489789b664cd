// The functions of libssl that the library stands in front of: those that make what has to be attached,
// those that could take our hooks away, and those that move data.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "preload/library/cover.h"
#include "preload/library/ours.h"
#include "preload/library/watch.h"

#define SEATLS_EXPORT extern "C" __attribute__((visibility("default")))

using namespace seatls::preload;

namespace {

// covered passes a new context on, or frees it.
SSL_CTX* covered(SSL_CTX* ctx) {
  if (ctx == nullptr || Ours::calling() || cover(ctx)) return ctx;
  SSL_CTX_free(ctx);
  return nullptr;
}

// guarded makes a call of a connection. `failed` is what the call returns for an error, and what it returns
// above it may have let data in, which `wipe` takes back.
template <class R, class Call, class Wipe>
R guarded(SSL* ssl, R failed, Call call, Wipe wipe) {
  if (ssl == nullptr) return call();
  if (!before(ssl)) return failed;
  const R result = call();
  if (after(ssl)) return result;
  if (result > failed) wipe(result);
  return failed;
}
template <class R, class Call>
R guarded(SSL* ssl, R failed, Call call) {
  return guarded(ssl, failed, call, [](R) {});
}

}  // namespace

// ---- contexts and connections

SEATLS_EXPORT SSL_CTX* SSL_CTX_new(const SSL_METHOD* method) {
  return covered(SEATLS_NEXT(SSL_CTX_new)(method));
}

SEATLS_EXPORT SSL_CTX* SSL_CTX_new_ex(OSSL_LIB_CTX* library, const char* properties,
                                      const SSL_METHOD* method) {
  return covered(SEATLS_NEXT(SSL_CTX_new_ex)(library, properties, method));
}

// A context that came another way is covered now, which is late but not too late.
SEATLS_EXPORT SSL* SSL_new(SSL_CTX* ctx) {
  if (ctx != nullptr && !Ours::calling() && !cover(ctx)) return nullptr;
  SSL* ssl = SEATLS_NEXT(SSL_new)(ctx);
  if (ssl == nullptr || watch_of(ssl) != nullptr) return ssl;
  SSL_free(ssl);
  return nullptr;
}

// ---- callbacks: the program's own are called by ours

SEATLS_EXPORT void SSL_CTX_set_msg_callback(SSL_CTX* ctx, MessageCallback callback) {
  Kept* kept = Ours::calling() ? nullptr : kept_of(ctx);
  if (kept == nullptr) return SEATLS_NEXT(SSL_CTX_set_msg_callback)(ctx, callback);
  kept->message = callback;
}

SEATLS_EXPORT void SSL_set_msg_callback(SSL* ssl, MessageCallback callback) {
  Watch* watch = Ours::calling() ? nullptr : watch_of(ssl);
  if (watch == nullptr) return SEATLS_NEXT(SSL_set_msg_callback)(ssl, callback);
  watch->message = callback;
}

SEATLS_EXPORT long SSL_CTX_callback_ctrl(SSL_CTX* ctx, int command, void (*callback)(void)) {
  if (command != SSL_CTRL_SET_MSG_CALLBACK || Ours::calling() || kept_of(ctx) == nullptr)
    return SEATLS_NEXT(SSL_CTX_callback_ctrl)(ctx, command, callback);
  SSL_CTX_set_msg_callback(ctx, reinterpret_cast<MessageCallback>(reinterpret_cast<void*>(callback)));
  return 1;
}

SEATLS_EXPORT long SSL_callback_ctrl(SSL* ssl, int command, void (*callback)(void)) {
  if (command != SSL_CTRL_SET_MSG_CALLBACK || Ours::calling())
    return SEATLS_NEXT(SSL_callback_ctrl)(ssl, command, callback);
  SSL_set_msg_callback(ssl, reinterpret_cast<MessageCallback>(reinterpret_cast<void*>(callback)));
  return 1;
}

SEATLS_EXPORT void SSL_CTX_set_cert_verify_callback(SSL_CTX* ctx, ChainVerify callback, void* arg) {
  Kept* kept = Ours::calling() ? nullptr : kept_of(ctx);
  if (kept == nullptr || callback == nullptr)
    return SEATLS_NEXT(SSL_CTX_set_cert_verify_callback)(ctx, callback, arg);
  kept->verify_arg = arg;
  kept->verify = callback;
  SEATLS_NEXT(SSL_CTX_set_cert_verify_callback)(ctx, verify_chain, nullptr);
}

// ---- handshakes

SEATLS_EXPORT int SSL_do_handshake(SSL* ssl) {
  return guarded(ssl, -1, [&] { return SEATLS_NEXT(SSL_do_handshake)(ssl); });
}

// The role is set by the real function, and stands before the handshake that is prepared for.
SEATLS_EXPORT int SSL_connect(SSL* ssl) {
  if (ssl != nullptr && SSL_in_before(ssl) == 1) SSL_set_connect_state(ssl);
  return guarded(ssl, -1, [&] { return SEATLS_NEXT(SSL_connect)(ssl); });
}

SEATLS_EXPORT int SSL_accept(SSL* ssl) {
  if (ssl != nullptr && SSL_in_before(ssl) == 1) SSL_set_accept_state(ssl);
  return guarded(ssl, -1, [&] { return SEATLS_NEXT(SSL_accept)(ssl); });
}

// ---- data

SEATLS_EXPORT int SSL_read(SSL* ssl, void* into, int length) {
  return guarded(
      ssl, -1, [&] { return SEATLS_NEXT(SSL_read)(ssl, into, length); },
      [&](int read) { OPENSSL_cleanse(into, static_cast<size_t>(read)); });
}

SEATLS_EXPORT int SSL_read_ex(SSL* ssl, void* into, size_t length, size_t* read) {
  return guarded(
      ssl, 0, [&] { return SEATLS_NEXT(SSL_read_ex)(ssl, into, length, read); },
      [&](int) {
        OPENSSL_cleanse(into, *read);
        *read = 0;
      });
}

SEATLS_EXPORT int SSL_peek(SSL* ssl, void* into, int length) {
  return guarded(
      ssl, -1, [&] { return SEATLS_NEXT(SSL_peek)(ssl, into, length); },
      [&](int read) { OPENSSL_cleanse(into, static_cast<size_t>(read)); });
}

SEATLS_EXPORT int SSL_peek_ex(SSL* ssl, void* into, size_t length, size_t* read) {
  return guarded(
      ssl, 0, [&] { return SEATLS_NEXT(SSL_peek_ex)(ssl, into, length, read); },
      [&](int) {
        OPENSSL_cleanse(into, *read);
        *read = 0;
      });
}

SEATLS_EXPORT int SSL_write(SSL* ssl, const void* from, int length) {
  return guarded(ssl, -1, [&] { return SEATLS_NEXT(SSL_write)(ssl, from, length); });
}

SEATLS_EXPORT int SSL_write_ex(SSL* ssl, const void* from, size_t length, size_t* written) {
  return guarded(ssl, 0, [&] { return SEATLS_NEXT(SSL_write_ex)(ssl, from, length, written); });
}

SEATLS_EXPORT ossl_ssize_t SSL_sendfile(SSL* ssl, int fd, off_t offset, size_t size, int flags) {
  return guarded(ssl, ossl_ssize_t{-1},
                 [&] { return SEATLS_NEXT(SSL_sendfile)(ssl, fd, offset, size, flags); });
}

// Early data of either side goes ahead of the peer's credential: there is none where connections are held.
SEATLS_EXPORT int SSL_write_early_data(SSL* ssl, const void* from, size_t length, size_t* written) {
  if (Ours::calling() || seatls::openssl::Attachment::passes(ssl))
    return SEATLS_NEXT(SSL_write_early_data)(ssl, from, length, written);
  raise({seatls::Code::not_attested, "early data would be sent before the peer is attested", {}});
  return 0;
}

SEATLS_EXPORT int SSL_read_early_data(SSL* ssl, void* into, size_t length, size_t* read) {
  if (Ours::calling() || seatls::openssl::Attachment::passes(ssl))
    return SEATLS_NEXT(SSL_read_early_data)(ssl, into, length, read);
  if (!before(ssl)) return SSL_READ_EARLY_DATA_ERROR;
  const int result = SEATLS_NEXT(SSL_read_early_data)(ssl, into, length, read);
  if (after(ssl) && result != SSL_READ_EARLY_DATA_SUCCESS) return result;
  if (result == SSL_READ_EARLY_DATA_SUCCESS) OPENSSL_cleanse(into, *read);
  *read = 0;
  return SSL_READ_EARLY_DATA_ERROR;
}
