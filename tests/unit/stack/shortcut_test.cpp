// Handshakes that would skip the certificate: resumption, external PSKs, early data. And
// applications that take the adapter's hooks away. The last line of defence holds in each.
#include <openssl/err.h>

#include <array>
#include <string>

#include "fixture.h"
#include "raw_extension.h"

namespace seatls::openssl {
namespace {

// ---- external PSK: a handshake without any certificate -----------------------------------------

constexpr unsigned char psk_key[32] = {7};

SSL_SESSION* psk_session(SSL* ssl) {
  const unsigned char suite[] = {0x13, 0x01};  // TLS_AES_128_GCM_SHA256
  SSL_SESSION* session = SSL_SESSION_new();
  SSL_SESSION_set1_master_key(session, psk_key, sizeof psk_key);
  SSL_SESSION_set_cipher(session, SSL_CIPHER_find(ssl, suite));
  SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION);
  return session;
}
int offer_psk(SSL* ssl, const EVP_MD*, const unsigned char** id, size_t* length, SSL_SESSION** session) {
  *id = reinterpret_cast<const unsigned char*>("id");
  *length = 2;
  *session = psk_session(ssl);
  return 1;
}
int find_psk(SSL* ssl, const unsigned char*, size_t, SSL_SESSION** session) {
  *session = psk_session(ssl);
  return 1;
}
// The PSK's hash must be the suite's.
void one_suite(SSL_CTX* ctx) { SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256"); }
void offers_psk(SSL_CTX* ctx) {
  one_suite(ctx);
  SSL_CTX_set_psk_use_session_callback(ctx, offer_psk);
}
void accepts_psk(SSL_CTX* ctx) {
  one_suite(ctx);
  SSL_CTX_set_psk_find_session_callback(ctx, find_psk);
}
// An application that sets something again in the moment in which the adapter has taken it away.
template <auto Set>
void set_again(SSL_CTX* ctx) {
  SSL_CTX_set_info_callback(ctx, [](const SSL* ssl, int where, int) {
    if (where == SSL_CB_HANDSHAKE_START) Set(const_cast<SSL*>(ssl));
  });
}

TEST(Psk, IsUsedBetweenPlainPeers) {
  Party c = plain(), s = plain_server();
  c.setup.before = offers_psk;
  s.setup.before = accepts_psk;
  TlsPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);
  EXPECT_EQ(SSL_session_reused(pair.client->ssl()), 1);
}

TEST(Psk, IsTurnedOffWhereAttestationIsRequired) {
  Party c = client().demands(Requirement::required), s = server().attests();
  c.setup.before = offers_psk;
  s.setup.before = accepts_psk;
  TlsPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);
  EXPECT_TRUE(pair.client->report()->peer.has_value());
}

TEST(Psk, SetOnTheSslIsTurnedOffToo) {
  Party c = client().demands(Requirement::required), s = server().attests();
  c.setup.on_ssl = [](SSL* ssl) { SSL_set_psk_use_session_callback(ssl, offer_psk); };
  s.setup.before = accepts_psk;
  TlsPair pair(c.setup, s.setup);
  pair.run();
  expect_traffic(pair);
  EXPECT_TRUE(pair.client->report()->peer.has_value());
}

// The roads to a handshake that is over although nobody attested: application data must not pass,
// whichever call drives it.
enum class Call : std::uint8_t { handshake, read, write };
class LastLine : public testing::TestWithParam<Call> {
 protected:
  // drive drives a pair by that call alone, and returns what either end got of the other's data.
  static std::string drive(TlsPair& pair, Call call) {
    std::string got;
    for (int i = 0; i < 10; ++i) {
      for (TlsEnd* end : {pair.client.get(), pair.server.get()}) {
        if (call == Call::handshake) end->step();
        if (call == Call::read) got += end->received();
        if (call == Call::write) end->send("secret");
      }
    }
    return got;
  }
};
INSTANTIATE_TEST_SUITE_P(Call, LastLine, testing::Values(Call::handshake, Call::read, Call::write));

