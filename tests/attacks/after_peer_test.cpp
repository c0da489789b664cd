// Rows E03, E06, E08, E09 and E11: what the peer itself may try on an established connection.
#include <gtest/gtest.h>

#include "attacks/line.h"

namespace seatls::attacks {
namespace {

using fake::TlsPair;
using fake::TlsSetup;
using wire::FrameType;
using namespace std::chrono_literals;

constexpr int kUnexpectedMessage = 10, kHandshakeFailure = 40, kBadCertificate = 42, kAccessDenied = 49;

// ---- E03: reflection ---------------------------------------------------------------------------------

// Both sides attest themselves and demand it of the other; M is the server, a genuine one, and has no
// evidence of its own to show this time.
class AttackE03 : public testing::Test {
 protected:
  AttackE03() {
    calls = client(verifier_for(policy_for({&s, &c})));
    calls.identity = c.identity;
    calls.config->attester = c.attester;
    answers = server(s.identity, s.attester);
    answers.config->require = demand(verifier_for(policy_for({&s, &c})));
  }
  void SetUp() override {
    line = std::make_unique<Line>(calls, answers);
    line->open(Role::client, confirming());
    line->say(Role::server, FrameType::verdict, wire::encode(wire::Verdict{}));
    request = *line->hear(Role::server, FrameType::authenticator_request);
  }
  // own asks the client, with a context of M's choice, and returns the client's authenticator.
  [[nodiscard]] Bytes asked(Bytes context) {
    const auto made =
        exported::make_request(Role::server, {.context = std::move(context), .extensions = {{0xFF5F, {}}}});
    line->say(Role::server, FrameType::authenticator_request, made->encoded());
    return bytes(made->encoded());
  }
  Machine s{{.ueid = Bytes(17, 1)}}, c{{.ueid = Bytes(17, 2)}};
  TlsSetup calls, answers;
  std::unique_ptr<Line> line;
  Bytes request;
};

TEST_F(AttackE03, E03HonestTwin) {
  Line twin(calls, answers);
  twin.open(Role::client, confirming());
  twin.open(Role::server, confirming());
  expect_confirmed(twin);
}

TEST_F(AttackE03, E03TheContextIsCopied) {
  std::ignore = asked(context_of(request));
  expect_refused(*line, Role::client, Code::reflected, kAccessDenied, "server authenticator request");
}

TEST_F(AttackE03, E03TheRequestComesBack) {
  line->say(Role::server, FrameType::authenticator_request, request);
  expect_refused(*line, Role::client, Code::reflected, kAccessDenied, "server authenticator request");
}

TEST_F(AttackE03, E03TheClientsEvidenceComesBack) {
  std::ignore = asked(Bytes(32, 9));
  const Bytes of_client = *line->hear(Role::server, FrameType::authenticator);
  line->say(Role::server, FrameType::authenticator,
            forge({line->exported(Role::server), s.identity, credential_in(of_client)}, request));
  expect_refused(*line, Role::client, Code::reflected, kAccessDenied,
                 "server authenticator > Certificate[0] > cmw_attestation");
}

// Even with C's own key in M's hands: evidence of C's environment, for this request, under C's key.
TEST_F(AttackE03, E03TheClientsKeyComesBack) {
  const auto connection = line->exported(Role::server);
  const auto binder = binder_for(connection, c.identity.certificate.spki(), request);
  line->say(Role::server, FrameType::authenticator,
            forge({connection, c.identity, cwt(c.claims(binder), c.attestation_key)}, request));
  expect_refused(*line, Role::client, Code::reflected, kAccessDenied,
                 "server authenticator > Certificate[0]");
}

// ---- E06: exporters too early --------------------------------------------------------------------------

TEST(AttackE06, E06NothingIsExportedBeforeTheHandshakeIsDone) {
  const Machine s;
  TlsPair pair(speaking(client(verifier_for(policy_for({&s})))), speaking(server(s.identity, s.attester)));
  for (auto* end : {pair.client.get(), pair.server.get()}) {
    const auto setup = end->connection()->post_setup();
    ASSERT_FALSE(setup.ok());
    EXPECT_EQ(name(setup.error().code), name(Code::not_attested));
  }
  pair.client->step();  // ClientHello
  pair.server->step();  // everything up to the server's Finished: OpenSSL would export already
  Bytes out(32);
  EXPECT_EQ(SSL_export_keying_material(pair.server->ssl(), out.data(), 32, "Attestation", 11, nullptr, 0, 1),
            1)
      << "the road that is closed here is open in OpenSSL";
  const auto early = pair.server->connection()->post_setup();
  ASSERT_FALSE(early.ok());
  EXPECT_EQ(name(early.error().code), name(Code::not_attested));

  pair.run_until_settled();  // the honest twin
  for (auto* end : {pair.client.get(), pair.server.get()}) {
    const auto setup = end->connection()->post_setup();
    ASSERT_TRUE(setup.ok()) << setup.error().message();
    EXPECT_TRUE(setup->connection.exporter("Attestation", {}, 32).ok());
    // And an exporter that was kept says no as soon as its connection begins anew.
    SSL_clear(end->ssl());
    const auto kept = setup->connection.exporter("Attestation", {}, 32);
    ASSERT_FALSE(kept.ok());
    EXPECT_EQ(name(kept.error().code), name(Code::too_early));
  }
}

// ---- E08: data before the verdict ----------------------------------------------------------------------

class AttackE08 : public testing::Test {
 protected:
  Machine s;
  TlsSetup calls = client(verifier_for(policy_for({&s})));
  TlsSetup attesting = server(s.identity, s.attester);
};

TEST_F(AttackE08, E08AServerSendsBeforeItIsConfirmed) {
  Line line(calls, attesting);
  line.open(Role::client, confirming());
  line.say(Role::server, FrameType::verdict, wire::encode(wire::Verdict{}));
  ASSERT_TRUE(line.hear(Role::server, FrameType::authenticator_request));
  line.say(Role::server, FrameType::data, view("too early"));
  expect_refused(line, Role::client, Code::unexpected_message, kUnexpectedMessage, "seatls/1 frame > data");
  EXPECT_EQ(line.client.data, "");
}

TEST_F(AttackE08, E08AClientSendsBeforeItIsConfirmed) {
  const Machine c;
  calls.identity = c.identity;
  calls.config->attester = c.attester;
  attesting.config->require = demand(verifier_for(policy_for({&c})));
  Line line(calls, attesting);
  line.open(Role::server, confirming());
  line.say(Role::client, FrameType::verdict, wire::encode(wire::Verdict{}));
  line.say(Role::client, FrameType::data, view("too early"));
  expect_refused(line, Role::server, Code::unexpected_message, kUnexpectedMessage, "seatls/1 frame > data");
  EXPECT_EQ(line.server.data, "");
}

// An application that does not wait: its data is not taken, at either end, until both are content.
TEST_F(AttackE08, E08NothingIsTakenBeforeBothAreContent) {
  Line line(calls, attesting);
  line.open(Role::client, confirming());
  line.open(Role::server);
  bool waited = false;
  EXPECT_TRUE(line.run([&] {
    const bool open = line.client.channel->gate_open() && line.server.channel->gate_open();
    if (!line.client.channel->gate_open()) {
      EXPECT_EQ(line.client.channel->write(view("x")), 0U);
      EXPECT_EQ(line.server.channel->write(view("x")), 0U) << "the client has not said that it is content";
      waited = true;
    }
    return open;
  }));
  EXPECT_TRUE(waited);
  EXPECT_EQ(line.client.data + line.server.data, "");
  expect_confirmed(line);
}

// ---- E09: no credential --------------------------------------------------------------------------------

class AttackE09 : public AttackE08 {};

TEST_F(AttackE09, E09APeerThatDeclines) {
  Line line(calls, attesting);
  auto silent = std::make_shared<Config>(*attesting.config);
  silent->attester = nullptr;
  line.open(Role::client, confirming());
  line.open(Role::server, {.config = silent});
  expect_refused(line, Role::client, Code::attestation_required, kHandshakeFailure, "server authenticator");
  EXPECT_EQ(line.client.data + line.server.data, "");
  ASSERT_FALSE(line.server.refused.empty()) << "its own log tells why";
  EXPECT_EQ(name(line.server.refused.front().code), name(Code::attester_unavailable));
  Line twin(calls, attesting);
  twin.open(Role::client, confirming());
  twin.open(Role::server);
  expect_confirmed(twin);
}

TEST_F(AttackE09, E09APeerThatDoesNotKnowTheExtension) {
  Line line(calls, attesting);
  line.open(Role::client, confirming());
  line.say(Role::server, FrameType::verdict, wire::encode(wire::Verdict{}));
  const Bytes request = *line.hear(Role::server, FrameType::authenticator_request);
  line.say(Role::server, FrameType::authenticator,
           forge({line.exported(Role::server), s.identity, std::nullopt}, request));
  expect_refused(line, Role::client, Code::attestation_required, kHandshakeFailure,
                 "server authenticator > Certificate[0]");
  EXPECT_EQ(line.client.data, "");
}

TEST_F(AttackE09, E09MirroredAClientDeclines) {
  const Machine c;
  calls.identity = c.identity;
  auto answers = server(s.identity, s.attester);
  answers.config->require = demand(verifier_for(policy_for({&c})));
  const Later relying = later(answers);
  Line line(calls, relying.setup);
  line.open(Role::client);
  line.open(Role::server, confirming(relying.config));
  constexpr int kCertificateRequired = 116;
  expect_refused(line, Role::server, Code::attestation_required, kCertificateRequired,
                 "client authenticator");
  EXPECT_EQ(line.client.data + line.server.data, "");
}

// ---- E11: another identity -------------------------------------------------------------------------------

// M's own machine is genuine, trusted, and has a certificate for the same name.
TEST(AttackE11, E11AnAuthenticatorOfAnotherIdentity) {
  const Machine s({.ueid = Bytes(17, 1)}), m({.ueid = Bytes(17, 2)});
  const auto calls = client(verifier_for(policy_for({&s, &m})));
  Line line(calls, server(s.identity, s.attester));
  line.open(Role::client, confirming());
  line.say(Role::server, FrameType::verdict, wire::encode(wire::Verdict{}));
  const Bytes request = *line.hear(Role::server, FrameType::authenticator_request);
  const auto connection = line.exported(Role::server);
  const auto binder = binder_for(connection, m.identity.certificate.spki(), request);
  line.say(Role::server, FrameType::authenticator,
           forge({connection, m.identity, cwt(m.claims(binder), m.attestation_key)}, request));
  expect_refused(line, Role::client, Code::identity_changed, kBadCertificate,
                 "server authenticator > Certificate[0]");
  EXPECT_EQ(line.client.data, "");

  Line twin(calls, server(m.identity, m.attester));  // where the handshake was M's too
  twin.open(Role::client, confirming());
  twin.open(Role::server);
  expect_confirmed(twin);
}

}  // namespace
}  // namespace seatls::attacks
