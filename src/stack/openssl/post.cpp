#include "stack/openssl/post.h"

#include <openssl/rsa.h>

#include <memory>
#include <utility>

namespace seatls::openssl {
namespace {

using exported::SignatureScheme;

struct Free {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
};

exported::Exporter exporter_of(SSL* ssl) {
  return [ssl](std::string_view label, ByteView context, std::size_t length) -> Result<Bytes> {
    if (SSL_is_init_finished(ssl) != 1)
      return Error{Code::too_early, "the handshake is not done", "exporter"};
    Bytes out(length);
    if (SSL_export_keying_material(ssl, out.data(), out.size(), label.data(), label.size(), context.data(),
                                   context.size(), 1) != 1) {
      return Error{Code::crypto, "SSL_export_keying_material failed", "exporter"};
    }
    return out;
  };
}

Result<Bytes> der_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate, &der);
  if (length <= 0) return Error{Code::malformed, "i2d_X509 failed", "own certificate"};
  Bytes out(der, der + length);
  OPENSSL_free(der);
  return out;
}

// The certificate of the handshake and what was sent with it.
Result<exported::CertificateChain> chain_of(SSL* ssl) {
  exported::CertificateChain chain;
  X509* own = SSL_get_certificate(ssl);
  if (own == nullptr) return chain;
  SEATLS_TRY(Bytes leaf, der_of(own));
  chain.push_back({std::move(leaf)});
  STACK_OF(X509)* rest = nullptr;
  if (SSL_get0_chain_certs(ssl, &rest) != 1 || rest == nullptr) return chain;
  for (int i = 0; i < sk_X509_num(rest); ++i) {
    SEATLS_TRY(Bytes issuer, der_of(sk_X509_value(rest, i)));
    chain.push_back({std::move(issuer)});
  }
  return chain;
}

const char* digest_of(SignatureScheme scheme) {
  switch (scheme) {
    case SignatureScheme::ecdsa_secp256r1_sha256:
    case SignatureScheme::rsa_pss_rsae_sha256: return "SHA256";
    case SignatureScheme::ecdsa_secp384r1_sha384:
    case SignatureScheme::rsa_pss_rsae_sha384: return "SHA384";
    case SignatureScheme::ecdsa_secp521r1_sha512:
    case SignatureScheme::rsa_pss_rsae_sha512: return "SHA512";
    case SignatureScheme::ed25519: return nullptr;  // hashes by itself
  }
  return nullptr;
}

Result<Bytes> sign(EVP_PKEY* key, const exported::PreparedAuthenticator& authenticator) {
  const Error failed{Code::crypto, "the private key could not sign", "authenticator > CertificateVerify"};
  const std::unique_ptr<EVP_MD_CTX, Free> ctx(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  if (!ctx || EVP_DigestSignInit_ex(ctx.get(), &parameters, digest_of(authenticator.scheme()), nullptr,
                                    nullptr, key, nullptr) != 1) {
    return failed;
  }
  if (EVP_PKEY_is_a(key, "RSA") == 1 &&
      (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return failed;
  }
  const Bytes& message = authenticator.message();
  std::size_t length = 0;
  if (EVP_DigestSign(ctx.get(), nullptr, &length, message.data(), message.size()) != 1) return failed;
  Bytes signature(length);
  if (EVP_DigestSign(ctx.get(), signature.data(), &length, message.data(), message.size()) != 1)
    return failed;
  signature.resize(length);
  return signature;
}

using Identity = post::event::IdentityVerified::Identity;

struct FreeX509 {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(STACK_OF(X509) * p) const { sk_X509_pop_free(p, X509_free); }
  void operator()(X509_STORE_CTX* p) const { X509_STORE_CTX_free(p); }
};

// chain_verifies builds and checks the chain anew, as the handshake did: what was valid then may have
// expired, or been revoked, since.
bool chain_verifies(SSL* ssl, X509* leaf, STACK_OF(X509) * untrusted) {
  const std::unique_ptr<X509_STORE_CTX, FreeX509> ctx(X509_STORE_CTX_new());
  X509_STORE* trusted = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  return ctx && X509_STORE_CTX_init(ctx.get(), trusted, leaf, untrusted) == 1 &&
         X509_STORE_CTX_set_default(ctx.get(), SSL_is_server(ssl) == 1 ? "ssl_client" : "ssl_server") == 1 &&
         X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(ctx.get()), SSL_get0_param(ssl)) == 1 &&
         X509_verify_cert(ctx.get()) == 1;
}

}  // namespace

Result<Identity> verify_identity_of(const State& state, const exported::CertificateChain& chain) {
  SSL* ssl = state.ssl();
  X509* peer = SSL_get0_peer_certificate(ssl);
  if (peer == nullptr || chain.empty()) return Identity{};
  SEATLS_TRY(const Bytes seen, der_of(peer));
  if (chain.front().certificate != seen) {
    return Error{Code::identity_rejected, "the authenticator shows another certificate than the handshake",
                 "authenticator > Certificate"};
  }
  const std::unique_ptr<STACK_OF(X509), FreeX509> untrusted(sk_X509_new_null());
  for (const auto& entry : chain) {
    const unsigned char* at = entry.certificate.data();
    X509* certificate = d2i_X509(nullptr, &at, static_cast<long>(entry.certificate.size()));
    if (certificate == nullptr || !untrusted || sk_X509_push(untrusted.get(), certificate) <= 0) {
      X509_free(certificate);
      return Error{Code::malformed, "a certificate cannot be parsed", "authenticator > Certificate"};
    }
  }
  SEATLS_TRY(const HandshakeFinished proof, state.finished());
  if (!proof.pki_verified() || !chain_verifies(ssl, peer, untrusted.get())) return Identity{};
  return Identity{true, proof.peer_name()};
}

Result<post::Setup> post_setup_of(const State& state) {
  if (!state.report())
    return Error{Code::not_attested, "the handshake is not done; call handshake()", "Connection"};
  SSL* ssl = state.ssl();
  SEATLS_TRY(const early::Channel channel, state.channel());
  SEATLS_TRY(HandshakeFinished proof, state.finished());
  SEATLS_TRY(exported::CertificateChain chain, chain_of(ssl));
  post::Setup setup{.config = state.context().config,
                    .connection = {state.config().role, channel.hash, exporter_of(ssl)},
                    .proof = std::move(proof)};
  setup.own_key = state.own_key();
  setup.peer_key = state.peer_key();
  if (const auto& peer = state.report()->peer) {
    setup.peer_evidence_digest = peer->result()->evidence_digest;
    setup.peer_kek = peer->result()->kek;
  }
  if (!chain.empty()) setup.identities = {{std::move(chain)}};
  return setup;
}

void sign_with_own_key(const State& state, exported::PreparedAuthenticator authenticator,
                       std::function<void(Result<Bytes>)> done) {
  EVP_PKEY* key = SSL_get_privatekey(state.ssl());
  if (key == nullptr) return done(Error{Code::misuse, "there is no private key", "Connection"});
  EVP_PKEY_up_ref(key);
  const std::shared_ptr<EVP_PKEY> held(key, Free());
  state.worker().post([held, authenticator = std::move(authenticator), done = std::move(done)] {
    done(sign(held.get(), authenticator));
  });
}

}  // namespace seatls::openssl
