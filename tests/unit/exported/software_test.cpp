// The road with the attester and the verifier that come with seatls.
#include "fixture.h"
#include "seatls/attesters.h"
#include "seatls/verifiers.h"

namespace seatls {
namespace {

using testing::Side;

struct Software : ::testing::Test {
  void SetUp() override { configure(*SchemeTable::defaults().find("software")); }

  void configure(const EvidenceType& type) {
    SoftwareAttesterOptions options;
    options.tiks.push_back(server.identity.key.to_pem().value());
    options.attestation_key = attestation_key.to_pem().value();
    options.ueid = Bytes(17, 1);
    options.swname = "approved";
    options.debug_disabled = true;
    options.type = type;
    server.config.attester = make_software_attester(std::move(options)).value();

    Policy policy;
    policy.id = "post";
    policy.schemes = {"software"};
    policy.software.ak = {attestation_key.public_key().spki()};
    policy.software.swname = expect::Exactly<std::string>{"approved"};
    policy.danger.software_evidence = true;
    policy.software.key = KeyProvenance::proven;
    policy.danger.allow_unproven_tik = true;
    client.config.require->attestation = Requirement::required;
    client.config.require->accept = {Tier::affirming, Tier::warning};  // software evidence is never more
    LocalVerifierOptions verifier;
    verifier.table.set("software", type);
    verifier.evidence_cache = std::make_shared<EvidenceCache>();
    client.config.require->verifier = make_local_verifier(policy, verifier).value();
  }
  post::Action ask(const post::Profile& profile, Hash hash) {
    const auto change = [&](post::Setup& s) { s.profile = profile; };
    client.start(testing::connection(Role::client, hash), &server.identity.spki(), change);
    server.start(testing::connection(Role::server, hash), nullptr, change);
    return client.take(server.answer(client.endpoint->request()->message));
  }
  crypto::PrivateKey attestation_key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  Side client{Role::client, "client"}, server{Role::server, "server"};
};

//= expat#key-named-in-evidence
TEST_F(Software, IsAppraisedForWhatItIs) {
  for (Hash hash : {Hash::sha256, Hash::sha384}) {
    const auto action = ask(post::expat_03(), hash);
    const auto* outcome = testing::attested(action);
    ASSERT_NE(outcome, nullptr);
    EXPECT_EQ(outcome->peer().result()->scheme, "software");
    EXPECT_EQ(outcome->peer().result()->binder, bytes(outcome->binder().bytes()));
    EXPECT_FALSE(outcome->dangers().empty());  // software evidence is one
  }
}

// Both forms of a CMW carry the same evidence. JSON names types by media type alone.
TEST_F(Software, TravelsAsJsonAndAsCbor) {
  post::Profile json = post::expat_03(), cbor = post::expat_03();
  json.body = CmwForm::json;
  cbor.body = CmwForm::cbor;
  testing::expect_refused(ask(json, Hash::sha256), Code::attestation_required, false);
  EXPECT_EQ(server.declined->code, Code::attester_unavailable);
  configure(MediaType{"application/eat+cwt"});
  for (const auto* profile : {&json, &cbor})
    EXPECT_NE(testing::attested(ask(*profile, Hash::sha256)), nullptr);
}

// The environment holds another key than the certificate's: it signs no evidence for a foreign one.
//= expat#key-named-in-evidence
TEST_F(Software, ForeignKeyIsNotAttested) {
  server.identity = fake::identity("another server");
  client.start(testing::connection(Role::client), nullptr, [](post::Setup&) {});
  server.start(testing::connection(Role::server), nullptr, [](post::Setup&) {});
  testing::expect_refused(client.take(server.answer(client.endpoint->request()->message)),
                          Code::attestation_required, false);
  EXPECT_EQ(server.declined->code, Code::foreign_key);
}

}  // namespace
}  // namespace seatls
