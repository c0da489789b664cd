#include "stack/boringssl/context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <openssl/x509.h>

#include <array>
#include <string>
#include <utility>

#include "crypto/x509.h"
#include "stack/boringssl/hooks.h"
#include "stack/boringssl/verify.h"

namespace seatls::boringssl {
namespace {

// A Certificate with the largest extension, and room for the chain beside it.
constexpr std::size_t longest_certificate_list = 256 * 1024;
// Less leaves no room for a handshake fragment beside the headers (BoringSSL's own least is 228).
constexpr std::size_t shortest_datagram = 256, longest_of_all_datagrams = 65'507;

constexpr std::array<std::uint16_t, 7> signature_schemes{
    SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_ECDSA_SECP384R1_SHA384, SSL_SIGN_ED25519,
    SSL_SIGN_RSA_PSS_RSAE_SHA256,    SSL_SIGN_RSA_PSS_RSAE_SHA384,    SSL_SIGN_RSA_PSS_RSAE_SHA512,
    SSL_SIGN_ECDSA_SECP521R1_SHA512};

Error configuration(std::string detail) { return {Code::configuration, std::move(detail), "boringssl"}; }
Error failed(const char* call) { return {Code::crypto, std::string(call) + " failed", "boringssl"}; }

// What the configuration demands of the peer's certificate.
int verify_mode(const Config& config) {
  if (config.role == Role::client) return SSL_VERIFY_PEER;
  if (!config.require) return SSL_VERIFY_NONE;
  const Require& require = *config.require;
  const bool pki_alone = require.identity == IdentityRule::pki;
  if (require.attestation == Requirement::off && !pki_alone) return SSL_VERIFY_NONE;
  const bool must_present = require.attestation == Requirement::required || pki_alone;
  return SSL_VERIFY_PEER | (must_present ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
}

Result<void> check(const Config& config, const Settings& settings) {
  SEATLS_CHECK(config.validate());
  if (config.require && config.require->timing != Timing::intra) {
    return configuration("timing " + std::string(name(config.require->timing)) +
                         " needs a channel, which this stack does not carry; use intra");
  }
  if (config.role == Role::server && !settings.identity)
    return configuration("a server needs a certificate and its key");
  if (settings.longest_datagram < shortest_datagram || settings.longest_datagram > longest_of_all_datagrams) {
    return configuration("longest_datagram is " + std::to_string(settings.longest_datagram) +
                         "; it can be 256 to 65507");
  }
  if (settings.suites && *settings.suites != Hash::sha256 && *settings.suites != Hash::sha384)
    return configuration("cipher suites have SHA-256 or SHA-384");
  // A TPM without SHA-384 cannot hold the binder of a SHA-384 suite.
  if (config.attester && settings.suites != Hash::sha256 && config.attester->longest_binder() < 48) {
    return Error{Code::binder_too_long,
                 "a SHA-384 suite needs binders of 48 bytes, the attester holds " +
                     std::to_string(config.attester->longest_binder()) + "; allow SHA-256 suites alone",
                 "boringssl"};
  }
  return {};
}

Result<void> use_identity(SSL_CTX* ctx, const Identity& identity) {
  const ByteView pem = identity.key_pem.reveal();
  const bssl::UniquePtr<BIO> in(BIO_new_mem_buf(pem.data(), static_cast<ossl_ssize_t>(pem.size())));
  const bssl::UniquePtr<EVP_PKEY> key(in ? PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr)
                                         : nullptr);
  if (!key) return configuration("the private key cannot be parsed");
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> owned;
  std::vector<CRYPTO_BUFFER*> chain;
  for (const Bytes& der : identity.chain) {
    owned.emplace_back(CRYPTO_BUFFER_new(der.data(), der.size(), nullptr));
    chain.push_back(owned.back().get());
  }
  if (chain.empty()) return configuration("the identity has no certificate");
  if (SSL_CTX_set_chain_and_key(ctx, chain.data(), chain.size(), key.get(), nullptr) != 1)
    return configuration("the certificate and the private key cannot be used together");
  return {};
}

Result<void> trust(SSL_CTX* ctx, const std::vector<Bytes>& anchors) {
  X509_STORE* store = SSL_CTX_get_cert_store(ctx);
  for (const Bytes& der : anchors) {
    const std::uint8_t* at = der.data();
    const bssl::UniquePtr<X509> anchor(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (!anchor || at != der.data() + der.size()) return configuration("an anchor cannot be parsed");
    if (X509_STORE_add_cert(store, anchor.get()) != 1) return failed("X509_STORE_add_cert");
  }
  return {};
}

Result<void> use_suites(SSL_CTX* ctx, Hash hash) {
  constexpr std::array<std::uint16_t, 2> sha256{0x1301, 0x1303};  // AES-128-GCM, ChaCha20-Poly1305
  constexpr std::array<std::uint16_t, 1> sha384{0x1302};          // AES-256-GCM
  const bool short_hash = hash == Hash::sha256;
  if (SSL_CTX_set1_tls13_ciphers(ctx, short_hash ? sha256.data() : sha384.data(), nullptr,
                                 short_hash ? sha256.size() : sha384.size()) != 1) {
    return failed("SSL_CTX_set1_tls13_ciphers");
  }
  return {};
}

Result<Bytes> alpn_list(const std::vector<std::string>& names) {
  Bytes list;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > 255) return configuration("an ALPN name has 1 to 255 bytes");
    list.push_back(static_cast<std::uint8_t>(name.size()));
    list.insert(list.end(), name.begin(), name.end());
  }
  return list;
}

int select_alpn(SSL*, const std::uint8_t** out, std::uint8_t* length, const std::uint8_t* offered,
                unsigned offered_length, void* own) {
  const auto* list = static_cast<const Bytes*>(own);
  std::uint8_t* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, length, list->data(), static_cast<unsigned>(list->size()), offered,
                            offered_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Result<void> speak(Context::Impl& context) {
  SSL_CTX* ctx = context.ctx.get();
  SEATLS_TRY(context.alpn, alpn_list(context.settings.alpn));
  if (context.alpn.empty()) return {};
  if (context.config->role == Role::server) {
    SSL_CTX_set_alpn_select_cb(ctx, select_alpn, &context.alpn);
  } else if (SSL_CTX_set_alpn_protos(ctx, context.alpn.data(), context.alpn.size()) != 0) {
    return failed("SSL_CTX_set_alpn_protos");
  }
  return {};
}

thread_local const Context::Impl* running = nullptr;

}  // namespace

Running::Running(const Context::Impl& context) : before_(std::exchange(running, &context)) {}
Running::~Running() { running = before_; }

// The wall clock, which BoringSSL would take, can be set back.
void Running::tell_time(const SSL*, timeval* out) {
  using namespace std::chrono;
  const auto now = (running != nullptr ? running->now() : steady_clock::now()).time_since_epoch();
  out->tv_sec = duration_cast<seconds>(now).count();
  out->tv_usec = static_cast<suseconds_t>((duration_cast<microseconds>(now) % seconds(1)).count());
}

Result<Context> Context::create(Config config, Settings settings) {
  SEATLS_CHECK(check(config, settings));
  auto context = std::make_shared<Impl>();
  const std::optional<Identity> identity = std::exchange(settings.identity, std::nullopt);
  context->config = std::make_shared<const Config>(std::move(config));
  context->settings = std::move(settings);
  const Settings& set = context->settings;
  const bool datagrams = context->over_datagrams(), server = context->config->role == Role::server;

  context->ctx.reset(SSL_CTX_new(datagrams ? DTLS_method() : TLS_method()));
  SSL_CTX* ctx = context->ctx.get();
  const std::uint16_t version = datagrams ? DTLS1_3_VERSION : TLS1_3_VERSION;
  if (ctx == nullptr || SSL_CTX_set_min_proto_version(ctx, version) != 1 ||
      SSL_CTX_set_max_proto_version(ctx, version) != 1 ||
      SSL_CTX_set_verify_algorithm_prefs(ctx, signature_schemes.data(), signature_schemes.size()) != 1 ||
      SSL_CTX_set_signing_algorithm_prefs(ctx, signature_schemes.data(), signature_schemes.size()) != 1) {
    return failed("SSL_CTX_new");
  }
  if (identity) {
    SEATLS_CHECK(use_identity(ctx, *identity));
    SEATLS_TRY(context->own_key, crypto::spki_of_certificate(identity->chain.front()));
  }
  SEATLS_CHECK(trust(ctx, set.anchors));
  if (set.suites) SEATLS_CHECK(use_suites(ctx, *set.suites));
  if (!set.groups.empty() && SSL_CTX_set1_groups_list(ctx, set.groups.c_str()) != 1)
    return configuration("groups " + set.groups + " are not all known");
  SEATLS_CHECK(speak(*context));

  //= expat#no-tickets
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU);
  SSL_CTX_set_num_tickets(ctx, 0);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_current_time_cb(ctx, Running::tell_time);
  SSL_CTX_set_max_cert_list(ctx, longest_certificate_list);
  SSL_CTX_set_custom_verify(ctx, verify_mode(*context->config), on_verify);
  //= early-attestation#code-point-configurable
  context->hooks = make_hooks(context->config->extension_type, datagrams && server && !set.address_proven);
  SSL_CTX_set_seatls_hooks(ctx, &context->hooks);
  return Context(std::move(context));
}

}  // namespace seatls::boringssl
