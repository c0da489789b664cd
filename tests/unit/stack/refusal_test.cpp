// Peers that are refused: the exact error, the alert that they see, and no application data.
#include <string>

#include "fixture.h"
#include "raw_extension.h"

namespace seatls::openssl {
namespace {

constexpr int handshake_failure = 40, bad_certificate = 42, illegal_parameter = 47, unknown_ca = 48,
              access_denied = 49, decode_error = 50, internal_error = 80, unsupported_extension = 110,
              certificate_required = 116;

constexpr unsigned in_client_hello = SSL_EXT_CLIENT_HELLO,
                   in_encrypted_extensions = SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS,
                   in_certificate_request = SSL_EXT_TLS1_3_CERTIFICATE_REQUEST,
                   in_certificate = SSL_EXT_TLS1_3_CERTIFICATE;

class Refusal : public testing::TestWithParam<Drive> {
 protected:
  Party demanding_client() { return client().demands(Requirement::required).driven(GetParam()); }
  Party demanding_server() { return server().demands(Requirement::required).driven(GetParam()); }
  static void run(TlsPair& pair) { pair.run_until_settled(); }
};
INSTANTIATE_TEST_SUITE_P(Drive, Refusal, testing::Values(Drive::connection, Drive::async, Drive::blocking));

// ---- peers without attestation -----------------------------------------------------------------

TEST_P(Refusal, APlainServerByAClientThatRequiresAttestation) {
  Party c = demanding_client(), s = plain_server();
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::attestation_required, handshake_failure);
}

TEST_P(Refusal, AServerThatChoosesNothing) {
  Party c = demanding_client(), s = server().driven(GetParam());
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::attestation_required, handshake_failure);
}

TEST_P(Refusal, APlainClientWithoutACertificate) {
  Party c = plain(), s = demanding_server();
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::server, Code::attestation_required, certificate_required);
}

TEST_P(Refusal, APlainClientWithACertificate) {
  Party c = plain().identity(fake::certified()), s = demanding_server();
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::server, Code::attestation_required, certificate_required);
}

TEST_P(Refusal, NothingInCommon) {
  Party c = demanding_client(), s = server().attests().driven(GetParam());
  c.verifier->list = {fake::other_evidence_scheme()};
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::server, Code::unsupported_attestation_schemes, handshake_failure);
}

// ---- peers that say one thing and do another ---------------------------------------------------

// A server that answers with bodies of the test's making, under an honest certificate.
struct RawServer {
  RawServer() {
    party.setup.before = [this](SSL_CTX* ctx) {
      raw(ctx);
      const unsigned char* der = fake::test_ca().der().data();
      X509* ca = d2i_X509(nullptr, &der, static_cast<long>(fake::test_ca().der().size()));
      SSL_CTX_add0_chain_cert(ctx, ca);
    };
  }
  RawExtension raw;
  Party party = plain_server();
};

TEST_P(Refusal, ChosenInEncryptedExtensionsAndAbsentInCertificate) {
  RawServer s;
  s.raw.in(in_encrypted_extensions, server_choice());
  Party c = demanding_client();
  TlsPair pair(c.setup, s.party.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::attestation_required, handshake_failure);
}

TEST_P(Refusal, ChosenAndAbsentEvenWhereItIsOptional) {
  RawServer s;
  s.raw.in(in_encrypted_extensions, server_choice());
  Party c = client().demands(Requirement::optional).driven(GetParam());
  TlsPair pair(c.setup, s.party.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::attestation_required, handshake_failure);
}

TEST_P(Refusal, AClientThatWasChosenAndSendsNoEvidence) {
  RawExtension raw;
  raw.in(in_client_hello, client_offer());
  Party c = plain().identity(fake::certified()), s = demanding_server();
  c.setup.before = [&raw](SSL_CTX* ctx) { raw(ctx); };
  TlsPair pair(c.setup, s.setup);
  run(pair);
  // OpenSSL has no way to send certificate_required from here.
  expect_refusal(pair, Role::server, Code::attestation_required, handshake_failure);
}

TEST_P(Refusal, AClientThatWasChosenAndSendsNoCertificate) {
  RawExtension raw;
  raw.in(in_client_hello, client_offer());
  Party c = plain(), s = demanding_server();
  c.setup.before = [&raw](SSL_CTX* ctx) { raw(ctx); };
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::server, Code::attestation_required, certificate_required);
}

TEST_P(Refusal, EvidenceThatNothingAskedFor) {
  RawServer s;
  s.raw.in(in_certificate, {0, 0, 1, 0});
  Party c = client().demands(Requirement::optional).driven(GetParam());
  TlsPair pair(c.setup, s.party.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::unsolicited_extension, unsupported_extension);
}

