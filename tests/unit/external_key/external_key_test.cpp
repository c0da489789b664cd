// TLS 1.3 handshakes in memory, with keys that this process does not hold.
#include "stack/openssl/external_key.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <poll.h>

#include "attest/tpm2/keys.h"
#include "crypto/x509.h"
#include "fake/slow_signer.h"
#include "fake/swtpm.h"
#include "seatls/attesters.h"
#include "seatls/openssl.h"
#include "stack/openssl/async_wait.h"
#include "stack/openssl/tls_error.h"

namespace seatls::openssl {
namespace {

using crypto::KeyType;
using fake::SlowSigner;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, Freed<SSL_free>>;
using Pkey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;

std::string openssl_errors() {
  std::string out;
  while (const unsigned long e = ERR_get_error()) {
    char line[256];
    ERR_error_string_n(e, line, sizeof line);
    out.append(line).append("; ");
  }
  return out;
}

Pkey wrap(std::shared_ptr<Signer> signer) {
  auto key = external_key(std::move(signer));
  EXPECT_TRUE(key.ok()) << (key ? "" : key.error().message());
  return Pkey(key ? *key : nullptr);
}

// The certificate is signed by the signer too.
X509Ptr certificate_of(const std::shared_ptr<Signer>& signer) {
  const auto key = crypto::PublicKey::from_spki(signer->public_key().der()).value();
  const auto algorithm = key.type() == KeyType::p384 ? crypto::SignatureAlgorithm::ecdsa_p384_sha384
                                                     : crypto::SignatureAlgorithm::ecdsa_p256_sha256;
  crypto::CertificateSpec spec;
  spec.common_name = "localhost";
  const auto made = crypto::make_self_signed(spec, key, algorithm, attest::tpm2::sign_with(signer));
  EXPECT_TRUE(made.ok()) << (made ? "" : made.error().message());
  const ByteView der = made->der();
  const unsigned char* p = der.data();
  return X509Ptr(d2i_X509(nullptr, &p, static_cast<long>(der.size())));
}

// The certificate is made with the key in hand: its signer's gate may be closed already.
Context async_server_with(const std::shared_ptr<SlowSigner>& signer) {
  crypto::CertificateSpec spec;
  spec.common_name = "localhost";
  const auto made = crypto::make_self_signed(spec, signer->key());
  EXPECT_TRUE(made.ok());
  const unsigned char* p = made->der().data();
  const X509Ptr x509(d2i_X509(nullptr, &p, static_cast<long>(made->der().size())));
  Context ctx(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_mode(ctx.get(), SSL_MODE_ASYNC);
  EXPECT_EQ(SSL_CTX_use_certificate(ctx.get(), x509.get()), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey(ctx.get(), wrap(signer).get()), 1) << openssl_errors();
  return ctx;
}

Context context_with(const std::shared_ptr<Signer>& signer, bool is_server) {
  Context ctx(SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method()));
  SSL_CTX_set_min_proto_version(ctx.get(), TLS1_3_VERSION);
  SSL_CTX_set_verify(ctx.get(),
                     is_server ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER,
                     [](int, X509_STORE_CTX*) { return 1; });
  EXPECT_EQ(SSL_CTX_use_certificate(ctx.get(), certificate_of(signer).get()), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey(ctx.get(), wrap(signer).get()), 1) << openssl_errors();
  EXPECT_EQ(SSL_CTX_check_private_key(ctx.get()), 1);
  return ctx;
}

// Pair is a client and a server with a pipe in memory between them.
struct Pair {
  Pair(SSL_CTX* client_ctx, SSL_CTX* server_ctx) : client(SSL_new(client_ctx)), server(SSL_new(server_ctx)) {
    BIO* a = nullptr;
    BIO* b = nullptr;
    BIO_new_bio_pair(&a, 0, &b, 0);
    SSL_set_bio(client.get(), a, a);
    SSL_set_bio(server.get(), b, b);
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
  }
  // step gives each side one turn and tells what it waits for.
  std::pair<int, int> step() { return {turn(client.get()), turn(server.get())}; }
  // run goes on until both are done, one fails, or one waits for its signer.
  bool run() {
    for (int i = 0; i < 20; ++i) {
      const auto [c, s] = step();
      if (c == SSL_ERROR_NONE && s == SSL_ERROR_NONE) return true;
      if (c == SSL_ERROR_SSL || s == SSL_ERROR_SSL || c == SSL_ERROR_WANT_ASYNC ||
          s == SSL_ERROR_WANT_ASYNC) {
        return false;
      }
    }
    return false;
  }
  static int turn(SSL* ssl) {
    ERR_clear_error();
    return SSL_get_error(ssl, SSL_do_handshake(ssl));
  }
  Ssl client, server;
};

std::vector<OSSL_ASYNC_FD> waiting_fds(SSL* ssl) {
  std::size_t n = 0;
  SSL_get_all_async_fds(ssl, nullptr, &n);
  std::vector<OSSL_ASYNC_FD> fds(n);
  SSL_get_all_async_fds(ssl, fds.data(), &n);
  return fds;
}

void wait_readable(SSL* ssl) {
  const auto fds = waiting_fds(ssl);
  ASSERT_EQ(fds.size(), 1U);
  pollfd p{fds[0], POLLIN, 0};
  ASSERT_EQ(poll(&p, 1, 60'000), 1);
}

class ExternalKey : public ::testing::TestWithParam<KeyType> {};
INSTANTIATE_TEST_SUITE_P(Curves, ExternalKey, ::testing::Values(KeyType::p256, KeyType::p384),
                         [](const auto& p) { return p.param == KeyType::p384 ? "P384" : "P256"; });

TEST_P(ExternalKey, AuthenticatesBothSides) {
  const auto server_signer = std::make_shared<SlowSigner>(GetParam());
  const auto client_signer = std::make_shared<SlowSigner>(GetParam());
  const Context server = context_with(server_signer, true);
  const Context client = context_with(client_signer, false);
  const int before = server_signer->asked();
  Pair pair(client.get(), server.get());
  ASSERT_TRUE(pair.run()) << openssl_errors();
  EXPECT_EQ(server_signer->asked(), before + 1);  // once for a handshake
  EXPECT_EQ(SSL_version(pair.client.get()), TLS1_3_VERSION);
}

TEST_P(ExternalKey, IsAPublicKeyToOpenSslAndNothingMore) {
  const auto signer = std::make_shared<SlowSigner>(GetParam());
  const Pkey key = wrap(signer);
  const X509Ptr certificate = certificate_of(signer);
  EXPECT_EQ(X509_check_private_key(certificate.get(), key.get()), 1);
  EVP_PKEY* public_key = X509_get0_pubkey(certificate.get());
  EXPECT_EQ(EVP_PKEY_eq(key.get(), public_key), 1);
  EXPECT_EQ(EVP_PKEY_eq(public_key, key.get()), 1);
  unsigned char* der = nullptr;
  const int n = i2d_PUBKEY(key.get(), &der);
  ASSERT_GT(n, 0) << openssl_errors();
  EXPECT_TRUE(std::ranges::equal(ByteView(der, static_cast<std::size_t>(n)), signer->public_key().der()));
  OPENSSL_free(der);

  unsigned char* secret = nullptr;
  EXPECT_LE(i2d_PrivateKey(key.get(), &secret), 0);
  BIGNUM* number = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number), 0);
  ERR_clear_error();
}

TEST_P(ExternalKey, SignsInPiecesToo) {
  const auto signer = std::make_shared<SlowSigner>(GetParam());
  const Pkey key = wrap(signer);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ASSERT_EQ(EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key.get()), 1) << openssl_errors();
  EXPECT_EQ(EVP_DigestSignUpdate(context, "ab", 2), 1);
  EXPECT_EQ(EVP_DigestSignUpdate(context, "c", 1), 1);
  std::size_t size = 0;
  ASSERT_EQ(EVP_DigestSignFinal(context, nullptr, &size), 1);
  Bytes signature(size);
  ASSERT_EQ(EVP_DigestSignFinal(context, signature.data(), &size), 1) << openssl_errors();
  signature.resize(size);
  EVP_MD_CTX_free(context);
  const auto& public_key = signer->key().public_key();
  EXPECT_TRUE(
      public_key.verify(signer->key().default_algorithm(), view("abc"), signature, crypto::EcdsaForm::der)
          .ok());
}

TEST_P(ExternalKey, SignsItsOwnHashAlone) {
  const auto signer = std::make_shared<SlowSigner>(GetParam());
  const Pkey key = wrap(signer);
  const auto init = [&](const char* digest) {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const int ok = EVP_DigestSignInit_ex(context, nullptr, digest, nullptr, nullptr, key.get(), nullptr);
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return ok == 1;
  };
  const bool p384 = GetParam() == KeyType::p384;
  EXPECT_EQ(init("SHA256"), !p384);
  EXPECT_EQ(init("SHA2-384"), p384);
  EXPECT_FALSE(init("SHA1"));
  EXPECT_FALSE(init("SHA512"));
}

TEST(ExternalKeyWaits, WithoutHoldingUpOtherConnections) {
  const auto quick = std::make_shared<SlowSigner>(KeyType::p256);
  const auto gated = std::make_shared<SlowSigner>(KeyType::p256, false);
  const Context server = async_server_with(gated);
  const Context quick_server = context_with(quick, true);
  const Context client = context_with(quick, false);

  Pair waiting(client.get(), server.get());
  ASSERT_FALSE(waiting.run());
  EXPECT_EQ(Pair::turn(waiting.server.get()), SSL_ERROR_WANT_ASYNC);
  EXPECT_EQ(gated->asked(), 1);
  for (int i = 0; i < 3; ++i) {
    Pair other(client.get(), quick_server.get());
    EXPECT_TRUE(other.run()) << openssl_errors();
  }
  EXPECT_EQ(Pair::turn(waiting.server.get()), SSL_ERROR_WANT_ASYNC);
  gated->open();
  wait_readable(waiting.server.get());
  EXPECT_TRUE(waiting.run()) << openssl_errors();
  EXPECT_EQ(gated->asked(), 1);
}

TEST(ExternalKeyWaits, AndUnwindsWhenTheConnectionIsGivenUp) {
  const auto gated = std::make_shared<SlowSigner>(KeyType::p256, false);
  const Context server = async_server_with(gated);
  const Context client(SSL_CTX_new(TLS_client_method()));
  {
    Pair pair(client.get(), server.get());
    ASSERT_FALSE(pair.run());
    ASSERT_EQ(Pair::turn(pair.server.get()), SSL_ERROR_WANT_ASYNC);
    abandon(pair.server.get());
    EXPECT_EQ(SSL_waiting_for_async(pair.server.get()), 0);
    EXPECT_FALSE(take_signing_error().has_value());  // told to nobody, and to no later connection
  }
  gated->open();  // its answer comes to nobody
}

TEST(ExternalKeyFails, WithTheSignersReason) {
  const auto signer = std::make_shared<SlowSigner>(KeyType::p256);
  const Context server = context_with(signer, true);
  const Context client = context_with(std::make_shared<SlowSigner>(KeyType::p256), false);
  signer->fail_with({Code::tpm, "TPM2_Sign: the TPM is in lockout mode", ""});
  Pair pair(client.get(), server.get());
  EXPECT_FALSE(pair.run());
  const Error error = error_of_queue({});
  EXPECT_EQ(error.code, Code::tpm);
  EXPECT_EQ(error.path, "private key");
  EXPECT_FALSE(take_signing_error().has_value());
  // The peer learns that something went wrong, not what.
  EXPECT_EQ(Pair::turn(pair.client.get()), SSL_ERROR_SSL);
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_AD_REASON_OFFSET + SSL_AD_INTERNAL_ERROR);
}