void expect_cut(TlsPair& pair, Role by, Code code, const std::string& got) {
  const TlsEnd& end = by == Role::client ? *pair.client : *pair.server;
  EXPECT_EQ(got, "");
  EXPECT_EQ(pair.leak(), "");
  const auto why = report(end.ssl());
  ASSERT_FALSE(why.ok());
  EXPECT_EQ(name(why.error().code), name(code)) << why.error().message();
}

TEST_P(LastLine, AClientRefusesAPskThatSlippedIn) {
  Party c = client().demands(Requirement::required).driven(Drive::blocking), s = plain_server();
  // Set again in the very moment in which the adapter has taken it away.
  c.setup.before = [](SSL_CTX* ctx) {
    SSL_CTX_set_info_callback(ctx, [](const SSL* ssl, int where, int) {
      if (where == SSL_CB_HANDSHAKE_START) SSL_set_psk_use_session_callback(const_cast<SSL*>(ssl), offer_psk);
    });
  };
  s.setup.before = accepts_psk;
  TlsPair pair(c.setup, s.setup);
  const std::string got = drive(pair, GetParam());
  ASSERT_EQ(SSL_session_reused(pair.client->ssl()), 1) << "the road to be closed is open";
  expect_cut(pair, Role::client, Code::resumption_refused, got);
}

TEST_P(LastLine, AServerRefusesAPskThatSlippedIn) {
  Party c = plain(), s = server().demands(Requirement::required).driven(Drive::blocking);
  c.setup.before = offers_psk;
  s.setup.before = [](SSL_CTX* ctx) {
    one_suite(ctx);
    SSL_CTX_set_session_id_context(ctx, psk_key, 1);
    set_again<[](SSL* ssl) { SSL_set_psk_find_session_callback(ssl, find_psk); }>(ctx);
  };
  TlsPair pair(c.setup, s.setup);
  const std::string got = drive(pair, GetParam());
  ASSERT_EQ(SSL_session_reused(pair.server->ssl()), 1) << "the road to be closed is open";
  expect_cut(pair, Role::server, Code::attestation_required, got);  // a plain client: that comes first
}

TEST_P(LastLine, AServerWhoseVerificationIsSwitchedOffRefuses) {
  Party c = plain(), s = server().demands(Requirement::required).driven(Drive::blocking);
  s.setup.before = set_again<[](SSL* ssl) { SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr); }>;
  TlsPair pair(c.setup, s.setup);
  const std::string got = drive(pair, GetParam());
  expect_cut(pair, Role::server, Code::attestation_required, got);
}