TEST_P(Refusal, EvidenceInTheSecondEntry) {
  RawServer s;
  s.raw.in(in_encrypted_extensions, server_choice()).in(in_certificate, {0, 0, 1, 0}, 1);
  Party c = demanding_client();
  TlsPair pair(c.setup, s.party.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::misplaced_extension, illegal_parameter);
}

TEST_P(Refusal, EvidenceInBothEntries) {
  // What the first entry holds is accepted by a verifier that compares no binder.
  RawServer s;
  Party c = demanding_client();
  c.verifier->compares_binder = false;
  c.tee->checks_tik = false;
  const Bytes evidence = c.tee->sign({}, s.party.setup.identity->certificate.spki()).value().encode();
  const Bytes cmw = encode_cmw(Cmw(CmwRecord{MediaType{"application/vnd.seatls.test.fake"}, evidence,
                                             cmw_indicator::evidence}))
                        .value();
  s.raw.in(in_encrypted_extensions, server_choice())
      .in(in_certificate, body_of(wire::CertificateCredential{cmw}));
  {
    TlsPair twin(c.setup, s.party.setup);
    run(twin);
    ASSERT_TRUE(twin.established()) << twin.client->error()->message();
  }
  s.raw.in(in_certificate, {0, 0, 1, 0}, 1);
  TlsPair pair(c.setup, s.party.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::misplaced_extension, illegal_parameter);
}

TEST_P(Refusal, AChoiceThatWasNotOffered) {
  RawServer s;
  s.raw.in(in_encrypted_extensions, server_choice(fake::other_evidence_scheme()));
  Party c = demanding_client();
  TlsPair pair(c.setup, s.party.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::scheme_not_offered, illegal_parameter);
}

TEST_P(Refusal, BodiesThatDoNotParse) {
  RawServer s;
  Party c = demanding_client();
  s.raw.in(in_encrypted_extensions, {0, 0, 0});  // a content format, cut
  {
    TlsPair pair(c.setup, s.party.setup);
    run(pair);
    expect_refusal(pair, Role::client, Code::truncated, decode_error);
  }
  s.raw.in(in_encrypted_extensions, server_choice()).in(in_certificate, {0, 0, 9, 1});
  {
    TlsPair pair(c.setup, s.party.setup);
    run(pair);
    expect_refusal(pair, Role::client, Code::truncated, decode_error);
  }
  s.raw.in(in_certificate, {0, 0, 1, 1});  // one byte is no CMW
  {
    TlsPair pair(c.setup, s.party.setup);
    run(pair);
    expect_refusal(pair, Role::client, Code::evidence_malformed, access_denied);
  }
  RawExtension raw;
  Party plain_client = plain(), demanding = demanding_server();
  plain_client.setup.before = [&raw](SSL_CTX* ctx) { raw(ctx); };
  raw.in(in_client_hello, {0, 1});
  {
    TlsPair pair(plain_client.setup, demanding.setup);
    run(pair);
    expect_refusal(pair, Role::server, Code::truncated, decode_error);
  }
  raw.in(in_client_hello, {0, 0, 0, 0});  // two empty lists
  {
    TlsPair pair(plain_client.setup, demanding.setup);
    run(pair);
    expect_refusal(pair, Role::server, Code::empty_offer, handshake_failure);
  }
}

TEST_P(Refusal, AServerWithoutWishesLeavesAPlainClientsExtensionAlone) {
  RawExtension raw;
  raw.in(in_client_hello, client_offer());
  Party c = plain(), s = server().driven(GetParam());
  c.setup.before = [&raw](SSL_CTX* ctx) { raw(ctx); };
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_traffic(pair);
}

// ---- evidence that is judged, and refused ------------------------------------------------------

TEST_P(Refusal, TheServersEvidence) {
  Party c = demanding_client(), s = server().attests().driven(GetParam());
  s.attester->tee = std::make_shared<fake::FakeTee>(*s.tee);
  s.attester->tee->debug = true;
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::debug_enabled, access_denied);
}

TEST_P(Refusal, TheClientsEvidence) {
  Party c = client().demands(Requirement::required).identity(fake::certified()).attests().driven(GetParam());
  Party s = demanding_server().attests();
  c.attester->tee = std::make_shared<fake::FakeTee>("machine-2");
  c.attester->tee->tiks.push_back(c.setup.identity->certificate.spki());
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::server, Code::untrusted_attestation_key, access_denied);
}

