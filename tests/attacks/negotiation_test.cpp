// Class D of the attack catalogue: what is offered, chosen and delivered, and an attacker on the wire who
// changes it. `leaked` runs grant him the handshake's secrets and the TLS keys, so that what he tells
// verifies in TLS and only the rule in question is left to refuse it.
#include <gtest/gtest.h>

#include "attacks/kit.h"
#include "codec/tls.h"
#include "wire/remote_attestation.h"

namespace seatls::attacks {
namespace {

using fake::TlsMitm;
using fake::TlsPair;
using fake::TlsSetup;
using enum fake::MessageType;

constexpr int kBadRecordMac = 20, kHandshakeFailure = 40, kIllegalParameter = 47, kAccessDenied = 49,
              kDecodeError = 50, kDecryptError = 51, kProtocolVersion = 70, kUnsupportedExtension = 110;
constexpr std::uint16_t kExtension = 0xFF5E, kKeyShare = 51;

AttestationScheme scheme(const char* name) { return {*SchemeTable::defaults().find(name)}; }

template <class Body>
Bytes body(const Body& b) {
  return codec::encode(b).value();
}
// tells returns a Change that puts another body (none: takes it out) into a message.
TlsMitm::Change tells(Role sender, fake::MessageType type, const std::optional<Bytes>& data) {
  return fake::on(sender, type, [data](Bytes& message) {
    fake::edit_extensions(message, [&](fake::Extensions& e) { fake::set(e, kExtension, data); });
  });
}
// shows does so in the first entry of a Certificate.
TlsMitm::Change shows(Role sender, const std::optional<Bytes>& data) {
  return fake::on(sender, certificate, [data](Bytes& message) {
    fake::edit_entries(message, [&](auto& entries) { fake::set(entries[0].extensions, kExtension, data); });
  });
}
Bytes cmw_of(Bytes cmw) { return body(wire::CertificateCredential{std::move(cmw)}); }

class AttackD : public testing::Test {
 protected:
  [[nodiscard]] TlsSetup relying_client(Requirement requirement = Requirement::required) const {
    auto setup = client(verifier_for(policy_for({&s})));
    setup.config->require->attestation = requirement;
    return setup;
  }
  [[nodiscard]] TlsSetup attesting_server() const { return server(s.identity, s.attester); }
  // The mirror: the client attests, the server appraises.
  [[nodiscard]] TlsSetup attesting_client() const {
    auto setup = relying_client(Requirement::off);
    setup.config->require->identity = IdentityRule::pki;
    setup.identity = c.identity;
    setup.config->attester = c.attester;
    return setup;
  }
  [[nodiscard]] TlsSetup relying_server(Requirement requirement = Requirement::required) const {
    auto setup = server(s.identity, nullptr);
    setup.config->require = demand(verifier_for(policy_for({&c})));
    setup.config->require->attestation = requirement;
    return setup;
  }
  [[nodiscard]] fake::Leaks leaked() const { return {true, &s.identity.key, &c.identity.key}; }

  // refused runs the lie, and its honest twin through the very same attacker.
  static void refused(const TlsSetup& client, const TlsSetup& server, fake::Leaks leaks,
                      const TlsMitm::Change& lie, Role by, Code code, std::optional<int> alert,
                      fake::MessageType at) {
    SCOPED_TRACE(name(code));
    TlsMitm liar(leaks, lie), honest(leaks);
    {
      TlsPair pair(client, server, &liar);
      expect_refused(pair, by, code, alert, at);
    }
    TlsPair twin(client, server, &honest);
    expect_attested(twin);
  }
  void client_refuses(const TlsMitm::Change& lie, Code code, int alert, fake::MessageType at) const {
    refused(relying_client(), attesting_server(), leaked(), lie, Role::client, code, alert, at);
  }
  void server_refuses(const TlsMitm::Change& lie, Code code, int alert, fake::MessageType at) const {
    refused(attesting_client(), relying_server(), leaked(), lie, Role::server, code, alert, at);
  }

