#include "stack/openssl/context.h"

#include <tuple>
#include <utility>

#include "session/resumption_guard.h"

namespace seatls::openssl {
namespace {

void free_attachment(void*, void* held, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Attachment*>(held);
}

int index() {
  static const int value = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_attachment);
  return value;
}

}  // namespace

const std::shared_ptr<Context>& Attachment::holds(Role role) const {
  const auto& own = role == Role::client ? client : server;
  if (own || other_plain) return own;
  return role == Role::client ? server : client;
}

const Attachment* Attachment::of(const SSL_CTX* ctx) {
  return static_cast<const Attachment*>(SSL_CTX_get_ex_data(ctx, index()));
}

bool Attachment::passes(const SSL* ssl) {
  const Attachment* attached = of(SSL_get_SSL_CTX(ssl));
  return attached != nullptr && !attached->holds(role_of(ssl));
}

bool Attachment::put(SSL_CTX* ctx, Attachment attachment) {
  auto held = std::make_unique<Attachment>(std::move(attachment));
  if (SSL_CTX_set_ex_data(ctx, index(), held.get()) != 1) return false;
  std::ignore = held.release();
  return true;
}

int Context::verify_mode() const {
  if (!config->require) return 0;
  const Require& require = *config->require;
  if (config->role == Role::client)
    return SSL_VERIFY_PEER;  // every identity rule asks for a verified chain or key
  const bool pki_alone = require.identity == IdentityRule::pki;
  if (require.attestation == Requirement::off && !pki_alone) return 0;
  const bool must_present = require.attestation == Requirement::required || pki_alone;
  return SSL_VERIFY_PEER | (must_present ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
}

bool Context::full_handshakes_only() const { return session::full_handshakes_only(*config); }

}  // namespace seatls::openssl