TEST_P(Refusal, EvidenceBoundToAnotherConnection) {
  Party c = demanding_client(), s = server().attests().driven(GetParam());
  s.attester->tamper = [kept = std::optional<Cmw>()](Result<Cmw> made) mutable -> Result<Cmw> {
    if (!kept) kept = *made;
    return *kept;
  };
  {
    TlsPair twin(c.setup, s.setup);
    run(twin);
    expect_traffic(twin);
  }
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::binder_mismatch, access_denied);
}

TEST_P(Refusal, AVerifierThatIsNotThere) {
  Party c = demanding_client(), s = server().attests().driven(GetParam());
  c.verifier->fails = Error{Code::verifier_unavailable, "no route", ""};
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::verifier_unavailable, access_denied);
}

TEST_P(Refusal, AnAttesterThatFails) {
  Party c = demanding_client(), s = server().attests().driven(GetParam());
  s.attester->fails = Error{Code::tpm, "locked out", ""};
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::server, Code::tpm, internal_error);
}

TEST_P(Refusal, AnExceptionOutOfAnAttesterGoesNoFurther) {
  Party c = demanding_client(), s = server().attests().driven(GetParam());
  s.attester->tamper = [](Result<Cmw>) -> Result<Cmw> { throw std::runtime_error("boom"); };
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::server, Code::internal, internal_error);
}

TEST_P(Refusal, OnesOwnKey) {
  Party c = client().demands(Requirement::required).identity(fake::certified()).attests().driven(GetParam());
  Party s = demanding_server().attests().identity(*c.setup.identity);
  TlsPair pair(c.setup, s.setup);
  run(pair);
  ASSERT_TRUE(pair.client->error());
  EXPECT_EQ(pair.client->error()->code, Code::reflected);
  EXPECT_EQ(pair.leak(), "");
}

// ---- identity ----------------------------------------------------------------------------------

TEST_P(Refusal, AnAttestedServerOfAnotherName) {
  Party c = demanding_client(), s = server().attests().driven(GetParam());
  c.setup.server_name = "other.test";
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::identity_rejected, bad_certificate);
}

TEST_P(Refusal, AnAttestedServerThatNobodyVouchesFor) {
  Party c = demanding_client(), s = server().identity(fake::self_signed()).attests().driven(GetParam());
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::identity_rejected, unknown_ca);
}

TEST_P(Refusal, AnAttestedClientThatNobodyVouchesFor) {
  Party c =
      client().demands(Requirement::required).identity(fake::self_signed()).attests().driven(GetParam());
  Party s = demanding_server().attests();
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::server, Code::identity_rejected, unknown_ca);
}

TEST_P(Refusal, ASelfSignedServerWhoseEvidenceIsOptionalAndAbsent) {
  Party c = client().demands(Requirement::optional, IdentityRule::attested_key).driven(GetParam());
  Party s = plain_server();
  s.setup.identity = fake::self_signed();
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::identity_rejected, unknown_ca);
}

TEST_P(Refusal, AnExpiredCertificateIsRefusedEvenWhereTheKeyIsAttested) {
  const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  const auto past =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) - std::chrono::hours(48);
  const auto certificate =
      crypto::make_self_signed({.common_name = "old", .lifetime = std::chrono::hours(1), .not_before = past},
                               key)
          .value();
  Party c = client().demands(Requirement::required, IdentityRule::attested_key).driven(GetParam());
  Party s = server().identity({key, certificate}).attests().driven(GetParam());
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_refusal(pair, Role::client, Code::identity_rejected, 45);
}

TEST(Identity, AClientThatComparesNoNameIsRefusedByItself) {
  Party c = client().demands(Requirement::required).driven(Drive::blocking), s = server().attests();
  c.setup.server_name = "";
  TlsPair pair(c.setup, s.setup);
  pair.run();
  expect_refusal(pair, Role::client, Code::identity_rejected, handshake_failure);
  EXPECT_THAT(pair.client->error()->detail, testing::HasSubstr("SSL_set1_host"));
}

// ---- optional ----------------------------------------------------------------------------------

TEST_P(Refusal, NobodyWhereAttestationIsOptional) {
  Party c = client().demands(Requirement::optional).driven(GetParam()), s = plain_server();
  TlsPair pair(c.setup, s.setup);
  run(pair);
  expect_traffic(pair);
  EXPECT_FALSE(pair.client->report()->peer.has_value()) << "never looks attested";
  EXPECT_TRUE(pair.client->report()->pki_verified);

  Party plain_client = plain(),
        offering = server().attests().demands(Requirement::optional).driven(GetParam());
  TlsPair other(plain_client.setup, offering.setup);
  run(other);
  expect_traffic(other);
  EXPECT_FALSE(other.server->report()->self_attested);
}

}  // namespace
}  // namespace seatls::openssl
