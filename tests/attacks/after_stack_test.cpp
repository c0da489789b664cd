// Rows C05 and C09: what the TLS stack itself offers after the handshake, tickets and a second request for
// the client's certificate. Neither says anything of what the peer is now.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "attacks/line.h"

namespace seatls::attacks {
namespace {

using fake::TlsPair;
using fake::TlsSetup;

constexpr int kUnexpectedMessage = 10, kHandshakeFailure = 40;

// ---- C05: tickets
// ------------------------------------------------------------------------------------------

struct FreeSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Session = std::unique_ptr<SSL_SESSION, FreeSession>;

// Timing `post`: the handshake demands nothing, so that tickets would be the stack's own business.
class AttackC05 : public testing::Test {
 protected:
  AttackC05() {
    const Later c = later(client(verifier_for(policy_for({&s}))));
    calls = c.setup;
    demands = c.config;
    calls.after = remember_tickets;
    answers = server(s.identity, s.attester);
    answers.before = ticket_keys;
  }
  // One fleet shares its ticket keys.
  static void ticket_keys(SSL_CTX* ctx) {
    std::array<unsigned char, 80> keys{3};
    SSL_CTX_set_tlsext_ticket_keys(ctx, keys.data(), static_cast<long>(keys.size()));
    SSL_CTX_set_session_id_context(ctx, keys.data(), 1);
  }
  // An application that collects tickets.
  static void remember_tickets(SSL_CTX* ctx) {
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(ctx, [](SSL*, SSL_SESSION* session) {
      kept.emplace_back(session);
      return 1;
    });
  }
  // issues_all_the_same undoes what the adapter has turned off, in the moment in which it has.
  static void issues_all_the_same(SSL_CTX* ctx) {
    ticket_keys(ctx);
    SSL_CTX_set_info_callback(ctx, [](const SSL* ssl, int where, int) {
      if (where == SSL_CB_ACCEPT_LOOP) SSL_set_num_tickets(const_cast<SSL*>(ssl), 2);
    });
  }
  static bool usable(Line& line) {
    const auto offered = [](const SSL_SESSION* session) { return SSL_SESSION_is_resumable(session) == 1; };
    return offered(SSL_get0_session(line.ssl(Role::client))) ||
           std::ranges::any_of(kept, [&](const Session& session) { return offered(session.get()); });
  }
  void SetUp() override { kept.clear(); }
  void TearDown() override { kept.clear(); }

