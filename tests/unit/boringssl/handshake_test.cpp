// Attested handshakes over TLS 1.3 and DTLS 1.3 that end well: each direction, each suite, each key.
#include <array>
#include <string>
#include <tuple>

#include "fixture.h"

namespace seatls::boringssl {
namespace {

class EachCarrier : public testing::TestWithParam<Carrier> {};
INSTANTIATE_TEST_SUITE_P(Carrier, EachCarrier, testing::Values(Carrier::stream, Carrier::datagrams),
                         [](const auto& carrier) { return name_of(carrier.param); });

TEST_P(EachCarrier, ServerAttests) {
  Party c = client(GetParam()).demands(Requirement::required);
  Party s = server(GetParam()).attests();
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);

  const SessionReport& seen = pair.client->connection().report();
  ASSERT_TRUE(seen.peer.has_value());
  EXPECT_EQ(seen.peer->tik(), s.setup.identity->certificate.spki());
  EXPECT_EQ(seen.peer->name(), "server.test");
  EXPECT_TRUE(seen.peer->pki_verified());
  EXPECT_FALSE(seen.self_attested);

  const SessionReport& own = pair.server->connection().report();
  EXPECT_FALSE(own.peer.has_value());
  EXPECT_TRUE(own.self_attested);
  EXPECT_EQ(own.self_binder, seen.peer_binder);
}

TEST_P(EachCarrier, ClientAttests) {
  Party c = client(GetParam()).demands(Requirement::off, IdentityRule::pki);
  c.identity(fake::certified()).attests();
  Party s = server(GetParam()).demands(Requirement::required);
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);
  const SessionReport& seen = pair.server->connection().report();
  ASSERT_TRUE(seen.peer.has_value());
  EXPECT_EQ(seen.peer->tik(), c.setup.identity->certificate.spki());
  EXPECT_EQ(seen.peer->name(), "CN=seatls test");
  EXPECT_EQ(pair.client->connection().report().self_binder, seen.peer_binder);
}

TEST_P(EachCarrier, AnAnonymousClientIsNamedByItsAttestedKey) {
  Party c = client(GetParam()).demands(Requirement::required);
  c.identity(fake::self_signed()).attests();
  Party s = server(GetParam()).demands(Requirement::required, IdentityRule::attested_key).attests();
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);
  EXPECT_FALSE(pair.server->connection().report().peer->pki_verified());
  EXPECT_EQ(pair.server->connection().report().peer->name(), "") << "an unverified name is not told";
}

TEST_P(EachCarrier, AServerIsOnboardedByItsAttestedKey) {
  Party c = client(GetParam()).demands(Requirement::required, IdentityRule::attested_key);
  Party s = Party(Role::server).identity(fake::self_signed()).over(GetParam()).attests();
  c.setup.server_name = "";
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);
  EXPECT_FALSE(pair.client->connection().report().pki_verified);
}

TEST_P(EachCarrier, APeerWithoutAttestationIsFineWhereItIsOptional) {
  Party c = client(GetParam()).demands(Requirement::optional);
  Party s = server(GetParam());
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);
  EXPECT_FALSE(pair.client->connection().report().peer.has_value());
}

TEST_P(EachCarrier, AnOptionalServerIsContentWithoutAClientCertificate) {
  Party c = client(GetParam()).demands(Requirement::required);
  Party s = server(GetParam()).attests().demands(Requirement::optional);
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);
  EXPECT_FALSE(pair.server->connection().report().peer.has_value());
}

TEST_P(EachCarrier, TheLargestEvidencePasses) {
  constexpr std::size_t length = 64'000;
  Party c = client(GetParam()).demands(Requirement::required, IdentityRule::pki_and_attested, length);
  c.identity(fake::certified()).attests(length);
  Party s = server(GetParam())
                .attests(length)
                .demands(Requirement::required, IdentityRule::pki_and_attested, length);
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);
}

