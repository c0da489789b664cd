// TLS as every benchmark of it has it: the same for plain and attested connections.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "bench/parties.h"

namespace seatls::bench {

struct FreeTls {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
};
using Context = std::unique_ptr<SSL_CTX, FreeTls>;
using Tls = std::unique_ptr<SSL, FreeTls>;

// make_context: TLS 1.3, X25519, TLS_AES_128_GCM_SHA256, no tickets, no cache, peers verified below `ca` (a
// server: where `verify_peer`). `own` null: it shows no certificate.
[[nodiscard]] Result<Context> make_context(Role role, const Identity* own, const Authority& ca,
                                           bool verify_peer);

// tls_error is what OpenSSL's queue says.
[[nodiscard]] Error tls_error(const char* what);

}  // namespace seatls::bench
