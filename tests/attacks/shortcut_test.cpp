// Rows C04 and C08: handshakes that skip the certificate, and with it the evidence. The attacker holds a
// ticket of a connection that was never attested, and a server's ticket keys.
#include <gtest/gtest.h>

#include <array>

#include "attacks/kit.h"
#include "codec/tls.h"
#include "wire/remote_attestation.h"

namespace seatls::attacks {
namespace {

using fake::TlsPair;
using fake::TlsSetup;
using enum fake::MessageType;

struct FreeSession {
  void operator()(SSL_SESSION* s) const { SSL_SESSION_free(s); }
};
using Session = std::unique_ptr<SSL_SESSION, FreeSession>;

// offer_session sets a copy: OpenSSL spoils the session of a connection that is not closed.
void offer_session(SSL* ssl, const Session& session) {
  const Session copy(SSL_SESSION_dup(session.get()));
  ASSERT_EQ(SSL_set_session(ssl, copy.get()), 1);
}

// One fleet shares ticket keys: a plain server's tickets open on an attested one.
void ticket_keys(SSL_CTX* ctx) {
  std::array<unsigned char, 80> keys{3};
  SSL_CTX_set_tlsext_ticket_keys(ctx, keys.data(), static_cast<long>(keys.size()));
  SSL_CTX_set_session_id_context(ctx, keys.data(), 1);
  SSL_CTX_set_options(ctx, SSL_OP_NO_ANTI_REPLAY);  // else tickets are good for one server and once
  SSL_CTX_set_max_early_data(ctx, 1000);
}
// resumes_anyway undoes what the adapter has turned off, in the moment in which it has: an application
// that works against it, so that the last line of defence is what is left.
void resumes_anyway(SSL_CTX* ctx) {
  ticket_keys(ctx);
  SSL_CTX_set_info_callback(ctx, [](const SSL* ssl, int where, int) {
    if (where != SSL_CB_HANDSHAKE_START) return;
    SSL_clear_options(const_cast<SSL*>(ssl), SSL_OP_NO_TICKET);
    SSL_set_max_early_data(const_cast<SSL*>(ssl), 1000);
  });
}

// Offering is a plain client that says it could attest.
struct Offering {
  Bytes body = codec::encode(wire::ClientOffer{{{*SchemeTable::defaults().find("software")}},
                                               {{*SchemeTable::defaults().find("software")}}})
                   .value();
  void operator()(SSL_CTX* ctx) {
    SSL_CTX_add_custom_ext(
        ctx, 0xFF5E,
        SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS | SSL_EXT_TLS1_3_CERTIFICATE_REQUEST |
            SSL_EXT_TLS1_3_CERTIFICATE,
        [](SSL*, unsigned, unsigned where, const unsigned char** out, std::size_t* n, X509*, std::size_t,
           int*, void* self) {
          if (where != SSL_EXT_CLIENT_HELLO) return 0;
          *out = static_cast<Offering*>(self)->body.data();
          *n = static_cast<Offering*>(self)->body.size();
          return 1;
        },
        nullptr, this,
        [](SSL*, unsigned, unsigned, const unsigned char*, std::size_t, X509*, std::size_t, int*, void*) {
          return 1;
        },
        nullptr);
  }
};

class Shortcut : public testing::Test {
 protected:
  [[nodiscard]] TlsSetup plain_server() const {
    TlsSetup setup;
    setup.identity = s.identity;
    setup.before = ticket_keys;
    return setup;
  }
  [[nodiscard]] TlsSetup relying_server() const {
    auto setup = server(s.identity, nullptr);
    setup.config->require = demand(verifier_for(policy_for({&c})));
    setup.before = ticket_keys;
    return setup;
  }
  [[nodiscard]] TlsSetup attesting_client() const {
    auto setup = client(verifier_for(policy_for({&s})));
    setup.config->require->attestation = Requirement::off;
    setup.config->require->identity = IdentityRule::pki;
    setup.identity = c.identity;
    setup.config->attester = c.attester;
    return setup;
  }
  // ticket comes from a connection without attestation.
  [[nodiscard]] Session ticket() const {
    TlsPair pair(TlsSetup{}, plain_server());
    expect_attested(pair);  // which is to say: data passes
    Session session(SSL_SESSION_dup(SSL_get_session(pair.client->ssl())));
    EXPECT_EQ(SSL_SESSION_is_resumable(session.get()), 1);
    EXPECT_EQ(SSL_SESSION_get_max_early_data(session.get()), 1000U);
    return session;
  }
  static void expect_no_ticket(TlsPair& pair) {
    EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(pair.client->ssl())), 0);
  }
  Machine s, c;
};

TEST_F(Shortcut, C04ATicketIsNeitherIssuedNorStoredWhereAttestationIsRequired) {
  auto attesting = server(s.identity, s.attester);
  attesting.before = ticket_keys;
  TlsPair server_attests(client(verifier_for(policy_for({&s}))), attesting);
  expect_attested(server_attests);
  expect_no_ticket(server_attests);

  TlsPair client_attests(attesting_client(), relying_server());
  expect_attested(client_attests);
  expect_no_ticket(client_attests);
}