TEST_P(EachCarrier, AlpnIsAgreedOn) {
  Party c = client(GetParam()).demands(Requirement::required);
  Party s = server(GetParam()).attests();
  c.setup.alpn = {"b/1", "a/1"};
  s.setup.alpn = {"a/1"};
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);
  EXPECT_EQ(pair.client->connection().alpn(), "a/1");
  EXPECT_EQ(pair.server->connection().alpn(), "a/1");
}

// The road over all that the binder depends on: the carrier, the suite's hash, a HelloRetryRequest, the key.
using Shape = std::tuple<Carrier, Hash, bool, crypto::KeyType>;
std::string name_of_shape(const testing::TestParamInfo<Shape>& shape) {
  const auto& [carrier, hash, retry, key] = shape.param;
  constexpr std::array keys{"p256", "p384", "p521", "ed25519", "rsa"};
  return name_of(carrier) + "_" + std::string(name(hash)) + (retry ? "_retry_" : "_") +
         keys.at(static_cast<std::size_t>(key));
}
class EachShape : public testing::TestWithParam<Shape> {};
INSTANTIATE_TEST_SUITE_P(Shape, EachShape,
                         testing::Combine(testing::Values(Carrier::stream, Carrier::datagrams),
                                          testing::Values(Hash::sha256, Hash::sha384), testing::Bool(),
                                          testing::Values(crypto::KeyType::p256, crypto::KeyType::p384,
                                                          crypto::KeyType::ed25519, crypto::KeyType::rsa)),
                         name_of_shape);

TEST_P(EachShape, BothAttest) {
  const auto [carrier, hash, retry, key] = GetParam();
  Party c = client(carrier).demands(Requirement::required).identity(fake::certified(key)).attests();
  Party s = server(carrier, key).demands(Requirement::required).attests();
  c.setup.suites = hash;
  c.setup.groups = retry ? "P-256:X25519" : "X25519";
  s.setup.groups = "X25519";
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);
  const SessionReport &of_client = pair.client->connection().report(),
                      &of_server = pair.server->connection().report();
  ASSERT_TRUE(of_client.peer && of_server.peer);
  EXPECT_EQ(of_client.peer_binder.size(), size(hash));
  EXPECT_EQ(of_client.peer_binder, of_server.self_binder);
  EXPECT_EQ(of_client.self_binder, of_server.peer_binder);
  EXPECT_NE(of_client.self_binder, of_client.peer_binder);
}

TEST(Context, RefusesWhatItDoesNotDo) {
  const auto code_of = [](const BoringSetup& setup) {
    const auto context = fake::make_boring_context(setup, nullptr);
    return context ? std::optional<Code>() : context.error().code;
  };
  Party post = client(Carrier::datagrams).demands(Requirement::required);
  post.setup.config.require->timing = Timing::post;
  EXPECT_EQ(code_of(post.setup), Code::configuration);

  Party nobody(Role::server);
  EXPECT_EQ(code_of(nobody.setup), Code::configuration);

  Party tiny = server(Carrier::datagrams).attests();
  tiny.setup.longest_datagram = 200;
  EXPECT_EQ(code_of(tiny.setup), Code::configuration);

  Party tpm = server(Carrier::datagrams).attests();
  tpm.attester->longest = 32;
  EXPECT_EQ(code_of(tpm.setup), Code::binder_too_long);
  tpm.setup.suites = Hash::sha256;
  EXPECT_EQ(code_of(tpm.setup), std::nullopt);
}

TEST(Connection, AClientNeedsANameUnlessTheKeyIsTheName) {
  Party c = client(Carrier::stream).demands(Requirement::required);
  const auto context = fake::make_boring_context(c.setup, nullptr);
  ASSERT_TRUE(context.ok());
  EXPECT_EQ(Connection::create(*context).error().code, Code::misuse);
}

}  // namespace
}  // namespace seatls::boringssl
