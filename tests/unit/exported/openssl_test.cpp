// The same over a real connection: OpenSSL's exporter is all that is needed of a stack.
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <memory>

#include "base/encoding.h"
#include "fixture.h"

namespace seatls {
namespace {

using testing::attested;
using testing::Pair;

struct Free {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* ctx) const { SSL_CTX_free(ctx); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
template <class T>
using Ptr = std::unique_ptr<T, Free>;

// Tls is a finished handshake between two ends in memory.
class Tls {
 public:
  explicit Tls(const char* suite) {
    const auto& identity = fake::identity("server");
    const ByteView der = identity.certificate.der();
    const unsigned char* at = der.data();
    const Ptr<X509> certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    const Secret pem = identity.key.to_pem().value();
    const Ptr<BIO> in(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.size())));
    const Ptr<EVP_PKEY> key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_certificate(server_ctx_.get(), certificate.get());
    SSL_CTX_use_PrivateKey(server_ctx_.get(), key.get());
    for (SSL_CTX* ctx : {client_ctx_.get(), server_ctx_.get()}) {
      SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
      SSL_CTX_set_ciphersuites(ctx, suite);
    }
    SSL_CTX_set_keylog_callback(client_ctx_.get(), [](const SSL*, const char* line) {
      if (const std::string text = line; text.starts_with("EXPORTER_SECRET "))
        exporter_secret = base::from_hex(text.substr(text.rfind(' ') + 1)).value();
    });
    client.reset(SSL_new(client_ctx_.get()));
    server.reset(SSL_new(server_ctx_.get()));
    BIO *a = nullptr, *b = nullptr;
    BIO_new_bio_pair(&a, 0, &b, 0);
    SSL_set_bio(client.get(), a, a);
    SSL_set_bio(server.get(), b, b);
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
    for (int i = 0; i < 10 && !(SSL_is_init_finished(client.get()) && SSL_is_init_finished(server.get()));
         ++i) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
  }
  static exported::Connection connection(Role role, SSL* ssl, Hash hash) {
    return {role, hash, [ssl](std::string_view label, ByteView context, std::size_t length) -> Result<Bytes> {
              if (!SSL_is_init_finished(ssl)) return Error{Code::too_early, "", ""};
              Bytes out(length);
              if (SSL_export_keying_material(ssl, out.data(), length, label.data(), label.size(),
                                             context.data(), context.size(), 1) != 1)
                return Error{Code::crypto, "SSL_export_keying_material", ""};
              return out;
            }};
  }
  static inline Bytes exporter_secret;

 private:
  Ptr<SSL_CTX> client_ctx_{SSL_CTX_new(TLS_client_method())}, server_ctx_{SSL_CTX_new(TLS_server_method())};

 public:
  Ptr<SSL> client, server;
};

class OverOpenssl : public ::testing::TestWithParam<std::pair<const char*, Hash>> {};

TEST_P(OverOpenssl, BothEndsAttest) {
  const auto [suite, hash] = GetParam();
  const Tls tls(suite);
  ASSERT_TRUE(SSL_is_init_finished(tls.client.get()) && SSL_is_init_finished(tls.server.get()));
  Pair p;
  p.client.start(Tls::connection(Role::client, tls.client.get(), hash), &p.server.identity.spki(),
                 [](post::Setup&) {});
  p.server.start(Tls::connection(Role::server, tls.server.get(), hash), nullptr, [](post::Setup&) {});
  const auto of_server = p.client.endpoint->request().value(),
             of_client = p.server.endpoint->request().value();
  EXPECT_NE(attested(p.client.take(p.server.answer(of_server.message))), nullptr);
  EXPECT_NE(attested(p.server.take(p.client.answer(of_client.message))), nullptr);

  // E01: an authenticator for the same request on another connection of the same two.
  const Tls other(suite);
  Pair q;
  q.server.start(Tls::connection(Role::server, other.server.get(), hash), nullptr, [](post::Setup&) {});
  testing::expect_refused(p.client.take(q.server.answer(p.client.endpoint->request()->message)),
                          Code::finished_invalid, true);
}

// Nothing to refuse: the exporter is the connection's, whatever keys the records have.
TEST_P(OverOpenssl, C11KeyUpdateChangesNothing) {
  const auto [suite, hash] = GetParam();
  const Tls tls(suite);
  Pair p;
  p.client.start(Tls::connection(Role::client, tls.client.get(), hash), nullptr, [](post::Setup&) {});
  p.server.start(Tls::connection(Role::server, tls.server.get(), hash), nullptr, [](post::Setup&) {});
  const auto request = p.client.endpoint->request().value();
  ASSERT_EQ(SSL_key_update(tls.client.get(), SSL_KEY_UPDATE_REQUESTED), 1);
  char byte = 'x';
  ASSERT_EQ(SSL_write(tls.client.get(), &byte, 1), 1);
  ASSERT_EQ(SSL_read(tls.server.get(), &byte, 1), 1);
  EXPECT_NE(attested(p.client.take(p.server.answer(request.message))), nullptr);
}

// What the vectors export with is what a stack exports with.
TEST_P(OverOpenssl, ExporterOfTheTestsIsTheStacks) {
  const auto [suite, hash] = GetParam();
  const Tls tls(suite);
  const auto real = Tls::connection(Role::client, tls.client.get(), hash).exporter;
  const auto ours = testing::tls_exporter(hash, Tls::exporter_secret);
  for (ByteView context : {ByteView(), view("a context")})
    EXPECT_EQ(real("EXPORTER-client authenticator finished key", context, 32).value(),
              ours("EXPORTER-client authenticator finished key", context, 32).value());
}

INSTANTIATE_TEST_SUITE_P(Suites, OverOpenssl,
                         ::testing::Values(std::pair{"TLS_AES_128_GCM_SHA256", Hash::sha256},
                                           std::pair{"TLS_AES_256_GCM_SHA384", Hash::sha384}));

}  // namespace
}  // namespace seatls
