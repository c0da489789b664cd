// Rows A08 and E12: who holds the secrets of a handshake may exchange what follows ServerHello, and both
// ends attest themselves over the same ClientHello and ServerHello all the same. What follows the
// handshake tells: an authenticator is bound to all of it.
#include <gtest/gtest.h>

#include "attacks/line.h"
#include "crypto/hash.h"

namespace seatls::attacks {
namespace {

using fake::TlsMitm;
using fake::TlsPair;
using fake::TlsSetup;
using enum fake::MessageType;

constexpr int kBadCertificate = 42, kAccessDenied = 49, kDecryptError = 51;

class AttackA08 : public testing::Test {
 protected:
  // all: the master secret leaked, and S's key.
  [[nodiscard]] fake::Leaks all() const { return {true, &s.identity.key, &c.identity.key, true}; }
  static TlsMitm::Change splice() {
    return fake::on(Role::server, encrypted_extensions, [](Bytes& message) {
      fake::edit_extensions(message, [](auto& e) { e.push_back({10, {0, 2, 0, 29}}); });  // supported_groups
    });
  }
  [[nodiscard]] TlsSetup relying() const { return client(verifier_for(policy_for({&s}))); }
  [[nodiscard]] TlsSetup attesting() const { return server(s.identity, s.attester); }
  static Bytes exported_by(SSL* ssl) { return exporter_of(ssl)("EXPORTER-test", {}, 32).value(); }
  Machine s, c;
};

// The residual risk of the handshake's binder, shown: everything verifies, and M reads along.
TEST_F(AttackA08, A08TheHandshakeAloneDoesNotNotice) {
  TlsMitm m(all(), splice());
  std::string heard;
  m.on_data = [&](Role, Bytes& data) { heard.append(data.begin(), data.end()); };
  TlsPair pair(relying(), attesting(), &m);
  expect_attested(pair);
  EXPECT_EQ(heard, "to the serverto the client");
  EXPECT_EQ(pair.client->report()->peer_binder, pair.server->report()->self_binder)
      << "the evidence is genuine, fresh, and over the ClientHello and ServerHello of both";
  EXPECT_NE(exported_by(pair.client->ssl()), exported_by(pair.server->ssl())) << "there are two channels";
}

TEST_F(AttackA08, A08TheConfirmationIsNotOfThisConnection) {
  TlsMitm m(all(), splice()), idle(all());
  Line line(relying(), attesting(), &m);
  line.open(Role::client, confirming());
  line.open(Role::server);
  expect_refused(line, Role::client, Code::finished_invalid, kDecryptError,
                 "server authenticator > Finished");
  EXPECT_EQ(line.client.data + line.server.data, "");

  Line twin(relying(), attesting(), &idle);  // whoever only listens cannot be noticed
  twin.open(Role::client, confirming());
  twin.open(Role::server);
  expect_confirmed(twin);
}

// M makes the authenticator of C's connection itself: it has S's key and C's exporter. What it has not is
// evidence that S's environment made for C's connection.
TEST_F(AttackA08, A08EvidenceOfTheOtherHalfInAnAuthenticatorOfThisOne) {
  TlsMitm m(all(), splice());
  Line line(relying(), attesting(), &m);
  Bytes request;
  wire::FrameReader from_client, from_server;
  int exchanged = 0;
  m.on_data = [&](Role from, Bytes& data) {
    auto& reader = from == Role::client ? from_client : from_server;
    reader.feed(data);
    data.clear();
    while (auto frame = reader.next().value()) {
      if (frame->type == wire::FrameType::authenticator_request) request = frame->body;
      if (frame->type == wire::FrameType::authenticator) {
        ++exchanged;
        const exported::Connection with_client{Role::server, Hash::sha256,
                                               exporter_of(line.ssl(Role::client))};
        frame->body = forge({with_client, s.identity, credential_in(frame->body)}, request);
      }
      const Bytes encoded = wire::encode_frame(frame->type, frame->body).value();
      data.insert(data.end(), encoded.begin(), encoded.end());
    }
  };
  line.open(Role::client, confirming());
  line.open(Role::server);
  expect_refused(line, Role::client, Code::binder_mismatch, kAccessDenied,
                 "server authenticator > Certificate[0]");
  EXPECT_EQ(exchanged, 1);
  EXPECT_EQ(line.client.data + line.server.data, "");
}

TEST_F(AttackA08, A08MirroredTheServerConfirmsTheClient) {
  auto calls = relying();
  calls.identity = c.identity;
  calls.config->attester = c.attester;
  auto answers = attesting();
  answers.config->require = demand(verifier_for(policy_for({&c})));
  TlsMitm m(all(), splice()), idle(all());
  Line line(calls, answers, &m);
  line.open(Role::client);
  line.open(Role::server, confirming());
  expect_refused(line, Role::server, Code::finished_invalid, kDecryptError,
                 "client authenticator > Finished");
  EXPECT_EQ(line.client.data + line.server.data, "");

  Line twin(calls, answers, &idle);
  twin.open(Role::client);
  twin.open(Role::server, confirming());
  expect_confirmed(twin);
}

// An exporter stops at the server's Finished: two ends with one exporter may disagree on who the client is.
// So nobody is named by it: the authenticator's own certificate is compared with the handshake's.
TEST_F(AttackA08, E12TheExporterDoesNotCoverTheClientsCertificate) {
  const auto m_identity = fake::certified();
  auto calls = relying();
  calls.identity = c.identity;
  calls.config->require->attestation = Requirement::off;
  calls.config->require->identity = IdentityRule::pki;
  auto answers = server(s.identity, nullptr);
  answers.config->require = demand(verifier_for(policy_for({&c})));
  const Later relying_later = later(answers);
  auto attests = std::make_shared<Config>(*calls.config);
  attests->attester = c.attester;

  // M puts its own certificate in the place of C's.
  TlsMitm m({true, nullptr, &m_identity.key}, fake::on(Role::client, certificate, [&](Bytes& message) {
              fake::edit_entries(message, [&](auto& entries) {
                entries.at(0).certificate = bytes(m_identity.certificate.der());
              });
            }));
  Line line(calls, relying_later.setup, &m);
  EXPECT_EQ(exported_by(line.ssl(Role::client)), exported_by(line.ssl(Role::server)))
      << "one exporter, and two certificates of the client";
  line.open(Role::client, {.config = attests});
  line.open(Role::server, confirming(relying_later.config));
  expect_refused(line, Role::server, Code::identity_changed, kBadCertificate,
                 "client authenticator > Certificate[0]");
  EXPECT_EQ(line.client.data + line.server.data, "");

  Line twin(calls, relying_later.setup);
  twin.open(Role::client, {.config = attests});
  twin.open(Role::server, confirming(relying_later.config));
  expect_confirmed(twin);
  EXPECT_EQ(twin.server.channel->attestation().latest->tik(), c.identity.certificate.spki());
}

}  // namespace
}  // namespace seatls::attacks