TEST(ExternalKeyFails, WhenTheLimitPasses) {
  const auto gated = std::make_shared<SlowSigner>(KeyType::p256, false);
  auto key = external_key(gated, std::chrono::milliseconds(1));
  ASSERT_TRUE(key.ok());
  const Pkey owned(*key);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ASSERT_EQ(EVP_DigestSignInit(context, nullptr, nullptr, nullptr, owned.get()), 1);
  Bytes out(256);
  std::size_t size = out.size();
  EXPECT_EQ(EVP_DigestSign(context, out.data(), &size, out.data(), 1), 0);
  EVP_MD_CTX_free(context);
  EXPECT_EQ(take_signing_error()->code, Code::timed_out);
  ERR_clear_error();
}

TEST(ExternalKeyIsRefused, ForACertificateOfAnotherKey) {
  const auto signer = std::make_shared<SlowSigner>(KeyType::p256);
  const auto other = std::make_shared<SlowSigner>(KeyType::p256);
  const Context ctx(SSL_CTX_new(TLS_server_method()));
  ASSERT_EQ(SSL_CTX_use_certificate(ctx.get(), certificate_of(other).get()), 1);
  EXPECT_NE(SSL_CTX_use_PrivateKey(ctx.get(), wrap(signer).get()), 1);
  ERR_clear_error();
}

