// A TLS 1.3 connection that is nothing but its exporter_master_secret, and two attestation endpoints on it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "crypto/hash.h"
#include "crypto/x509.h"
#include "exported/signature_scheme.h"
#include "fake/attester.h"
#include "fake/stack.h"
#include "fake/verifier.h"
#include "seatls/exported.h"
#include "seatls/post_handshake.h"
#include "stack/port.h"

namespace seatls::testing {

// RFC 8446, 7.5: TLS-Exporter over an exporter_master_secret.
inline exported::Exporter tls_exporter(Hash hash, Bytes secret) {
  return [hash, secret](std::string_view label, ByteView context, std::size_t length) -> Result<Bytes> {
    SEATLS_TRY(const Bytes derived, crypto::hkdf_expand_label(hash, crypto::LabelPrefix::tls13, secret, label,
                                                              crypto::digest(hash, {}), size(hash)));
    return crypto::hkdf_expand_label(hash, crypto::LabelPrefix::tls13, derived, "exporter",
                                     crypto::digest(hash, context), length);
  };
}

inline exported::Connection connection(Role role, Hash hash = Hash::sha256,
                                       std::string_view secret = "a secret of both") {
  return {role, hash, tls_exporter(hash, crypto::digest(hash, view(secret)))};
}

inline exported::CertificateChain chain_of(const fake::Identity& identity) {
  return {{bytes(identity.certificate.der()), {}}};
}

inline Result<Bytes> sign(const crypto::PrivateKey& key, const exported::PreparedAuthenticator& prepared) {
  return key.sign(*exported::algorithm_of(prepared.scheme()), prepared.message(), crypto::EcdsaForm::der);
}

// Side is one endpoint and what stands behind it.
struct Side {
  Side(Role role, const std::string& name) : identity(fake::identity(name)) {
    config.role = role;
    config.require.emplace();
    config.require->attestation = Requirement::off;
  }
  Side& attest(std::string ueid) {
    tee = std::make_shared<fake::FakeTee>(std::move(ueid));
    tee->tiks = {identity.spki()};
    attester = std::make_shared<fake::FakeAttester>(tee);
    config.attester = attester;
    return *this;
  }
  Side& require(const Side& other) {
    verifier = std::make_shared<fake::FakeVerifier>();
    if (other.tee) verifier->trusted = {other.tee->machine_key.public_key()};
    config.require->attestation = Requirement::required;
    config.require->verifier = verifier;
    return *this;
  }
  // start makes the endpoint; `change` may bend its setup.
  template <class F>
  post::Endpoint& start(const exported::Connection& c, const Spki* peer_key, F change) {
    post::Setup setup{.config = std::make_shared<const Config>(config),
                      .connection = c,
                      .proof = stack::FinishedMint::mint(true, "peer.example")};
    setup.own_key = identity.spki();
    if (peer_key) setup.peer_key = *peer_key;
    setup.identities = {{chain_of(identity)}};
    change(setup);
    auto made = post::Endpoint::make(std::move(setup));
    EXPECT_TRUE(made.ok()) << made.error().message();
    endpoint = std::make_unique<post::Endpoint>(std::move(made).value());
    return *endpoint;
  }

  // drive carries out what the endpoint asks for, up to what goes to the peer or ends an exchange.
  post::Action drive(post::Action action) {
    for (;;) {
      if (auto* attest_action = std::get_if<post::action::Attest>(&action)) {
        std::optional<Result<Cmw>> made;
        config.attester->attest(attest_action->request, [&](Result<Cmw> r) { made = std::move(r); });
        action = endpoint->on(post::event::CredentialMade{attest_action->exchange, std::move(*made)});
      } else if (auto* to_sign = std::get_if<post::action::Sign>(&action)) {
        const auto exchange = to_sign->exchange;
        action = endpoint->on(post::event::Signed{exchange, sign(signing_key(), to_sign->authenticator)});
      } else if (auto* to_verify = std::get_if<post::action::VerifyIdentity>(&action)) {
        action = endpoint->on(post::event::IdentityVerified{to_verify->exchange, pki});
      } else if (auto* to_appraise = std::get_if<post::action::Appraise>(&action)) {
        std::optional<Result<AttestationResult>> answer;
        const auto exchange = to_appraise->exchange;
        config.require->verifier->appraise(to_appraise->request,
                                           [&](Result<AttestationResult> r) { answer = std::move(r); });
        action = endpoint->on(post::event::Appraised{exchange, std::move(*answer)});
      } else {
        return action;
      }
    }
  }
  [[nodiscard]] const crypto::PrivateKey& signing_key() const { return identity.key; }

  // answer returns the authenticator for a request of the peer.
  Bytes answer(const Bytes& request) {
    const post::Action action = drive(endpoint->on(post::event::RequestReceived{request}));
    const auto* sent = std::get_if<post::action::SendAuthenticator>(&action);
    EXPECT_NE(sent, nullptr) << refusal(action);
    if (sent == nullptr) return {};
    declined = sent->declined;
    return sent->message;
  }
  post::Action take(const Bytes& authenticator) {
    return drive(endpoint->on(post::event::AuthenticatorReceived{authenticator}));
  }
  static std::string refusal(const post::Action& action) {
    const auto* refused = std::get_if<post::action::Refuse>(&action);
    return refused ? refused->error.message() : "not refused";
  }

  Config config;
  fake::Identity identity;
  std::shared_ptr<fake::FakeTee> tee;
  std::shared_ptr<fake::FakeAttester> attester;
  std::shared_ptr<fake::FakeVerifier> verifier;
  Result<post::event::IdentityVerified::Identity> pki{
      post::event::IdentityVerified::Identity{true, "peer.example"}};
  std::optional<Error> declined;
  std::unique_ptr<post::Endpoint> endpoint;
};

// Pair: both attest, and both require it, over one connection.
struct Pair {
  Pair() {
    client.attest("machine-c");
    server.attest("machine-s");
    client.require(server);
    server.require(client);
  }
  template <class F>
  void start(F change, std::string_view server_secret = "a secret of both", Hash hash = Hash::sha256) {
    client.start(connection(Role::client, hash), &server.identity.spki(), change);
    server.start(connection(Role::server, hash, server_secret), &client.identity.spki(), change);
  }
  void start() {
    start([](post::Setup&) {});
  }
  Side client{Role::client, "client"}, server{Role::server, "server"};
};

// expect_refused checks code, and whether the connection must be closed.
inline void expect_refused(const post::Action& action, Code code, bool fatal) {
  const auto* refused = std::get_if<post::action::Refuse>(&action);
  ASSERT_NE(refused, nullptr) << "it was not refused";
  EXPECT_EQ(name(refused->error.code), name(code)) << refused->error.message();
  EXPECT_EQ(refused->fatal, fatal) << refused->error.message();
}
inline const post::PostAttestation* attested(const post::Action& action) {
  const auto* good = std::get_if<post::action::Attested>(&action);
  EXPECT_NE(good, nullptr) << Side::refusal(action);
  return good ? &good->outcome : nullptr;
}

}  // namespace seatls::testing