  static inline std::vector<Session> kept;
  Machine s;
  TlsSetup calls, answers;
  std::shared_ptr<const Config> demands;
};

//= expat#no-tickets
TEST_F(AttackC05, C05NoTicketIsIssuedBeforeOrAfterTheAttestation) {
  Line line(calls, answers);
  line.open(Role::server);
  line.open(Role::client, confirming(demands));
  line.settle();
  EXPECT_TRUE(kept.empty()) << "before";
  expect_confirmed(line);
  line.now = *line.client.channel->attestation().due;
  EXPECT_TRUE(line.run([&] { return line.client.channel->attestation().attested == 2; }));
  EXPECT_TRUE(kept.empty()) << "after";
  EXPECT_FALSE(usable(line));

  TlsPair plain(calls, answers);  // without seatls/1 the same two deal in tickets
  expect_attested(plain);
  EXPECT_FALSE(kept.empty());
}

//= expat#no-tickets
TEST_F(AttackC05, C05AClientDropsATicket) {
  answers.before = issues_all_the_same;
  answers.config->attester = nullptr;  // a server that cannot attest itself, and means to be resumed later
  Line line(calls, answers);
  line.open(Role::client, confirming(demands));
  line.open(Role::server);
  expect_refused(line, Role::client, Code::attestation_required, kHandshakeFailure, "server authenticator");
  EXPECT_EQ(line.tls(Role::client).read_last, static_cast<fake::MessageType>(SSL3_MT_NEWSESSION_TICKET))
      << "the road to be closed is open";
  EXPECT_FALSE(kept.empty()) << "the application saw them";
  EXPECT_FALSE(usable(line));
  EXPECT_EQ(line.client.data + line.server.data, "");
}

// A ticket of a connection without attestation, or one that was kept all the same.
//= expat#no-tickets
TEST_F(AttackC05, C05AResumedConnectionBecomesNoChannel) {
  TlsSetup plain;
  plain.after = remember_tickets;
  Session session;
  {
    TlsPair pair(plain, answers);
    expect_attested(pair);  // which is to say: data passes
    ASSERT_FALSE(kept.empty());
    session.reset(SSL_SESSION_dup(kept.back().get()));  // OpenSSL spoils that of a connection that is cut
  }
  ASSERT_EQ(SSL_SESSION_is_resumable(session.get()), 1);
  plain.on_ssl = [&](SSL* ssl) {
    const Session copy(SSL_SESSION_dup(session.get()));
    ASSERT_EQ(SSL_set_session(ssl, copy.get()), 1);
  };
  Line line(plain, answers);
  ASSERT_EQ(SSL_session_reused(line.ssl(Role::server)), 1) << "the road to be closed is open";
  auto relies = std::make_shared<Config>(*answers.config);
  relies->require = demand(verifier_for(policy_for({&s})));
  const auto channel =
      Channel::create(std::move(line.connection(Role::server)), confirming(relies), line.now);
  ASSERT_FALSE(channel.ok());
  EXPECT_EQ(name(channel.error().code), name(Code::resumption_refused)) << channel.error().message();

  // A client that demands anything ends already in the handshake: nothing in it names the server.
  calls.on_ssl = plain.on_ssl;
  TlsPair pair(speaking(calls), speaking(answers));
  pair.run_until_settled();
  ASSERT_TRUE(pair.client->error());
  EXPECT_EQ(name(pair.client->error()->code), name(Code::identity_rejected));
  EXPECT_EQ(pair.leak(), "");
}

// ---- C09: post-handshake authentication --------------------------------------------------------------

// RFC 8446's own way to ask a client again leaves ClientHello and ServerHello as they are: evidence for
// them would pass as fresh. What asks for it that way is refused (Decision 8).
class SecondRequest : public testing::Test {
 protected:
  SecondRequest() {
    calls.identity = c.identity;
    calls.config->attester = c.attester;
    calls.on_ssl = [](SSL* ssl) { SSL_set_post_handshake_auth(ssl, 1); };
  }
  // ask has the server ask, and lets the client see it.
  static int ask(TlsPair& pair) {
    EXPECT_EQ(SSL_verify_client_post_handshake(pair.server->ssl()), 1);
    const int asked = SSL_do_handshake(pair.server->ssl());
    EXPECT_EQ(pair.client->received(), "");
    EXPECT_EQ(pair.server->received(), "");
    return asked;
  }
  [[nodiscard]] TlsSetup attesting() const { return server(s.identity, s.attester); }
  Machine s, c;
  TlsSetup calls = client(verifier_for(policy_for({&s})));
};

TEST_F(SecondRequest, C09AServerThatDemandsAttestationDoesNotAskThatWay) {
  auto answers = attesting();
  answers.config->require = demand(verifier_for(policy_for({&c})));
  TlsPair pair(calls, answers);
  expect_attested(pair);
  EXPECT_NE(ask(pair), 1);
  const auto report = openssl::report(pair.server->ssl());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(name(report.error().code), name(Code::unexpected_message));
  EXPECT_EQ(pair.leak(), "");
}

TEST_F(SecondRequest, C09AClientShowsNothingThatWay) {
  static bool with_extension = false;
  with_extension = false;
  calls.config->require->attestation = Requirement::off;
  calls.config->require->identity = IdentityRule::pki;
  TlsSetup asks;  // plain OpenSSL, and an extension that asks for software evidence
  asks.identity = s.identity;
  asks.before = [](SSL_CTX* ctx) {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_POST_HANDSHAKE, nullptr);
    SSL_CTX_add_custom_ext(
        ctx, 0xFF5E, SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_CERTIFICATE_REQUEST | SSL_EXT_TLS1_3_CERTIFICATE,
        [](SSL*, unsigned, unsigned where, const unsigned char** out, std::size_t* n, X509*, std::size_t,
           int*, void*) {
          static constexpr unsigned char software[] = {0, 0, 1, 7};  // evidence, content format 263
          *out = software;
          *n = sizeof software;
          return with_extension && where == SSL_EXT_TLS1_3_CERTIFICATE_REQUEST ? 1 : 0;
        },
        nullptr, nullptr,
        [](SSL*, unsigned, unsigned, const unsigned char*, std::size_t, X509*, std::size_t, int*, void*) {
          return 1;
        },
        nullptr);
  };
  TlsPair twin(calls, asks);  // a plain request is the application's own business
  expect_attested(twin);
  EXPECT_EQ(ask(twin), 1);
  EXPECT_NE(SSL_get0_peer_certificate(twin.server->ssl()), nullptr);
  EXPECT_TRUE(twin.client->report().has_value());

  with_extension = true;
  TlsPair pair(calls, asks);
  expect_attested(pair);  // which is to say: data passes
  EXPECT_EQ(ask(pair), 1);
  const auto report = openssl::report(pair.client->ssl());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(name(report.error().code), name(Code::unexpected_message));
  EXPECT_EQ(pair.client->read_last, fake::MessageType::certificate_request);
  EXPECT_EQ(pair.server->alert_received, kUnexpectedMessage);
  EXPECT_EQ(SSL_get0_peer_certificate(pair.server->ssl()), nullptr);
  EXPECT_EQ(pair.leak(), "");
}

}  // namespace
}  // namespace seatls::attacks
