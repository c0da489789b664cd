#include "stack/openssl/context.h"

#include "session/resumption_guard.h"

namespace seatls::openssl {
namespace {

using Held = std::shared_ptr<Context>;

void free_held(void*, void* held, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Held*>(held); }

int index() {
  static const int value = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_held);
  return value;
}

}  // namespace

std::shared_ptr<Context> Context::of(const SSL_CTX* ctx) {
  const auto* held = static_cast<const Held*>(SSL_CTX_get_ex_data(ctx, index()));
  return held != nullptr ? *held : nullptr;
}

bool Context::put(SSL_CTX* ctx, std::shared_ptr<Context> context) {
  auto held = std::make_unique<Held>(std::move(context));
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