  Machine s, c;
};

// ---- D01, D02: the extension is taken out, or never there ----------------------------------------

// Both ends' keys hang on the transcript: an attacker without secrets gets no further than one record.
TEST_F(AttackD, D01StrippedFromClientHello) {
  const auto strip = tells(Role::client, client_hello, std::nullopt);
  for (const auto requirement : {Requirement::required, Requirement::optional})
    refused(relying_client(requirement), attesting_server(), {}, strip, Role::client,
            Code::handshake_not_verified, kBadRecordMac, server_hello);
}

TEST_F(AttackD, D01StrippedFromClientHelloByWhoHasTheHandshakeSecrets) {
  const auto strip = tells(Role::client, client_hello, std::nullopt);
  refused(relying_client(), attesting_server(), {true, nullptr, nullptr}, strip, Role::client,
          Code::attestation_required, kHandshakeFailure, certificate);
  // Where attestation is optional the server's signature over the transcript is what tells.
  refused(relying_client(Requirement::optional), attesting_server(), {true, nullptr, nullptr}, strip,
          Role::client, Code::handshake_not_verified, kDecryptError, certificate_verify);
}

TEST_F(AttackD, D01StrippedFromTheClientHelloOfAClientThatAttests) {
  const auto strip = tells(Role::client, client_hello, std::nullopt);
  refused(attesting_client(), relying_server(), {true, nullptr, nullptr}, strip, Role::server,
          Code::attestation_required, 116, client_hello);
  refused(attesting_client(), relying_server(Requirement::optional), {true, nullptr, nullptr}, strip,
          Role::client, Code::handshake_not_verified, kDecryptError, certificate_verify);
}

TEST_F(AttackD, D02AServerThatOmitsTheExtension) {
  auto recorder = std::make_shared<Recorder>(verifier_for(policy_for({&s})));
  TlsPair pair(client(recorder), server(s.identity, nullptr));
  expect_refused(pair, Role::client, Code::attestation_required, kHandshakeFailure);
  EXPECT_TRUE(recorder->seen.empty());

  auto plain = attesting_server();
  plain.config.reset();
  TlsPair unaware(relying_client(), plain);
  expect_refused(unaware, Role::client, Code::attestation_required, kHandshakeFailure);

  client_refuses(tells(Role::server, encrypted_extensions, std::nullopt), Code::attestation_required,
                 kHandshakeFailure, certificate);
}

// ---- D03, D04: negotiated and not delivered, delivered and not negotiated -------------------------

TEST_F(AttackD, D03ChosenAndNotDelivered) {
  client_refuses(shows(Role::server, std::nullopt), Code::attestation_required, kHandshakeFailure,
                 certificate);
  // OpenSSL has no way to send certificate_required from where this shows.
  server_refuses(shows(Role::client, std::nullopt), Code::attestation_required, kHandshakeFailure,
                 certificate);
}

TEST_F(AttackD, D03EvenWhereAttestationIsOptional) {
  refused(relying_client(Requirement::optional), attesting_server(), leaked(),
          shows(Role::server, std::nullopt), Role::client, Code::attestation_required, kHandshakeFailure,
          certificate);
}

TEST_F(AttackD, D04DeliveredAndNotChosen) {
  refused(relying_client(Requirement::optional), attesting_server(), leaked(),
          tells(Role::server, encrypted_extensions, std::nullopt), Role::client, Code::unsolicited_extension,
          kUnsupportedExtension, certificate);
  // The mirror: a certificate that was asked for, evidence that was not.
  auto calls = attesting_client();
  calls.config->attester.reset();
  TlsMitm liar(leaked(), shows(Role::client, Bytes{0, 0, 1, 0}));
  TlsPair pair(calls, relying_server(Requirement::optional), &liar);
  expect_refused(pair, Role::server, Code::unsolicited_extension, kUnsupportedExtension, certificate);
}

TEST_F(AttackD, D04ChosenAndNotOffered) {
  auto calls = attesting_client();  // offers nothing without its attester
  calls.config->attester.reset();
  TlsMitm liar(leaked(),
               tells(Role::server, encrypted_extensions, body(wire::ServerChoice{scheme("software")})));
  TlsPair pair(calls, server(s.identity, nullptr), &liar);
  // OpenSSL itself refuses an answer to what was not asked.
  expect_refused(pair, Role::client, Code::tls_failed, kUnsupportedExtension, encrypted_extensions);
  TlsMitm honest(leaked());
  TlsPair twin(calls, server(s.identity, nullptr), &honest);
  expect_attested(twin);
}

// ---- D05, D06: the choice ------------------------------------------------------------------------

class AttackD05 : public AttackD {
 protected:
  // The client prefers the TPM, and takes software.
  [[nodiscard]] TlsSetup prefers_tpm() const {
    auto policy = policy_for({&s});
    policy.schemes = {"tpm2", "software"};
    policy.tpm2.ak = {{KeyPin::Kind::spki_sha256, Bytes(32, 1)}};
    policy.tpm2.pcrs[Hash::sha256][0] = expect::Any{};
    return client(verifier_for(policy));
  }
  [[nodiscard]] static TlsMitm::Change offer(std::vector<AttestationScheme> schemes) {
    return tells(Role::client, client_hello, body(wire::ClientOffer{std::move(schemes), {}}));
  }
};

TEST_F(AttackD05, D05StrongSchemesAreRemovedOrReordered) {
  for (const auto& lie : {offer({scheme("software")}), offer({scheme("software"), scheme("tpm2")})}) {
    refused(prefers_tpm(), attesting_server(), {}, lie, Role::client, Code::handshake_not_verified,
            kBadRecordMac, server_hello);
    // With every secret, too: the evidence is bound to what the server was offered.
    refused(prefers_tpm(), attesting_server(), leaked(), lie, Role::client, Code::binder_mismatch,
            kAccessDenied, certificate);
  }
}

TEST_F(AttackD05, D05TheLocalFloorIsWhatIsOffered) {
  auto policy = policy_for({&s});
  policy.tpm2.ak = {{KeyPin::Kind::spki_sha256, Bytes(32, 1)}};
  policy.tpm2.pcrs[Hash::sha256][0] = expect::Any{};
  policy.schemes = {"tpm2"};
  TlsMitm liar(leaked(), offer({scheme("software")}));
  TlsPair pair(client(verifier_for(policy)), attesting_server(), &liar);
  expect_refused(pair, Role::client, Code::scheme_not_offered, kIllegalParameter, encrypted_extensions);
}

// An application that offers more than its policy accepts is stopped by the policy.
TEST_F(AttackD05, D05AWeakChoiceIsBelowThePolicy) {
  class Offers final : public Verifier {
   public:
    explicit Offers(std::shared_ptr<Verifier> real) : real_(std::move(real)) {}
    [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {scheme("software")}; }
    void appraise(AppraisalRequest request, Done done) override {
      real_->appraise(std::move(request), std::move(done));
    }

   private:
    std::shared_ptr<Verifier> real_;
  };
  auto policy = policy_for({&s});
  policy.tpm2.ak = {{KeyPin::Kind::spki_sha256, Bytes(32, 1)}};
  policy.tpm2.pcrs[Hash::sha256][0] = expect::Any{};
  policy.schemes = {"tpm2"};
  TlsPair pair(client(std::make_shared<Offers>(verifier_for(policy))), attesting_server());
  expect_refused(pair, Role::client, Code::scheme_below_policy, kAccessDenied);
  policy.schemes = {"tpm2", "software"};
  TlsPair twin(client(std::make_shared<Offers>(verifier_for(policy))), attesting_server());
  expect_attested(twin);
}

TEST_F(AttackD, D06AChoiceThatWasNotOffered) {
  client_refuses(tells(Role::server, encrypted_extensions, body(wire::ServerChoice{scheme("tpm2")})),
                 Code::scheme_not_offered, kIllegalParameter, encrypted_extensions);
  refused(attesting_client(), relying_server(), leaked(),
          tells(Role::server, certificate_request, body(wire::ClientChoice{scheme("tpm2")})), Role::client,
          Code::scheme_not_offered, kIllegalParameter, certificate_request);
}

TEST_F(AttackD, D06AChoiceOutOfTheOtherDirectionsList) {
  // The client attests with software, and accepts a TPM's evidence or a result alone.
  auto calls = relying_client();
  calls.identity = c.identity;
  calls.config->attester = c.attester;
  auto policy = policy_for({});
  policy.schemes = {"tpm2"};
  policy.tpm2.ak = {{KeyPin::Kind::spki_sha256, Bytes(32, 1)}};
  policy.tpm2.pcrs[Hash::sha256][0] = expect::Any{};
  calls.config->require->verifier = verifier_for(policy);
  auto answers = server(s.identity, std::make_shared<Teller>(scheme("tpm2"), [](const EvidenceRequest& r) {
                          return Cmw(CmwRecord{std::get<EvidenceType>(r.scheme.argument), Bytes{1}, 4});
                        }));
  answers.config->require = demand(verifier_for(policy_for({&c})));
  TlsMitm liar(leaked(),
               tells(Role::server, encrypted_extensions, body(wire::ServerChoice{scheme("software")})));
  TlsPair pair(calls, answers, &liar);
  expect_refused(pair, Role::client, Code::scheme_not_offered, kIllegalParameter, encrypted_extensions);
}

// ---- D07: what is delivered is not what was chosen -----------------------------------------------

TEST_F(AttackD, D07TheCredentialIsOfAnotherTypeThanChosen) {
  const auto lies = [&](const CmwRecord& record) {
    client_refuses(shows(Role::server, cmw_of(encode_cmw(Cmw(record)).value())),
                   Code::credential_type_mismatch, kAccessDenied, certificate);
    server_refuses(shows(Role::client, cmw_of(encode_cmw(Cmw(record)).value())),
                   Code::credential_type_mismatch, kAccessDenied, certificate);
  };
  lies({ContentFormat{264}, Bytes{1, 2, 3}, cmw_indicator::attestation_results});
  lies({ContentFormat{263}, Bytes{1, 2, 3}, cmw_indicator::attestation_results});
  lies({MediaType{"application/eat+cwt"}, Bytes{1, 2, 3}, cmw_indicator::evidence});
}

// ---- D08: empty lists ----------------------------------------------------------------------------

TEST_F(AttackD, D08BothListsAreEmpty) {
  refused(relying_client(), attesting_server(), leaked(),
          tells(Role::client, client_hello, Bytes{0, 0, 0, 0}), Role::server, Code::empty_offer,
          kHandshakeFailure, client_hello);
}

TEST_F(AttackD, D08AMediaTypeWithoutAName) {
  refused(relying_client(), attesting_server(), leaked(),
          tells(Role::client, client_hello, Bytes{0, 4, 0, 1, 0, 0, 0, 0}), Role::server, Code::unknown_value,
          kIllegalParameter, client_hello);
}

TEST_F(AttackD, D08AClientDoesNotBuildAnEmptyOffer) {
  class Ends final : public Verifier {  // it can appraise, and then no longer
   public:
    [[nodiscard]] std::vector<AttestationScheme> schemes() const override {
      if (ended) return {};
      return {scheme("software")};
    }
    void appraise(AppraisalRequest, Done done) override { done(Error{Code::internal, "not asked for", ""}); }
    bool ended = false;
  };
  const auto verifier = std::make_shared<Ends>();
  TlsPair pair(client(verifier), attesting_server());
  verifier->ended = true;
  pair.run_until_settled();
  ASSERT_TRUE(pair.client->error());
  EXPECT_EQ(name(pair.client->error()->code), name(Code::misuse)) << pair.client->error()->message();
  EXPECT_FALSE(pair.server->read_last.has_value()) << "nothing was sent";
  EXPECT_EQ(pair.leak(), "");
}

// ---- D09: version and key exchange ---------------------------------------------------------------

TEST_F(AttackD, D09AnOlderVersionOfTls) {
  const auto at_most_12 = [](SSL_CTX* ctx) { SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION); };
  auto old_server = attesting_server();
  old_server.config.reset();
  old_server.before = at_most_12;
  TlsPair to_old(relying_client(), old_server);
  to_old.run_until_settled();
  EXPECT_FALSE(to_old.established());
  EXPECT_EQ(to_old.client->error()->code, Code::refused_by_peer) << "a server without TLS 1.3 says so first";
  EXPECT_EQ(to_old.client->alert_received, kProtocolVersion);
  EXPECT_EQ(to_old.leak(), "");

