// Handshakes that must not stand: who refuses, why, and what the peer is told.
#include "fixture.h"

namespace seatls::boringssl {
namespace {

class Refusal : public testing::TestWithParam<Carrier> {};
INSTANTIATE_TEST_SUITE_P(Carrier, Refusal, testing::Values(Carrier::stream, Carrier::datagrams),
                         [](const auto& carrier) { return name_of(carrier.param); });

TEST_P(Refusal, EvidenceForAnotherBinder) {
  Party c = client(GetParam()).demands(Requirement::required);
  Party s = server(GetParam()).attests();
  std::optional<Result<Cmw>> first;
  s.attester->tamper = [&](Result<Cmw> made) {
    if (!first) first = std::move(made);
    return *first;
  };
  {
    BoringPair pair(c.setup, s.setup);
    pair.run();
    expect_traffic(pair);
  }
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_refusal(pair, Role::client, Code::binder_mismatch, 49);
}

TEST_P(Refusal, EvidenceOfAClientForAnotherBinder) {
  Party c = client(GetParam()).demands(Requirement::required).identity(fake::certified()).attests();
  Party s = server(GetParam()).attests().demands(Requirement::required);
  std::optional<Result<Cmw>> first;
  c.attester->tamper = [&](Result<Cmw> made) {
    if (!first) first = std::move(made);
    return *first;
  };
  {
    BoringPair pair(c.setup, s.setup);
    pair.run();
    expect_traffic(pair);
  }
  BoringPair pair(c.setup, s.setup);
  pair.run();
  ASSERT_TRUE(pair.server->error().has_value()) << why(pair);
  EXPECT_EQ(name(pair.server->error()->code), name(Code::binder_mismatch));
  EXPECT_FALSE(pair.server->connection().write(view("data")).ok());
  EXPECT_EQ(pair.client->connection().alert_received(), 49);
}

TEST_P(Refusal, AServerThatDoesNotAttest) {
  Party c = client(GetParam()).demands(Requirement::required);
  Party s = server(GetParam());
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_refusal(pair, Role::client, Code::attestation_required, 40);
}

TEST_P(Refusal, AClientWithoutACertificate) {
  Party c = client(GetParam()).demands(Requirement::required);
  Party s = server(GetParam()).attests().demands(Requirement::required);
  BoringPair pair(c.setup, s.setup);
  pair.run();
  ASSERT_TRUE(pair.server->error().has_value()) << why(pair);
  EXPECT_FALSE(pair.server->connection().write(view("data")).ok());
}

TEST_P(Refusal, NothingInCommon) {
  Party c = client(GetParam()).demands(Requirement::required);
  Party s = server(GetParam()).attests();
  s.attester->list = {fake::other_evidence_scheme()};
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_refusal(pair, Role::server, Code::unsupported_attestation_schemes, 40);
}

TEST_P(Refusal, AnAttesterThatFails) {
  Party c = client(GetParam()).demands(Requirement::required);
  Party s = server(GetParam()).attests();
  s.attester->fails = Error{Code::foreign_key, "no such key", "fake"};
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_refusal(pair, Role::server, Code::foreign_key, 80);
}

TEST_P(Refusal, AnAttesterThatThrows) {
  Party c = client(GetParam()).demands(Requirement::required);
  Party s = server(GetParam()).attests();
  s.attester->tamper = [](Result<Cmw>) -> Result<Cmw> { throw std::runtime_error("out of luck"); };
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_refusal(pair, Role::server, Code::internal, 80);
}

TEST_P(Refusal, AnotherNameThanExpected) {
  Party c = client(GetParam()).demands(Requirement::required);
  c.setup.server_name = "other.test";
  Party s = server(GetParam()).attests();
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_refusal(pair, Role::client, Code::identity_rejected, 42);
}

TEST_P(Refusal, AnUnknownIssuerThatEvidenceDoesNotReplace) {
  Party c = client(GetParam()).demands(Requirement::required);
  Party s = Party(Role::server).identity(fake::self_signed()).over(GetParam()).attests();
  BoringPair pair(c.setup, s.setup);
  pair.run();
  ASSERT_TRUE(pair.client->error().has_value());
  EXPECT_EQ(name(pair.client->error()->code), name(Code::identity_rejected));
}

TEST_P(Refusal, AReflectedKey) {
  const auto identity = fake::certified();
  Party c = client(GetParam()).demands(Requirement::required).identity(identity).attests();
  Party s = Party(Role::server).identity(identity).over(GetParam()).attests().demands(Requirement::required);
  BoringPair pair(c.setup, s.setup);
  pair.run();
  ASSERT_TRUE(pair.client->error().has_value());
  EXPECT_EQ(name(pair.client->error()->code), name(Code::reflected)) << pair.client->error()->message();
}

TEST_P(Refusal, AlertsOfPrivateNumbersAreDelivered) {
  Party c = client(GetParam()).demands(Requirement::required);
  c.setup.config.alerts.attestation_required_of_server = 200;
  Party s = server(GetParam());
  BoringPair pair(c.setup, s.setup);
  pair.run();
  expect_refusal(pair, Role::client, Code::attestation_required, 200);
}

}  // namespace
}  // namespace seatls::boringssl