TEST_P(LastLine, AClientWhoseVerificationIsReplacedRefuses) {
  Party c = client().demands(Requirement::required).driven(Drive::blocking), s = plain_server();
  c.setup.after = [](SSL_CTX* ctx) {
    SSL_CTX_set_cert_verify_callback(
        ctx, [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  };
  TlsPair pair(c.setup, s.setup);
  const std::string got = drive(pair, GetParam());
  expect_cut(pair, Role::client, Code::attestation_required, got);
}

TEST_P(LastLine, AChainThatAReplacedVerificationLetsPassIsNotVerified) {
  Party c = client().demands(Requirement::required).driven(Drive::blocking);
  Party s = server().identity(fake::self_signed()).attests().driven(Drive::blocking);
  c.setup.before = [](SSL_CTX* ctx) {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, [](int, X509_STORE_CTX* store) {
      X509_STORE_CTX_set_error(store, X509_V_OK);
      return 1;
    });
  };
  TlsPair pair(c.setup, s.setup);
  const std::string got = drive(pair, GetParam());
  expect_cut(pair, Role::client, Code::identity_rejected, got);
}

// ---- resumption --------------------------------------------------------------------------------

// Tickets of one server, that accepts them on the next connection.
struct Tickets {
  static void keep(SSL_CTX* ctx) {
    unsigned char keys[80] = {3};
    SSL_CTX_set_tlsext_ticket_keys(ctx, keys, sizeof keys);
    SSL_CTX_set_session_id_context(ctx, keys, 1);
  }
  // take runs a connection on which the server gives tickets, and returns the client's session.
  static SSL_SESSION* take() {
    Party c = plain(), s = plain_server();
    s.setup.identity = identity();
    s.setup.before = keep;
    static SSL_SESSION* taken;
    taken = nullptr;
    c.setup.before = [](SSL_CTX* ctx) {
      SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
      SSL_CTX_sess_set_new_cb(ctx, [](SSL*, SSL_SESSION* session) {
        SSL_SESSION_free(taken);
        taken = SSL_SESSION_dup(session);  // SSL_free spoils the session of a connection that was not closed
        return 0;
      });
    };
    TlsPair pair(c.setup, s.setup);
    pair.run();
    expect_traffic(pair);
    return taken;
  }
  static const fake::TlsIdentity& identity() {
    static const fake::TlsIdentity value = fake::certified();
    return value;
  }
};

TEST(Resumption, AClientThatRequiresAttestationOffersNoSession) {
  SSL_SESSION* session = Tickets::take();
  ASSERT_NE(session, nullptr);
  Party c = client().demands(Requirement::required), s = plain_server();
  s.setup.identity = Tickets::identity();
  s.setup.before = Tickets::keep;
  c.setup.on_ssl = [session](SSL* ssl) { ASSERT_EQ(SSL_set_session(ssl, session), 1); };
  TlsPair pair(c.setup, s.setup);
  pair.run();
  SSL_SESSION_free(session);
  ASSERT_TRUE(pair.client->error());
  EXPECT_EQ(pair.client->error()->code, Code::resumption_refused);
  EXPECT_EQ(pair.leak(), "");
}

TEST(Resumption, AServerThatRequiresAttestationIgnoresATicket) {
  SSL_SESSION* session = Tickets::take();
  Party c = plain(), s = server().identity(Tickets::identity()).demands(Requirement::required);
  s.setup.before = Tickets::keep;
  c.setup.on_ssl = [session](SSL* ssl) { SSL_set_session(ssl, session); };
  TlsPair pair(c.setup, s.setup);
  pair.run();
  SSL_SESSION_free(session);
  EXPECT_EQ(SSL_session_reused(pair.server->ssl()), 0);
  expect_refusal(pair, Role::server, Code::attestation_required, 116);
}

TEST(Resumption, IsRefusedWhereAnApplicationTurnsItOnAgain) {
  SSL_SESSION* session = Tickets::take();
  Party c = plain(),
        s = server().identity(Tickets::identity()).demands(Requirement::required).driven(Drive::blocking);
  s.setup.before = [](SSL_CTX* ctx) {
    Tickets::keep(ctx);
    set_again<[](SSL* ssl) { SSL_clear_options(ssl, SSL_OP_NO_TICKET); }>(ctx);
  };
  RawExtension raw;
  raw.in(SSL_EXT_CLIENT_HELLO, client_offer());
  c.setup.before = [&raw](SSL_CTX* ctx) { raw(ctx); };
  c.setup.on_ssl = [session](SSL* ssl) { SSL_set_session(ssl, session); };
  TlsPair pair(c.setup, s.setup);
  pair.run();
  SSL_SESSION_free(session);
  ASSERT_EQ(SSL_session_reused(pair.server->ssl()), 1) << "the road to be closed is open";
  ASSERT_TRUE(pair.server->error());
  EXPECT_EQ(pair.server->error()->code, Code::resumption_refused) << pair.server->error()->message();
  EXPECT_EQ(pair.leak(), "");
}

int tickets_of(TlsPair& pair) {
  pair.client->received();
  const SSL_SESSION* session = SSL_get_session(pair.client->ssl());
  return session != nullptr && SSL_SESSION_is_resumable(session) == 1 ? 1 : 0;
}

TEST(Resumption, NoTicketComesOutOfAnAttestedConnection) {
  Party c = client().demands(Requirement::optional), s = server().attests();
  TlsPair attested(c.setup, s.setup);
  attested.run();
  expect_traffic(attested);
  ASSERT_TRUE(attested.client->report()->peer.has_value());
  EXPECT_EQ(tickets_of(attested), 0);

  Party other = plain();  // the same server, a client that does not know of attestation
  TlsPair unattested(other.setup, s.setup);
  unattested.run();
  expect_traffic(unattested);
  EXPECT_EQ(tickets_of(unattested), 1);
}

TEST(Resumption, AnOptionalClientMayResumeAndDoesNotLookAttested) {
  SSL_SESSION* session = Tickets::take();
  Party c = client().demands(Requirement::optional, IdentityRule::pki), s = plain_server();
  s.setup.identity = Tickets::identity();
  s.setup.before = Tickets::keep;
  c.setup.on_ssl = [session](SSL* ssl) { SSL_set_session(ssl, session); };
  TlsPair pair(c.setup, s.setup);
  pair.run();
  SSL_SESSION_free(session);
  ASSERT_EQ(SSL_session_reused(pair.client->ssl()), 1);
  if (const auto seen = pair.client->report()) {
    EXPECT_FALSE(seen->peer.has_value());
    EXPECT_TRUE(seen->resumed);
  } else {
    EXPECT_EQ(pair.client->error()->code, Code::identity_rejected);
  }
}

// ---- early data --------------------------------------------------------------------------------

TEST(EarlyData, AServerThatRequiresAttestationHandsNoneOut) {
  SSL_SESSION* session = nullptr;
  {  // a ticket that allows early data
    Party c = plain(), s = plain_server();
    s.setup.identity = Tickets::identity();
    s.setup.before = [](SSL_CTX* ctx) {
      Tickets::keep(ctx);
      SSL_CTX_set_max_early_data(ctx, 1000);
    };
    TlsPair pair(c.setup, s.setup);
    pair.run();
    expect_traffic(pair);
    session = SSL_SESSION_dup(SSL_get_session(pair.client->ssl()));
    ASSERT_EQ(SSL_SESSION_get_max_early_data(session), 1000U);
  }
  for (const bool forced : {false, true}) {
    Party c = plain(),
          s = server().identity(Tickets::identity()).demands(Requirement::required).driven(Drive::blocking);
    s.setup.before = [forced](SSL_CTX* ctx) {
      Tickets::keep(ctx);
      SSL_CTX_set_max_early_data(ctx, 1000);
      if (forced) {
        set_again<[](SSL* ssl) {
          SSL_clear_options(ssl, SSL_OP_NO_TICKET);
          SSL_set_max_early_data(ssl, 1000);
        }>(ctx);
      }
    };
    RawExtension raw;
    raw.in(SSL_EXT_CLIENT_HELLO, client_offer());
    if (forced) c.setup.before = [&raw](SSL_CTX* ctx) { raw(ctx); };
    c.setup.on_ssl = [session](SSL* ssl) { SSL_set_session(ssl, session); };
    TlsPair pair(c.setup, s.setup);
    std::size_t n = 0;
    SSL_write_early_data(pair.client->ssl(), "early", 5, &n);
    std::array<char, 16> buffer{};
    EXPECT_NE(SSL_read_early_data(pair.server->ssl(), buffer.data(), buffer.size(), &n),
              SSL_READ_EARLY_DATA_SUCCESS);
    EXPECT_EQ(pair.leak(), "");
    const auto why = report(pair.server->ssl());
    ASSERT_FALSE(why.ok());
    EXPECT_EQ(why.error().code, forced ? Code::early_data_refused : Code::attestation_required)
        << why.error().message();
  }
  SSL_SESSION_free(session);
}

}  // namespace
}  // namespace seatls::openssl
