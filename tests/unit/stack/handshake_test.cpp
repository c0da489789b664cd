// Attested handshakes that end well: each direction, each way of driving an SSL, each suite, each
// kind of key.
#include <array>
#include <string>
#include <tuple>

#include "fixture.h"

namespace seatls::openssl {
namespace {

class EachDrive : public testing::TestWithParam<Drive> {};
INSTANTIATE_TEST_SUITE_P(Drive, EachDrive, testing::Values(Drive::connection, Drive::async, Drive::blocking),
                         [](const auto& drive) {
                           return std::string(drive.param == Drive::connection ? "connection"
                                              : drive.param == Drive::async    ? "async"
                                                                               : "blocking");
                         });

TEST_P(EachDrive, ServerAttests) {
  Party c = client().demands(Requirement::required).driven(GetParam());
  Party s = server().attests().driven(GetParam());
  TlsPair pair(c.setup, s.setup);
  pair.run_until_settled();
  expect_traffic(pair);

  const SessionReport seen = pair.client->report().value();
  ASSERT_TRUE(seen.peer.has_value());
  EXPECT_EQ(seen.peer->tik(), s.setup.identity->certificate.spki());
  EXPECT_EQ(seen.peer->name(), "server.test");
  EXPECT_TRUE(seen.peer->pki_verified());
  EXPECT_EQ(seen.peer->result().tier(), Tier::affirming);
  EXPECT_FALSE(seen.self_attested);

  const SessionReport own = pair.server->report().value();
  EXPECT_FALSE(own.peer.has_value());
  EXPECT_TRUE(own.self_attested);
  EXPECT_EQ(own.self_binder, seen.peer_binder);
  EXPECT_EQ(own.requirement, Requirement::off);
}

TEST_P(EachDrive, ClientAttests) {
  Party c = client()
                .demands(Requirement::off, IdentityRule::pki)
                .identity(fake::certified())
                .attests()
                .driven(GetParam());
  Party s = server().demands(Requirement::required).driven(GetParam());
  TlsPair pair(c.setup, s.setup);
  pair.run_until_settled();
  expect_traffic(pair);
  const SessionReport seen = pair.server->report().value();
  ASSERT_TRUE(seen.peer.has_value());
  EXPECT_EQ(seen.peer->tik(), c.setup.identity->certificate.spki());
  EXPECT_EQ(seen.peer->name(), "CN=seatls test");
  EXPECT_EQ(pair.client->report()->self_binder, seen.peer_binder);
  EXPECT_TRUE(pair.client->report()->pki_verified);
}

TEST_P(EachDrive, BothAttest) {
  Party c = client().demands(Requirement::required).identity(fake::certified()).attests().driven(GetParam());
  Party s = server().demands(Requirement::required).attests().driven(GetParam());
  TlsPair pair(c.setup, s.setup);
  pair.run_until_settled();
  expect_traffic(pair);
  const SessionReport of_client = pair.client->report().value(), of_server = pair.server->report().value();
  ASSERT_TRUE(of_client.peer && of_server.peer);
  EXPECT_EQ(of_client.peer_binder, of_server.self_binder);
  EXPECT_EQ(of_client.self_binder, of_server.peer_binder);
  EXPECT_NE(of_client.self_binder, of_client.peer_binder);
}

TEST_P(EachDrive, AnAnonymousClientIsNamedByItsAttestedKey) {
  Party c =
      client().demands(Requirement::required).identity(fake::self_signed()).attests().driven(GetParam());
  Party s = server().demands(Requirement::required, IdentityRule::attested_key).attests().driven(GetParam());
  TlsPair pair(c.setup, s.setup);
  pair.run_until_settled();
  expect_traffic(pair);
  EXPECT_FALSE(pair.server->report()->peer->pki_verified());
  EXPECT_EQ(pair.server->report()->peer->name(), "") << "an unverified name is not told";
}

TEST_P(EachDrive, AServerIsOnboardedByItsAttestedKey) {
  Party c = client().demands(Requirement::required, IdentityRule::attested_key).driven(GetParam());
  Party s = server().identity(fake::self_signed()).attests().driven(GetParam());
  c.setup.server_name = "";
  TlsPair pair(c.setup, s.setup);
  pair.run_until_settled();
  expect_traffic(pair);
  EXPECT_FALSE(pair.client->report()->pki_verified);
}

// The road over all that the binder depends on: the suite's hash, a HelloRetryRequest, the key.
using Shape = std::tuple<const char*, bool, crypto::KeyType>;
std::string name_of_shape(const testing::TestParamInfo<Shape>& shape) {
  const auto& [suite, retry, key] = shape.param;
  constexpr std::array keys{"p256", "p384", "p521", "ed25519", "rsa"};
  return std::string(suite) + (retry ? "_retry_" : "_") + keys.at(static_cast<std::size_t>(key));
}
class EachShape : public testing::TestWithParam<Shape> {};
INSTANTIATE_TEST_SUITE_P(Shape, EachShape,
                         testing::Combine(testing::Values("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                                          "TLS_CHACHA20_POLY1305_SHA256"),
                                          testing::Bool(),
                                          testing::Values(crypto::KeyType::p256, crypto::KeyType::p384,
                                                          crypto::KeyType::ed25519, crypto::KeyType::rsa)),
                         name_of_shape);

TEST_P(EachShape, BothAttest) {
  const auto [suite, retry, key] = GetParam();
  Party c = client().demands(Requirement::required).identity(fake::certified(key)).attests();
  Party s = server(key).demands(Requirement::required).attests();
  c.setup.before = [suite = suite, retry = retry](SSL_CTX* ctx) {
    SSL_CTX_set_ciphersuites(ctx, suite);
    if (retry) SSL_CTX_set1_groups_list(ctx, "P-256:X25519");
  };
  if (retry) s.setup.before = [](SSL_CTX* ctx) { SSL_CTX_set1_groups_list(ctx, "X25519"); };
  TlsPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);
  EXPECT_STREQ(SSL_get_cipher(pair.client->ssl()), suite);
  const std::size_t length = std::string_view(suite).ends_with("384") ? 48 : 32;
  EXPECT_EQ(pair.client->report()->peer_binder.size(), length);
  EXPECT_EQ(pair.client->report()->peer_binder, pair.server->report()->self_binder);
  EXPECT_EQ(pair.server->report()->peer_binder, pair.client->report()->self_binder);
}

TEST(Handshake, AnOptionalServerIsContentWithoutAClientCertificate) {
  Party c = client().demands(Requirement::required), s = server().attests().demands(Requirement::optional);
  TlsPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);
  EXPECT_FALSE(pair.server->report()->peer.has_value());
}

TEST(Handshake, AnSslIsUsedAgainAfterSslClear) {
  Party c = client().demands(Requirement::required).driven(Drive::blocking);
  Party s = server().attests().driven(Drive::blocking);
  TlsPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);
  const Bytes first = pair.client->report()->peer_binder;
  pair.start_over();
  EXPECT_FALSE(pair.client->report().has_value());
  pair.run();
  expect_traffic(pair);
  EXPECT_NE(pair.client->report()->peer_binder, first);
}

}  // namespace
}  // namespace seatls::openssl
