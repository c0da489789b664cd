#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "seatls/openssl.h"
#include "stack/openssl/context.h"
#include "stack/openssl/extension.h"
#include "stack/openssl/last_line.h"
#include "stack/openssl/messages.h"
#include "stack/openssl/roles.h"

namespace seatls::openssl {
namespace {

// A Certificate with the largest extension, and room for the chain beside it.
constexpr long longest_certificate_list = 256 * 1024;

Error configuration(std::string detail) { return {Code::configuration, std::move(detail), "openssl"}; }

// The alerts that OpenSSL 3 sends in TLS 1.3. For any other number it sends nothing at all.
bool deliverable(std::uint8_t alert) {
  constexpr std::array<std::uint8_t, 33> known{10, 20,  21,  22,  30,  40,  41,  42,  43,  44,  45,
                                               46, 47,  48,  49,  50,  51,  60,  70,  71,  80,  86,
                                               90, 100, 109, 110, 111, 112, 113, 114, 115, 116, 120};
  return std::find(known.begin(), known.end(), alert) != known.end();
}

Result<void> check_alerts(const AlertMap& alerts) {
  for (const std::uint8_t alert :
       {alerts.unsupported_attestation_schemes, alerts.attestation_required_of_client,
        alerts.attestation_required_of_server, alerts.attestation_failed}) {
    if (!deliverable(alert)) {
      return configuration(
          "alert " + std::to_string(alert) +
          " cannot be sent: OpenSSL sends the alerts that TLS has assigned; choose one of those");
    }
  }
  return {};
}

Result<void> check_protocol(SSL_CTX* ctx) {
  const long highest = SSL_CTX_get_max_proto_version(ctx);
  if ((highest != 0 && highest < TLS1_3_VERSION) || (SSL_CTX_get_options(ctx) & SSL_OP_NO_TLSv1_3) != 0) {
    return configuration("the context excludes TLS 1.3; lift its maximum version");
  }
  return {};
}

// A TPM without SHA-384 cannot hold the binder of a SHA-384 suite.
Result<void> check_binder_length(SSL_CTX* ctx, const Config& config) {
  if (!config.attester) return {};
  const std::size_t longest = config.attester->longest_binder();
  const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(ctx);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
    if (std::string_view(SSL_CIPHER_get_version(cipher)) != "TLSv1.3") continue;
    const auto needed = static_cast<std::size_t>(EVP_MD_get_size(SSL_CIPHER_get_handshake_digest(cipher)));
    if (needed <= longest) continue;
    return Error{
        Code::binder_too_long,
        std::string(SSL_CIPHER_get_name(cipher)) + " needs binders of " + std::to_string(needed) +
            " bytes, the attester holds " + std::to_string(longest) +
            "; SSL_CTX_set_ciphersuites(ctx, \"TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256\")",
        "openssl"};
  }
  return {};
}

Result<void> check_verification(SSL_CTX* ctx, const Context& context) {
  if (context.verify_mode() != 0 && (SSL_CTX_get_verify_mode(ctx) & SSL_VERIFY_POST_HANDSHAKE) != 0) {
    return configuration(
        "SSL_VERIFY_POST_HANDSHAKE puts client certificates off until after the handshake; clear it");
  }
  return {};
}

// What a resumed handshake would skip. The same is done once more for every SSL.
void full_handshakes_only(SSL_CTX* ctx) {
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(ctx, 0);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(ctx, 0);
  SSL_CTX_set_psk_use_session_callback(ctx, nullptr);
  SSL_CTX_set_psk_find_session_callback(ctx, nullptr);
  SSL_CTX_set_psk_client_callback(ctx, nullptr);
  SSL_CTX_set_psk_server_callback(ctx, nullptr);
}

Result<void> check(SSL_CTX* ctx, const Context& context) {
  SEATLS_CHECK(context.config->validate());
  SEATLS_CHECK(check_alerts(context.config->alerts));
  SEATLS_CHECK(check_binder_length(ctx, *context.config));
  return check_verification(ctx, context);
}

std::shared_ptr<Context> context_of(Config config, const Chained& chained) {
  auto context = std::make_shared<Context>();
  context->config = std::make_shared<const Config>(std::move(config));
  context->chained = chained;
  return context;
}

}  // namespace

Result<void> attach(SSL_CTX* ctx, Roles roles, AttachOptions options) {
  if (ctx == nullptr) return Error{Code::misuse, "attach: no context", "openssl"};
  if (Attachment::of(ctx) != nullptr)
    return Error{Code::misuse, "attach: the context is attached already", "openssl"};
  SEATLS_CHECK(check_protocol(ctx));

  const Chained chained{options.message_callback, SSL_CTX_get_info_callback(ctx),
                        nullptr};  // verify: per SSL
  Attachment attachment;
  attachment.other_plain = roles.danger_other_plain;
  attachment.message = options.message_callback;
  if (roles.client) attachment.client = context_of(std::move(*roles.client), chained);
  if (roles.server) attachment.server = context_of(std::move(*roles.server), chained);
  bool full_only = false;
  std::optional<std::uint16_t> type;
  for (const auto& context : {attachment.client, attachment.server}) {
    if (!context) continue;
    SEATLS_CHECK(check(ctx, *context));
    full_only = full_only || context->full_handshakes_only();
    if (type && *type != context->config->extension_type)
      return configuration("client and server of one context use the same extension type");
    //= early-attestation#code-point-configurable
    type = context->config->extension_type;
  }
  if (!type) return Error{Code::misuse, "attach: no configuration", "openssl"};

  // Up to here nothing is changed. What passes untouched may be older.
  const bool all_held = attachment.holds(Role::client) && attachment.holds(Role::server);
  if (all_held && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1) {
    return configuration("the context's method does not know TLS 1.3");
  }
  if (!add_extension(ctx, *type)) {
    return configuration("extension type " + std::to_string(*type) + " is taken; set Config::extension_type");
  }
  if (full_only) full_handshakes_only(ctx);
  SSL_CTX_set_max_cert_list(ctx, std::max(SSL_CTX_get_max_cert_list(ctx), longest_certificate_list));
  if (!Attachment::put(ctx, std::move(attachment))) return Error{Code::crypto, "out of memory", "openssl"};
  SSL_CTX_set_msg_callback(ctx, on_message);
  SSL_CTX_set_info_callback(ctx, on_info);
  return {};
}

Result<void> attach(SSL_CTX* ctx, Config config, AttachOptions options) {
  Roles roles;
  (config.role == Role::client ? roles.client : roles.server) = std::move(config);
  return attach(ctx, std::move(roles), options);
}

}  // namespace seatls::openssl
