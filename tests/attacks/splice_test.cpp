// Rows B03, B05, B06 and C12: what a flight is made of. An attacker who holds the handshake's secrets
// exchanges parts of it; certificates that encode a key in two ways; a HelloRetryRequest.
#include <gtest/gtest.h>

#include "attacks/kit.h"
#include "attacks/reencoded.h"
#include "binder/early_binder.h"
#include "crypto/hash.h"

namespace seatls::attacks {
namespace {

using fake::TlsMitm;
using fake::TlsPair;
using fake::TlsSetup;
using enum fake::MessageType;

constexpr int kIllegalParameter = 47, kAccessDenied = 49, kDecryptError = 51;
constexpr std::uint16_t kExtension = 0xFF5E;

// ---- B03: the client's evidence says nothing of the server's flight -------------------------------

class AttackB03 : public testing::Test {
 protected:
  [[nodiscard]] TlsSetup attesting_client() const {
    auto setup = client(verifier_for(policy_for({&s})));
    setup.identity = c.identity;
    setup.config->attester = c.attester;
    return setup;
  }
  [[nodiscard]] TlsSetup relying_server() const {
    auto setup = server(s.identity, s.attester);
    setup.config->require = demand(verifier_for(policy_for({&c})));
    return setup;
  }
  // refused: S sees evidence whose binder is right, and a signature over another flight.
  void refused(const fake::Leaks& leaks, const TlsMitm::Change& change, const TlsSetup& calls) const {
    auto recorder = std::make_shared<Recorder>(verifier_for(policy_for({&c})));
    auto relying = relying_server();
    relying.config->require->verifier = recorder;
    TlsMitm m(leaks, change), honest(leaks);
    {
      TlsPair pair(calls, relying, &m);
      pair.run_until_settled();
      ASSERT_EQ(recorder->seen.size(), 1U) << "the evidence itself was good";
      ASSERT_TRUE(pair.server->error());
      EXPECT_EQ(name(pair.server->error()->code), name(Code::handshake_not_verified))
          << pair.server->error()->message();
      EXPECT_EQ(pair.server->read_last, certificate_verify);
      EXPECT_EQ(pair.server->alert_sent, kDecryptError);
      EXPECT_FALSE(pair.server->report().has_value());
      EXPECT_EQ(pair.leak(), "");
    }
    TlsPair twin(calls, relying, &honest);
    expect_attested(twin);
  }
  Machine s, c;
};

// M shows the client an identity of its own. The client means M, and its evidence arrives at S.
TEST_F(AttackB03, B03TheServersCertificateIsExchanged) {
  const auto m = fake::certified();
  auto calls = attesting_client();
  calls.config->require->attestation = Requirement::off;
  calls.config->require->identity = IdentityRule::pki;
  const auto exchange = fake::on(Role::server, certificate, [&](Bytes& message) {
    fake::edit_entries(message, [&](auto& entries) {
      entries[0].certificate = bytes(m.certificate.der());
      entries[0].extensions.clear();
    });
  });
  refused({true, &m.key, nullptr}, exchange, calls);
}

TEST_F(AttackB03, B03EncryptedExtensionsAreChanged) {
  const auto change = fake::on(Role::server, encrypted_extensions, [](Bytes& message) {
    fake::edit_extensions(message, [](auto& e) { e.push_back({10, {0, 2, 0, 29}}); });  // supported_groups
  });
  refused({true, &s.identity.key, nullptr}, change, attesting_client());
}

TEST_F(AttackB03, B03TheCertificateRequestIsChanged) {
  const auto change = fake::on(Role::server, certificate_request, [](Bytes& message) {
    fake::edit_extensions(message, [](auto& e) {
      fake::set(e, 13, Bytes{0, 2, 4, 3});  // signature_algorithms: ecdsa_secp256r1_sha256 alone
    });
  });
  refused({true, &s.identity.key, nullptr}, change, attesting_client());
}

// Without S's key M cannot even sign the changed flight.
TEST_F(AttackB03, B03WithoutTheServersKeyTheClientRefuses) {
  const auto change = fake::on(Role::server, encrypted_extensions, [](Bytes& message) {
    fake::edit_extensions(message, [](auto& e) { e.push_back({10, {0, 2, 0, 29}}); });
  });
  TlsMitm m({true, nullptr, nullptr}, change);
  TlsPair pair(attesting_client(), relying_server(), &m);
  expect_refused(pair, Role::client, Code::handshake_not_verified, kDecryptError, certificate_verify);
}

// ---- B05: more than one entry --------------------------------------------------------------------

class AttackB05 : public AttackB03 {
 protected:
  using Entries = std::vector<fake::CertificateEntry>;
  // refused: either side's Certificate, changed by who holds every secret and both keys.
  void refused(const std::function<void(Entries&)>& change, Code code) const {
    const fake::Leaks leaks{true, &s.identity.key, &c.identity.key};
    for (const Role sender : {Role::server, Role::client}) {
      SCOPED_TRACE(sender == Role::server ? "server" : "client");
      TlsMitm liar(
          leaks, fake::on(sender, certificate, [&](Bytes& message) { fake::edit_entries(message, change); }));
      TlsPair pair(attesting_client(), relying_server(), &liar);
      expect_refused(pair, other(sender), code, kIllegalParameter);
    }
    TlsMitm honest(leaks, fake::on(Role::server, certificate, [](Bytes& message) {
                     fake::edit_entries(message, [](Entries& e) { with_ca(e); });
                   }));
    TlsPair twin(attesting_client(), relying_server(), &honest);
    twin.run_until_settled();
    EXPECT_FALSE(twin.client->error())
        << "a second entry as such is welcome: " << twin.client->error()->message();
  }
  static void with_ca(Entries& entries) { entries.push_back({bytes(fake::test_ca().der()), {}}); }
};

TEST_F(AttackB05, B05TheCredentialStandsInTheIssuersEntry) {
  refused(
      [](Entries& e) {
        with_ca(e);
        std::swap(e[0].extensions, e[1].extensions);
      },
      Code::misplaced_extension);
}
TEST_F(AttackB05, B05TheCredentialStandsInBothEntries) {
  refused(
      [](Entries& e) {
        with_ca(e);
        e[1].extensions = e[0].extensions;
      },
      Code::misplaced_extension);
}
TEST_F(AttackB05, B05TheCredentialStandsTwiceInOneEntry) {
  // OpenSSL refuses the repetition before anybody looks into it.
  refused(
      [](Entries& e) {
        const auto credential = *fake::find(e[0].extensions, kExtension);
        e[0].extensions.push_back({kExtension, credential});
      },
      Code::tls_failed);
}

// ---- B06: one key, two encodings -----------------------------------------------------------------

TEST(AttackB06, B06TheHashIsOfTheBytesThatTheCertificateHolds) {
  const Machine t;
  const auto verifier = verifier_for(policy_for({&t}));
  const auto odd = compressed();
  const auto evidence = [&](const Binder& binder) {
    return cwt(proven(t.claims(binder), odd.identity.key.public_key()), t.attestation_key);
  };
  expect_b06_refused(odd, verifier, AttestationScheme{*SchemeTable::defaults().find("software")}, evidence);

  auto relying = client(verifier);
  relying.config->require->identity = IdentityRule::attested_key;  // the certificate is self-signed
  TlsPair twin(relying, server(odd.identity, std::make_shared<Teller>([&](const EvidenceRequest& r) {
                                 EXPECT_EQ(r.binder.tik(), odd.identity.certificate.spki());
                                 return evidence(r.binder);
                               })));
  expect_attested(twin);
}

// ---- C12: HelloRetryRequest ----------------------------------------------------------------------

class AttackC12 : public testing::Test {
 protected:
  AttackC12() {
    relying.before = [](SSL_CTX* ctx) { SSL_CTX_set1_groups_list(ctx, "P-256:X25519"); };
  }
  [[nodiscard]] TlsSetup retrying(std::shared_ptr<Attester> attester) const {
    auto setup = server(s.identity, std::move(attester));
    setup.before = [](SSL_CTX* ctx) { SSL_CTX_set1_groups_list(ctx, "X25519"); };
    return setup;
  }
  Machine s;
  TlsSetup relying = client(verifier_for(policy_for({&s})));
};

TEST_F(AttackC12, C12EvidenceCoversBothClientHellos) {
  TlsMitm watch;
  TlsPair pair(relying, retrying(s.attester), &watch);
  expect_attested(pair);
  EXPECT_EQ(pair.client->report()->peer_binder, pair.server->report()->self_binder);
  // The transcript by hand: message_hash(ClientHello1), HelloRetryRequest, ClientHello2, ServerHello.
  const auto& passed = watch.passed();
  ASSERT_EQ(passed.size(), 4U);
  const Hash hash = pair.client->report()->peer_binder.size() == 48 ? Hash::sha384 : Hash::sha256;
  Bytes all{254, 0, 0, static_cast<std::uint8_t>(size(hash))};
  const auto append = [&](const Bytes& b) { all.insert(all.end(), b.begin(), b.end()); };
  append(crypto::digest(hash, passed[0].second));
  for (std::size_t i = 1; i < 4; ++i) append(passed[i].second);
  const auto expected =
      binder::derive_early_binder(hash, false, crypto::digest(hash, all), s.identity.certificate.spki())
          .value();
  EXPECT_EQ(pair.client->report()->peer_binder, bytes(expected.bytes()));
}

TEST_F(AttackC12, C12WithoutTheFirstClientHelloItIsAnotherBinder) {
  std::vector<Bytes> hellos;
  static std::vector<Bytes>* heard = nullptr;
  heard = &hellos;
  auto liar = retrying(std::make_shared<Teller>([&](const EvidenceRequest& r) {
    Bytes all;  // ClientHello2 and ServerHello alone
    for (std::size_t i = hellos.size() - 2; i < hellos.size(); ++i)
      all.insert(all.end(), hellos[i].begin(), hellos[i].end());
    const Hash hash = r.binder.hash();
    const auto other =
        binder::derive_early_binder(hash, false, crypto::digest(hash, all), r.binder.tik()).value();
    return cwt(s.claims(other), s.attestation_key);
  }));
  liar.options.message_callback = [](int, int, int type, const void* data, std::size_t n, SSL*, void*) {
    const auto* p = static_cast<const std::uint8_t*>(data);
    if (type == SSL3_RT_HANDSHAKE && p[0] <= 2) heard->emplace_back(p, p + n);
  };
  TlsPair pair(relying, liar);
  pair.run_until_settled();
  EXPECT_EQ(hellos.size(), 4U) << "there was a retry";
  ASSERT_TRUE(pair.client->error());
  EXPECT_EQ(name(pair.client->error()->code), name(Code::binder_mismatch)) << pair.client->error()->message();
  EXPECT_EQ(pair.client->read_last, certificate);
  EXPECT_EQ(pair.client->alert_sent, kAccessDenied);
  EXPECT_EQ(pair.leak(), "");
}

// The same for an attacker on the wire who holds every secret: ClientHello1 that the ends saw differs.
TEST_F(AttackC12, C12AChangedFirstClientHelloIsAnotherBinder) {
  int seen = 0;
  const auto change = fake::on(Role::client, client_hello, [&](Bytes& message) {
    if (++seen == 1) message[4 + 2] ^= 1;  // random
  });
  TlsMitm m({true, &s.identity.key, nullptr}, change);
  TlsPair pair(relying, retrying(s.attester), &m);
  pair.run_until_settled();
  EXPECT_FALSE(pair.established());
  EXPECT_EQ(pair.leak(), "");
  ASSERT_TRUE(pair.client->error() || pair.server->error());

  seen = 1;  // nothing is changed
  TlsMitm honest({true, &s.identity.key, nullptr}, change);
  TlsPair twin(relying, retrying(s.attester), &honest);
  expect_attested(twin);
}

}  // namespace
}  // namespace seatls::attacks