  TlsSetup old_client;
  old_client.before = at_most_12;
  TlsPair from_old(old_client, relying_server());
  expect_refused(from_old, Role::server, Code::protocol_version, kProtocolVersion, client_hello);
}

TEST_F(AttackD, D09AServerThatAnswersInAnOlderVersion) {
  // supported_versions is taken out of ServerHello: what is left says TLS 1.2.
  const auto lie = fake::on(Role::server, server_hello, [](Bytes& message) {
    fake::edit_extensions(message, [](auto& e) { fake::set(e, 43, std::nullopt); });
  });
  refused(relying_client(), attesting_server(), {}, lie, Role::client, Code::protocol_version,
          kProtocolVersion, server_hello);
}

TEST_F(AttackD, D09AKeyShareOfASmallSubgroup) {
  const auto x25519 = [](SSL_CTX* ctx) { SSL_CTX_set1_groups_list(ctx, "X25519"); };
  auto calls = relying_client();
  calls.before = x25519;
  const auto zero = [](std::size_t header) {
    return [header](Bytes& message) {
      fake::edit_extensions(message, [&](auto& e) {
        auto share = *fake::find(e, kKeyShare);
        std::fill(share.begin() + static_cast<std::ptrdiff_t>(header), share.end(), std::uint8_t{0});
        for (auto& extension : e)
          if (extension.type == kKeyShare) extension.data = share;
      });
    };
  };
  refused(calls, attesting_server(), {}, fake::on(Role::client, client_hello, zero(6)), Role::server,
          Code::tls_failed, kIllegalParameter, client_hello);
  refused(calls, attesting_server(), {}, fake::on(Role::server, server_hello, zero(4)), Role::client,
          Code::tls_failed, kIllegalParameter, server_hello);
}

TEST_F(AttackD, D09AContextWithoutTls13IsNotAttached) {
  const fake::SslCtx ctx(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_max_proto_version(ctx.get(), TLS1_2_VERSION);
  const auto attached = openssl::attach(ctx.get(), *attesting_server().config);
  ASSERT_FALSE(attached.ok());
  EXPECT_EQ(attached.error().code, Code::configuration);
}

// ---- D10: a server that has the extension and wants nothing of what is offered --------------------

TEST_F(AttackD, D10AServerThatWantsNoneOfIt) {
  // The client offers to attest itself; the server attests, too, and appraises nobody.
  TlsPair pair(attesting_client(), attesting_server());
  expect_refused(pair, Role::server, Code::unsupported_attestation_schemes, kHandshakeFailure, client_hello);

  // With neither attester nor demand it is as one that does not know the extension: a client that
  // demands nothing goes on, unattested, and one that does refuses.
  TlsPair silent(attesting_client(), server(s.identity, nullptr));
  expect_attested(silent);
  EXPECT_FALSE(silent.client->report()->self_attested);
  TlsPair required(relying_client(), server(s.identity, nullptr));
  expect_refused(required, Role::client, Code::attestation_required, kHandshakeFailure);
}

// ---- D11, D12: encodings and sizes ---------------------------------------------------------------

TEST_F(AttackD, D11TypeEncodingOfAnotherWidth) {
  // evidence(0), typeEncoding CONTENT_FORMAT(0) in one byte, 263 in two.
  ASSERT_EQ(body(wire::ServerChoice{scheme("software")}), (Bytes{0, 0, 1, 7}));
  client_refuses(tells(Role::server, encrypted_extensions, Bytes{0, 0, 0, 1, 7}), Code::trailing_data,
                 kDecodeError, encrypted_extensions);
  client_refuses(tells(Role::server, encrypted_extensions, Bytes{0, 1, 7}), Code::truncated, kDecodeError,
                 encrypted_extensions);
  client_refuses(tells(Role::server, encrypted_extensions, Bytes{0, 2, 1, 7}), Code::unknown_value,
                 kIllegalParameter, encrypted_extensions);
  client_refuses(tells(Role::server, encrypted_extensions, Bytes{}), Code::truncated, kDecodeError,
                 encrypted_extensions);
  refused(attesting_client(), relying_server(), leaked(),
          tells(Role::server, certificate_request, Bytes{0, 0, 0, 1, 7}), Role::client, Code::trailing_data,
          kDecodeError, certificate_request);
}

TEST_F(AttackD, D12LengthsThatLie) {
  for (const Bytes& data : {Bytes{0xff, 0xff, 0xff, 1}, Bytes{0, 0, 2, 1}}) {
    client_refuses(shows(Role::server, data), Code::truncated, kDecodeError, certificate);
    server_refuses(shows(Role::client, data), Code::truncated, kDecodeError, certificate);
  }
  client_refuses(shows(Role::server, Bytes{0, 0, 1, 1, 1}), Code::trailing_data, kDecodeError, certificate);
  client_refuses(shows(Role::server, Bytes{0, 0, 0}), Code::length_out_of_range, kDecodeError, certificate);
}

TEST_F(AttackD, D12ACollectionBomb) {
  Bytes bomb;
  for (int i = 0; i < 20'000; ++i) bomb.insert(bomb.end(), {0xa1, 0x00});
  bomb.push_back(0x80);
  client_refuses(shows(Role::server, cmw_of(bomb)), Code::evidence_malformed, kAccessDenied, certificate);
  server_refuses(shows(Role::client, cmw_of(bomb)), Code::evidence_malformed, kAccessDenied, certificate);
}

TEST_F(AttackD, D12AListAsLongAsItCanBe) {
  // As long as one extension lets it be; none of them is known.
  const std::vector<AttestationScheme> many(16'200, AttestationScheme{EvidenceType{ContentFormat{60'000}}});
  refused(relying_client(), attesting_server(), leaked(),
          tells(Role::client, client_hello, body(wire::ClientOffer{many, {}})), Role::server,
          Code::unsupported_attestation_schemes, kHandshakeFailure, client_hello);
}

}  // namespace
}  // namespace seatls::attacks