TEST(ExternalKeyIsRefused, ForOtherKindsOfKeys) {
  const auto refused = external_key(std::make_shared<SlowSigner>(KeyType::rsa));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::configuration);
  EXPECT_EQ(external_key(nullptr).error().code, Code::misuse);
}

// Keys of the application are made by OpenSSL's own provider, as before.
TEST(ExternalKeyStaysApart, FromTheApplicationsKeys) {
  const Pkey ours = wrap(std::make_shared<SlowSigner>(KeyType::p256));
  const Pkey theirs(EVP_EC_gen("P-256"));
  ASSERT_NE(theirs, nullptr);
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(theirs.get())), "default");
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(ours.get())), "seatls-external");
}

class ExternalTpmKey : public fake::SwtpmTest {
 protected:
  std::shared_ptr<Signer> make(KeyType type) {
    const TpmAccess access{tcti(), "", ""};
    const auto file = attest::tpm2::create_key(access, attest::tpm2::KeyUse::tik, type);
    EXPECT_TRUE(file.ok()) << (file ? "" : file.error().message());
    auto signer = make_tpm_signer(access, attest::tpm2::write_key_file(*file));
    EXPECT_TRUE(signer.ok());
    return *signer;
  }
};

TEST_F(ExternalTpmKey, AuthenticatesBothSidesOfManyConnectionsAtOnce) {
  const Context server = context_with(make(KeyType::p256), true);
  const Context client = context_with(make(KeyType::p384), false);
  SSL_CTX_set_mode(server.get(), SSL_MODE_ASYNC);
  SSL_CTX_set_mode(client.get(), SSL_MODE_ASYNC);
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < 16; ++i) pairs.push_back(std::make_unique<Pair>(client.get(), server.get()));
  std::size_t done = 0;
  for (int round = 0; round < 100'000 && done < pairs.size(); ++round) {
    done = 0;
    std::vector<pollfd> fds;
    for (auto& pair : pairs) {
      const bool finished = pair->run();
      ASSERT_EQ(ERR_peek_error(), 0U) << openssl_errors();
      if (finished) ++done;
      for (SSL* ssl : {pair->client.get(), pair->server.get()}) {
        for (const int fd : waiting_fds(ssl)) fds.push_back({fd, POLLIN, 0});
      }
    }
    if (done < pairs.size() && !fds.empty()) poll(fds.data(), fds.size(), 60'000);
  }
  EXPECT_EQ(done, pairs.size());
}

TEST_F(ExternalTpmKey, OfADeadTpmFailsTheHandshake) {
  const Context server = context_with(make(KeyType::p256), true);
  const Context client = context_with(std::make_shared<SlowSigner>(KeyType::p256), false);
  tpm().kill();
  Pair pair(client.get(), server.get());
  EXPECT_FALSE(pair.run());
  const auto error = take_signing_error();
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, Code::tpm);
}

}  // namespace
}  // namespace seatls::openssl
