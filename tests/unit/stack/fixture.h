// What the tests of the OpenSSL adapter share: endpoints with a fake TEE, and the rule for every
// refusal.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "fake/attester.h"
#include "fake/tee.h"
#include "fake/tls_pair.h"
#include "fake/verifier.h"

namespace seatls::openssl {

using fake::Drive;
using fake::TlsEnd;
using fake::TlsPair;
using fake::TlsSetup;

// Party is one end with all its doubles at hand.
struct Party {
  Party() { verifier->trusted = {tee->machine_key.public_key()}; }

  std::shared_ptr<fake::FakeTee> tee = machine();
  std::shared_ptr<fake::FakeAttester> attester = std::make_shared<fake::FakeAttester>(tee);
  std::shared_ptr<fake::FakeVerifier> verifier = std::make_shared<fake::FakeVerifier>();
  TlsSetup setup;

  // One machine for all: every verifier trusts it.
  static std::shared_ptr<fake::FakeTee> machine() {
    static const auto value = std::make_shared<fake::FakeTee>();
    return value;
  }

  Config& config() {
    if (!setup.config) setup.config.emplace();
    return *setup.config;
  }
  Party& identity(fake::TlsIdentity identity) {
    tee->tiks.push_back(identity.certificate.spki());
    setup.identity = std::move(identity);
    return *this;
  }
  Party& attests() {
    config().attester = attester;
    return *this;
  }
  Party& demands(Requirement requirement, IdentityRule rule = IdentityRule::pki_and_attested) {
    config().require = Require{requirement, rule, {Tier::affirming}, verifier};
    return *this;
  }
  Party& driven(Drive drive) {
    setup.drive = drive;
    return *this;
  }
};

inline Party client() {
  Party party;
  party.config().role = Role::client;
  return party;
}
inline Party server(crypto::KeyType type = crypto::KeyType::p256) {
  Party party;
  party.config().role = Role::server;
  party.identity(fake::certified(type));
  return party;
}
// A peer that knows nothing of attestation.
inline Party plain() { return {}; }
inline Party plain_server() {
  Party party;
  party.setup.identity = fake::certified();
  return party;
}

// expect_refusal holds for every refusal: the exact error, the alert that the peer saw, and not one
// byte of application data out of either end, however hard the application tries.
inline void expect_refusal(TlsPair& pair, Role by, Code code, std::optional<int> alert) {
  const TlsEnd& refuser = by == Role::client ? *pair.client : *pair.server;
  const TlsEnd& peer = by == Role::client ? *pair.server : *pair.client;
  ASSERT_TRUE(refuser.error().has_value());
  EXPECT_EQ(name(refuser.error()->code), name(code)) << refuser.error()->message();
  EXPECT_FALSE(refuser.report().has_value());
  EXPECT_EQ(pair.leak(), "");
  EXPECT_EQ(peer.alert_received, alert);
}

inline void expect_traffic(TlsPair& pair) {
  ASSERT_TRUE(pair.established()) << (pair.client->error() ? pair.client->error()->message() : "") << " / "
                                  << (pair.server->error() ? pair.server->error()->message() : "");
  EXPECT_TRUE(pair.client->send("ping"));
  EXPECT_EQ(pair.server->received(), "ping");
  EXPECT_TRUE(pair.server->send("pong"));
  EXPECT_EQ(pair.client->received(), "pong");
}

}  // namespace seatls::openssl
