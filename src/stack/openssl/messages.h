// The message callback: OpenSSL shows every handshake message as it is hashed. Ours are taken from
// there: the transcript of the binder, and the CertificateRequest that has no extension.
#pragma once

#include <openssl/ssl.h>

namespace seatls::openssl {

// on_message chains to the callback that attach() was given. `arg` is the application's.
void on_message(int sent, int version, int content_type, const void* data, size_t length, SSL* ssl,
                void* arg);

}  // namespace seatls::openssl
