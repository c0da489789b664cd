// The TLS context of a loaded configuration.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>

#include "seatls/config_file.h"
#include "seatls/openssl.h"

namespace seatls::openssl {
namespace {

template <auto F>
struct Free {
  template <class T>
  void operator()(T* p) const {
    F(p);
  }
};
using BioPtr = std::unique_ptr<BIO, Free<BIO_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;

Error failed(const std::string& what) {
  char reason[256] = "no reason given";
  if (const auto code = ERR_get_error(); code != 0) ERR_error_string_n(code, reason, sizeof reason);
  ERR_clear_error();
  return {Code::crypto, what + ": " + reason, "TLS context"};
}

BioPtr reading(ByteView data) { return BioPtr(BIO_new_mem_buf(data.data(), static_cast<int>(data.size()))); }

Result<void> use_certificates(SSL_CTX* ctx, const std::string& pem) {
  const auto bio = reading(view(pem));
  const X509Ptr leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(ctx, leaf.get()) != 1) return failed("the certificate cannot be used");
  while (X509* issuer = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(ctx, issuer) != 1) {
      X509_free(issuer);
      return failed("an issuer's certificate cannot be used");
    }
  }
  ERR_clear_error();  // the end of the file
  return {};
}

Result<void> use_key(SSL_CTX* ctx, const LoadedConfig& loaded) {
  KeyPtr key;
  if (loaded.key_signer) {
    SEATLS_TRY(auto* wrapped, external_key(loaded.key_signer));
    key.reset(wrapped);
  } else if (loaded.key_pem) {
    const auto bio = reading(loaded.key_pem->reveal());
    key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  }
  if (!key || SSL_CTX_use_PrivateKey(ctx, key.get()) != 1) return failed("the private key cannot be used");
  return {};
}

// use_anchors trusts the CAs given; a server also tells clients their names, so that they can choose
// a certificate.
Result<void> use_anchors(SSL_CTX* ctx, const LoadedConfig& loaded) {
  if (loaded.ca_pem.empty()) {
    if (loaded.config.role == Role::client && SSL_CTX_set_default_verify_paths(ctx) != 1)
      return failed("the system's CA certificates cannot be read");
    return {};
  }
  const auto bio = reading(view(loaded.ca_pem));
  X509_STORE* store = SSL_CTX_get_cert_store(ctx);
  while (const X509Ptr ca{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (X509_STORE_add_cert(store, ca.get()) != 1) return failed("a CA certificate cannot be used");
    if (loaded.config.role == Role::server && SSL_CTX_add_client_CA(ctx, ca.get()) != 1)
      return failed("a CA certificate cannot be named to clients");
  }
  ERR_clear_error();
  return {};
}

// ---- seatls/1
// RFC 7301, 3.1: a ProtocolNameList of one.
constexpr auto protocol_list = [] {
  std::array<unsigned char, channel_alpn.size() + 1> list{channel_alpn.size()};
  std::copy(channel_alpn.begin(), channel_alpn.end(), list.begin() + 1);
  return list;
}();

// A server of timing `post` or `hybrid` refuses a client that names other protocols only (alert 120).
template <bool demanded>
int select_protocol(SSL*, const unsigned char** out, unsigned char* length, const unsigned char* offered,
                    unsigned offered_length, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, length, protocol_list.data(), protocol_list.size(), offered,
                            offered_length) == OPENSSL_NPN_NEGOTIATED) {
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
  }
  return demanded ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
}

Result<void> use_framing(SSL_CTX* ctx, const LoadedConfig& loaded) {
  if (loaded.framing == Framing::none) return {};
  const bool demanded = loaded.demands_channel();
  if (loaded.config.role == Role::server) {
    SSL_CTX_set_alpn_select_cb(ctx, demanded ? select_protocol<true> : select_protocol<false>, nullptr);
    return {};
  }
  if (!demanded && !loaded.config.attester) return {};
  // Zero is success here.
  if (SSL_CTX_set_alpn_protos(ctx, protocol_list.data(), protocol_list.size()) != 0)
    return failed("seatls/1 cannot be offered");
  return {};
}

int verify_mode(const LoadedConfig& loaded) {
  const auto& require = loaded.config.require;
  if (loaded.config.role == Role::client) return SSL_VERIFY_PEER;
  if (!require || require->attestation == Requirement::off) return SSL_VERIFY_NONE;
  return require->attestation == Requirement::required ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                                                       : SSL_VERIFY_PEER;
}

}  // namespace

Result<ssl_ctx_st*> make_context(const LoadedConfig& loaded) {
  const bool server = loaded.config.role == Role::server;
  ContextPtr ctx(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  if (!ctx) return failed("no TLS context can be made");
  if (SSL_CTX_set_min_proto_version(ctx.get(), TLS1_3_VERSION) != 1) return failed("TLS 1.3 is not there");
  if (!loaded.suites.empty()) {
    std::string list;
    for (const auto& s : loaded.suites) list += (list.empty() ? "" : ":") + s;
    if (SSL_CTX_set_ciphersuites(ctx.get(), list.c_str()) != 1)
      return failed("the suites cannot be used: " + list);
  }
  if (!loaded.certificate_pem.empty()) {
    SEATLS_CHECK(use_certificates(ctx.get(), loaded.certificate_pem));
    SEATLS_CHECK(use_key(ctx.get(), loaded));
  }
  SEATLS_CHECK(use_anchors(ctx.get(), loaded));
  if (!loaded.name.empty() && X509_VERIFY_PARAM_set1_host(SSL_CTX_get0_param(ctx.get()), loaded.name.c_str(),
                                                          loaded.name.size()) != 1)
    return failed("the peer's name cannot be demanded");
  SSL_CTX_set_verify(ctx.get(), verify_mode(loaded), nullptr);
  SEATLS_CHECK(use_framing(ctx.get(), loaded));
  SEATLS_CHECK(attach(ctx.get(), loaded.config));
  return ctx.release();
}

}  // namespace seatls::openssl
