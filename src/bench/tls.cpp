#include "bench/tls.h"

#include <openssl/err.h>

#include <string>

namespace seatls::bench {

Error tls_error(const char* what) {
  char text[200] = "";
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return {Code::internal, std::string(what) + ": " + text, "bench"};
}

Result<Context> make_context(Role role, const Identity* own, const Authority& ca, bool verify_peer) {
  Context ctx(SSL_CTX_new(role == Role::server ? TLS_server_method() : TLS_client_method()));
  if (!ctx) return tls_error("SSL_CTX_new");
  SSL_CTX_set_min_proto_version(ctx.get(), TLS1_3_VERSION);
  if (SSL_CTX_set1_groups_list(ctx.get(), "X25519") != 1 ||
      SSL_CTX_set_ciphersuites(ctx.get(), "TLS_AES_128_GCM_SHA256") != 1)
    return tls_error("groups and suites");
  SSL_CTX_set_session_cache_mode(ctx.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(ctx.get(), SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(ctx.get(), 0);
  SEATLS_CHECK(ca.trust_in(ctx.get()));
  if (verify_peer) SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  if (own != nullptr) SEATLS_CHECK(own->use_in(ctx.get()));
  return ctx;
}

}  // namespace seatls::bench
