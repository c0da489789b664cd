// Contexts of which nobody knows yet whether they will serve clients or servers.
#include "stack/openssl/roles.h"

#include "fixture.h"

namespace seatls::openssl {
namespace {

using Context = std::unique_ptr<SSL_CTX, fake::FreeSslCtx>;
struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Ssl = std::unique_ptr<SSL, FreeSsl>;

Context plain_context(Role role) {
  return fake::make_context(role, role == Role::server ? plain_server().setup : plain().setup);
}

Context attached(Role role, std::optional<Config> client_config, std::optional<Config> server_config,
                 bool other_plain = false) {
  Context ctx = plain_context(role);
  EXPECT_TRUE(
      attach(ctx.get(), Roles{std::move(client_config), std::move(server_config), other_plain}, {}).ok());
  return ctx;
}

// Ends are two applications that drive their SSLs themselves, over memory.
struct Ends {
  Ends(const Context& c, const Context& s) : client(SSL_new(c.get())), server(SSL_new(s.get())) {
    BIO *one = nullptr, *other = nullptr;
    BIO_new_bio_pair(&one, 1U << 17U, &other, 1U << 17U);
    SSL_set_bio(client.get(), one, one);
    SSL_set_bio(server.get(), other, other);
    SSL_set1_host(client.get(), "server.test");
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
    for (int i = 0; i < 20; ++i) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
  }
  // carries tells whether a byte gets from one to the other.
  static bool carries(const Ssl& from, const Ssl& to) {
    char byte = 'x';
    return SSL_write(from.get(), &byte, 1) == 1 && SSL_read(to.get(), &byte, 1) == 1;
  }
  [[nodiscard]] bool talk() const { return carries(client, server) && carries(server, client); }
  [[nodiscard]] bool leak() const { return carries(client, server) || carries(server, client); }
  Ssl client, server;
};

Config demanding() { return client().demands(Requirement::required).config(); }
Config attesting() { return server().attests().config(); }

TEST(Roles, EachConnectionIsHeldToItsOwn) {
  Party s = server();
  s.attests();
  fake::TlsSetup unattached;
  unattached.identity = s.setup.identity;
  const Context serving = fake::make_context(Role::server, unattached);
  ASSERT_TRUE(attach(serving.get(), Roles{demanding(), s.config(), false}, {}).ok());
  const Context asking = attached(Role::client, demanding(), attesting());
  const Ends ends(asking, serving);
  EXPECT_TRUE(ends.talk());
  const auto of_client = report(ends.client.get()), of_server = report(ends.server.get());
  ASSERT_TRUE(of_client.ok()) << of_client.error().message();
  ASSERT_TRUE(of_server.ok()) << of_server.error().message();
  EXPECT_TRUE(of_client->peer.has_value());
  EXPECT_EQ(of_client->role, Role::client);
  EXPECT_TRUE(of_server->self_attested);
  EXPECT_EQ(of_server->role, Role::server);
}

TEST(Roles, ARoleWithoutConfigurationIsRefused) {
  const Ends ends(plain_context(Role::client), attached(Role::server, demanding(), std::nullopt));
  EXPECT_FALSE(ends.leak());
  const auto refused = report(ends.server.get());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::misuse) << refused.error().message();
}

TEST(Roles, ARoleWithoutConfigurationPassesWhereThatIsSpelledOut) {
  const Ends ends(plain_context(Role::client), attached(Role::server, demanding(), std::nullopt, true));
  EXPECT_TRUE(ends.talk());
  EXPECT_FALSE(report(ends.server.get()).ok());
}

// It passes as if nothing were attached: an offer of the peer's goes unanswered, TLS 1.2 is spoken.
TEST(Roles, WhatPassesIsUntouched) {
  const Context serving = attached(Role::server, demanding(), std::nullopt, true);
  const Context asking = fake::make_context(Role::client, client().demands(Requirement::required).setup);
  const Ends offered(asking, serving);
  EXPECT_FALSE(offered.leak());
  EXPECT_EQ(report(offered.client.get()).error().code, Code::attestation_required);

  const Context old = plain_context(Role::client);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_2_VERSION);
  const Ends ends(old, serving);
  EXPECT_TRUE(ends.talk());
  EXPECT_STREQ(SSL_get_version(ends.server.get()), "TLSv1.2");
}

TEST(Roles, WhatPassesWeakensNothingElse) {
  const Ends ends(attached(Role::client, demanding(), std::nullopt, true), plain_context(Role::server));
  EXPECT_FALSE(ends.leak());
  EXPECT_EQ(report(ends.client.get()).error().code, Code::attestation_required);
}

// The application may lower both ends of its range after attach().
TEST(Roles, TheMinimumVersionIsEachConnections) {
  const Context asking = fake::make_context(Role::client, client().demands(Requirement::required).setup);
  ASSERT_EQ(SSL_CTX_set_min_proto_version(asking.get(), TLS1_2_VERSION), 1);
  ASSERT_EQ(SSL_CTX_set_max_proto_version(asking.get(), TLS1_2_VERSION), 1);
  const Ends ends(asking, plain_context(Role::server));
  EXPECT_FALSE(ends.leak());
  EXPECT_EQ(SSL_is_init_finished(ends.server.get()), 0);
}

TEST(Roles, BothUseOneExtensionType) {
  const Context ctx(SSL_CTX_new(TLS_method()));
  Roles roles{demanding(), attesting(), false};
  roles.server->extension_type = 0xff5d;
  const auto made = attach(ctx.get(), std::move(roles), {});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::configuration);
  EXPECT_FALSE(attach(ctx.get(), Roles{}, {}).ok());
}

}  // namespace
}  // namespace seatls::openssl
