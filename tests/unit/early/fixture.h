// Two endpoints over the fake stack. The plain pair attests nothing; `attest` and `require` add what
// a test needs, and the test then spoils one thing.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "fake/attester.h"
#include "fake/stack.h"
#include "fake/verifier.h"

namespace seatls::fake {

// Party is an endpoint with handles on the parts that a test bends.
struct Party {
  explicit Party(Role role, const std::string& name) {
    endpoint.config.role = role;
    endpoint.identity = identity(name);
    if (role == Role::client) {
      endpoint.config.require.emplace();
      endpoint.config.require->attestation = Requirement::off;
    }
  }

  // attest gives it an environment of its own, in which its key was made.
  Party& attest(std::string ueid = "machine-1") {
    tee = std::make_shared<FakeTee>(std::move(ueid));
    tee->tiks = {endpoint.identity->spki()};
    attester = std::make_shared<FakeAttester>(tee);
    endpoint.config.attester = attester;
    return *this;
  }

  // require makes it appraise the other's evidence, and trust the other's machine.
  Party& require(const Party& other, Requirement requirement = Requirement::required) {
    verifier = std::make_shared<FakeVerifier>();
    if (other.tee) verifier->trusted = {other.tee->machine_key.public_key()};
    endpoint.config.require.emplace();
    endpoint.config.require->attestation = requirement;
    endpoint.config.require->verifier = verifier;
    return *this;
  }

  Config& config() { return endpoint.config; }

  Endpoint endpoint;
  std::shared_ptr<FakeTee> tee;
  std::shared_ptr<FakeAttester> attester;
  std::shared_ptr<FakeVerifier> verifier;
};

struct Pair {
  Party client{Role::client, "client"}, server{Role::server, "server"};
};
inline Pair server_attests(Requirement requirement = Requirement::required) {
  Pair p;
  p.server.attest();
  p.client.require(p.server, requirement);
  return p;
}
inline Pair client_attests(Requirement requirement = Requirement::required) {
  Pair p;
  p.client.attest();
  p.server.require(p.client, requirement);
  return p;
}
inline Pair mutual(Requirement requirement = Requirement::required) {
  Pair p;
  p.server.attest("machine-1");
  p.client.attest("machine-2");
  p.client.require(p.server, requirement);
  p.server.require(p.client, requirement);
  return p;
}

inline Outcome run(const Pair& pair, Options options = {}) {
  Handshake handshake(pair.client.endpoint, pair.server.endpoint, std::move(options));
  handshake.run();
  return handshake.outcome();
}

// on_message returns a machine in the middle that changes the messages of one type and sender.
inline std::function<void(Message&)> on_message(Role sender, MessageType type,
                                                std::function<void(Message&)> change) {
  return [=](Message& m) {
    if (m.sender == sender && m.type == type) change(m);
  };
}
inline constexpr std::uint16_t extension_type = 0xFF5E;

// Refused is what a test expects of a connection that must not come about.
struct Refused {
  Role by;
  Code code;
  int alert;
  std::string at;
};
inline void expect_refused(const Outcome& o, const Refused& expected, const std::string& what = "") {
  SCOPED_TRACE(what);
  ASSERT_TRUE(o.refused_by) << "nobody refused";
  EXPECT_EQ(*o.refused_by, expected.by) << o.error.message();
  EXPECT_EQ(name(o.error.code), name(expected.code)) << o.error.message();
  EXPECT_EQ(int{o.alert}, expected.alert);
  EXPECT_EQ(o.at, expected.at);
  EXPECT_FALSE(o.application_data());
  // Whoever refuses has no open gate. The other one may: a client is done before the server has
  // looked at its flight.
  EXPECT_FALSE(expected.by == Role::client ? o.client : o.server);
}
inline void expect_good(const Outcome& o, const std::string& what = "") {
  SCOPED_TRACE(what);
  EXPECT_FALSE(o.refused_by) << o.error.message() << " at " << o.at;
  EXPECT_TRUE(o.application_data());
}

}  // namespace seatls::fake