TEST_F(Shortcut, C04AClientThatRequiresAttestationOffersNoSession) {
  const Session session = ticket();
  auto calls = client(verifier_for(policy_for({&s})));
  calls.on_ssl = [&](SSL* ssl) { offer_session(ssl, session); };
  TlsPair pair(calls, plain_server());
  pair.run_until_settled();
  ASSERT_TRUE(pair.client->error());
  EXPECT_EQ(name(pair.client->error()->code), name(Code::resumption_refused));
  EXPECT_FALSE(pair.server->read_last.has_value()) << "before ClientHello is sent";
  EXPECT_EQ(pair.leak(), "");

  calls.on_ssl = nullptr;
  auto attesting = server(s.identity, s.attester);
  attesting.before = ticket_keys;
  TlsPair twin(calls, attesting);
  expect_attested(twin);
}

TEST_F(Shortcut, C04AServerThatRequiresAttestationIgnoresTheTicket) {
  const Session session = ticket();
  Offering offering;
  TlsSetup calls;
  calls.before = [&](SSL_CTX* ctx) { offering(ctx); };
  calls.on_ssl = [&](SSL* ssl) { offer_session(ssl, session); };
  TlsPair pair(calls, relying_server());
  expect_refused(pair, Role::server, Code::attestation_required, 116);  // an empty Certificate
  EXPECT_EQ(SSL_session_reused(pair.server->ssl()), 0);
}

TEST_F(Shortcut, C04AResumedSessionIsRefusedAllTheSame) {
  const Session session = ticket();
  Offering offering;
  TlsSetup calls;
  calls.before = [&](SSL_CTX* ctx) { offering(ctx); };
  calls.on_ssl = [&](SSL* ssl) { offer_session(ssl, session); };
  auto relying = relying_server();
  relying.before = resumes_anyway;
  relying.drive = fake::Drive::blocking;
  TlsPair pair(calls, relying);
  pair.run_until_settled();
  ASSERT_EQ(SSL_session_reused(pair.server->ssl()), 1) << "the road to be closed is open";
  ASSERT_TRUE(pair.server->error());
  EXPECT_EQ(name(pair.server->error()->code), name(Code::resumption_refused));
  EXPECT_EQ(pair.server->read_last, client_hello);
  EXPECT_EQ(pair.leak(), "");
}

// early sends early data with a ticket, and returns what the server's application gets of it.
std::string early(TlsPair& pair) {
  std::size_t n = 0;
  SSL_write_early_data(pair.client->ssl(), "early", 5, &n);
  std::array<char, 16> buffer{};
  const int got = SSL_read_early_data(pair.server->ssl(), buffer.data(), buffer.size(), &n);
  return got == SSL_READ_EARLY_DATA_SUCCESS ? std::string(buffer.data(), n) : "";
}

TEST_F(Shortcut, C08EarlyDataReachesNobody) {
  const Session session = ticket();
  Offering offering;
  TlsSetup calls;
  calls.before = [&](SSL_CTX* ctx) { offering(ctx); };
  calls.on_ssl = [&](SSL* ssl) { offer_session(ssl, session); };
  {  // between plain peers it does
    TlsPair plain(calls, plain_server());
    EXPECT_EQ(early(plain), "early");
  }
  auto relying = relying_server();
  relying.drive = fake::Drive::blocking;
  {
    TlsPair pair(calls, relying);
    EXPECT_EQ(early(pair), "");
    pair.run_until_settled();
    EXPECT_FALSE(pair.server->report().has_value());
    EXPECT_NE(SSL_get_early_data_status(pair.server->ssl()), SSL_EARLY_DATA_ACCEPTED);
    EXPECT_EQ(pair.leak(), "");
  }
  relying.before = resumes_anyway;
  TlsPair forced(calls, relying);
  EXPECT_EQ(early(forced), "");
  EXPECT_EQ(SSL_session_reused(forced.server->ssl()), 1) << "the road to be closed is open";
  const auto why = openssl::report(forced.server->ssl());
  ASSERT_FALSE(why.ok());
  // The resumption that early data needs is refused first.
  EXPECT_EQ(name(why.error().code), name(Code::resumption_refused)) << why.error().message();
  EXPECT_EQ(forced.server->read_last, client_hello);
  EXPECT_EQ(forced.leak(), "");

  TlsPair twin(attesting_client(), relying_server());
  expect_attested(twin);
}

// A client that requires attestation has nothing to send early.
TEST_F(Shortcut, C08AClientThatRequiresAttestationSendsNone) {
  const Session session = ticket();
  auto calls = client(verifier_for(policy_for({&s})));
  calls.drive = fake::Drive::blocking;
  calls.on_ssl = [&](SSL* ssl) { offer_session(ssl, session); };
  TlsPair pair(calls, plain_server());
  EXPECT_EQ(early(pair), "");
  EXPECT_FALSE(pair.server->read_last.has_value()) << "nothing was sent";
  EXPECT_EQ(pair.leak(), "");
}

}  // namespace
}  // namespace seatls::attacks
