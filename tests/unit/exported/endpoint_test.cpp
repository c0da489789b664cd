// Attestation after the handshake between two endpoints, and what each of them must answer for.
#include "fixture.h"
#include "wire/exported_messages.h"

namespace seatls {
namespace {

using testing::attested;
using testing::expect_refused;
using testing::Pair;
using testing::Side;

struct Attestation : ::testing::Test, Pair {
  // ask has `asker` request an attestation, and returns the answer of `other`.
  static Bytes ask(Side& asker, Side& other, post::RequestParameters parameters = {}) {
    const auto request = asker.endpoint->request(std::move(parameters));
    EXPECT_TRUE(request.ok()) << request.error().message();
    return other.answer(request->message);
  }
};

//= expat#binder-compared
//= expat#key-named-in-evidence
//= expat#binder-derivation
TEST_F(Attestation, WorksInBothDirections) {
  start();
  for (auto [asker, other] : {std::pair(&client, &server), std::pair(&server, &client)}) {
    const Bytes answer = ask(*asker, *other);
    const auto action = asker->take(answer);
    const auto* outcome = attested(action);
    ASSERT_NE(outcome, nullptr);
    EXPECT_EQ(outcome->peer().tik(), other->identity.spki());
    EXPECT_EQ(outcome->peer().name(), "peer.example");
    EXPECT_EQ(outcome->scheme(), fake::evidence_scheme());
    EXPECT_EQ(outcome->context().size(), 32U);
    EXPECT_TRUE(outcome->dangers().empty());
    // The attester was given the same binder, with the key that the evidence must name.
    ASSERT_EQ(other->attester->asked.size(), 1U);
    EXPECT_EQ(bytes(other->attester->asked.front().binder.bytes()), bytes(outcome->binder().bytes()));
    EXPECT_EQ(other->attester->asked.front().binder.tik(), other->identity.spki());
    EXPECT_EQ(asker->endpoint->requests_in_flight(), 0U);
    EXPECT_EQ(other->endpoint->answers_in_flight(), 0U);
  }
}

//= expat#binder-hash-of-suite
TEST_F(Attestation, WorksWithSha384AndEveryProfile) {
  for (const auto* profile : {&post::expat_03(), &post::expat_04(), &post::legacy(), &post::deployed_ff00(),
                              &post::deployed_ffff()}) {
    Pair p;
    p.client.attester->longest = p.server.attester->longest = 64;
    p.start([&](post::Setup& s) { s.profile = *profile; }, "a secret of both", Hash::sha384);
    const auto action = p.client.take(ask(p.client, p.server));
    const auto* outcome = attested(action);
    ASSERT_NE(outcome, nullptr) << profile->name;
    const bool alone = profile->binder_input == post::BinderInput::exporter_alone;
    EXPECT_EQ(outcome->binder().bytes().size(), alone ? profile->exporter_length : 48U);
    EXPECT_EQ(outcome->dangers().empty(), !alone);
    EXPECT_EQ(post::profile_from_name(profile->name)->exporter_label, profile->exporter_label);
  }
  EXPECT_FALSE(post::profile_from_name("none").has_value());
}

//= expat#configurable-label
TEST_F(Attestation, ProfilesDoNotMix) {
  client.start(testing::connection(Role::client), &server.identity.spki(), [](post::Setup&) {});
  server.start(testing::connection(Role::server), &client.identity.spki(),
               [](post::Setup& s) { s.profile = post::expat_04(); });
  expect_refused(client.take(ask(client, server)), Code::binder_mismatch, false);
}

TEST_F(Attestation, SeveralAreInFlightAndAnsweredInAnyOrder) {
  start();
  std::vector<post::Request> requests;
  std::vector<Bytes> answers;
  for (int i = 0; i < 5; ++i) requests.push_back(client.endpoint->request().value());
  EXPECT_EQ(client.endpoint->requests_in_flight(), 5U);
  for (const auto& r : requests) answers.push_back(server.answer(r.message));
  for (std::size_t i = 5; i-- > 0;) {
    const auto action = client.take(answers[i]);
    const auto* outcome = attested(action);
    ASSERT_NE(outcome, nullptr);
    EXPECT_EQ(outcome->exchange(), requests[i].exchange);
  }
  EXPECT_EQ(client.endpoint->requests_in_flight(), 0U);
}

TEST_F(Attestation, FlightIsBounded) {
  start([](post::Setup& s) { s.limits.requests_in_flight = 2; });
  const auto first = client.endpoint->request().value();
  ASSERT_TRUE(client.endpoint->request().ok());
  EXPECT_EQ(client.endpoint->request().error().code, Code::limit_exceeded);
  EXPECT_TRUE(client.endpoint->give_up(first.exchange));
  EXPECT_FALSE(client.endpoint->give_up(first.exchange));
  EXPECT_TRUE(client.endpoint->request().ok());

  // Of the peer's requests, too.
  Pair p;
  p.client.start(testing::connection(Role::client), &p.server.identity.spki(), [](post::Setup&) {});
  p.server.start(testing::connection(Role::server), &p.client.identity.spki(),
                 [](post::Setup& s) { s.limits.requests_in_flight = 1; });
  (void)p.server.endpoint->on(post::event::RequestReceived{p.client.endpoint->request()->message});
  expect_refused(p.server.endpoint->on(post::event::RequestReceived{p.client.endpoint->request()->message}),
                 Code::limit_exceeded, true);
}

// ---- E01 to E12 --------------------------------------------------------------------------------

// E01: the honest twin is WorksInBothDirections.
TEST_F(Attestation, E01AuthenticatorOfAnotherConnection) {
  start([](post::Setup&) {}, "another secret");
  expect_refused(client.take(ask(client, server)), Code::finished_invalid, true);
  EXPECT_TRUE(client.endpoint->failure().has_value());
  EXPECT_EQ(client.endpoint->request().error().code, Code::finished_invalid);
}

// E01 and A08, with a leaked key: whoever sits between two connections makes an authenticator of this one
// himself, and has nothing but the other one's evidence to put into it.
//= expat#binder-compared
TEST_F(Attestation, A08EvidenceOfTheOtherSideOfASplice) {
  start();
  Pair elsewhere;
  elsewhere.client.require(server);
  elsewhere.server = Side(Role::server, "server");
  elsewhere.server.tee = server.tee;
  elsewhere.server.attester = std::make_shared<fake::FakeAttester>(server.tee);
  elsewhere.server.config.attester = elsewhere.server.attester;
  std::optional<Cmw> stolen;
  elsewhere.server.attester->tamper = [&](Result<Cmw> cmw) {
    stolen = *cmw;
    return cmw;
  };
  elsewhere.client.start(testing::connection(Role::client, Hash::sha256, "elsewhere"), nullptr,
                         [](post::Setup&) {});
  elsewhere.server.start(testing::connection(Role::server, Hash::sha256, "elsewhere"), nullptr,
                         [](post::Setup&) {});
  (void)ask(elsewhere.client, elsewhere.server);
  server.attester->tamper = [&](Result<Cmw>) -> Result<Cmw> { return *stolen; };
  expect_refused(client.take(ask(client, server)), Code::binder_mismatch, false);
}

//= rfc9261#context-unique
//= rfc9261#context-answered-once
TEST_F(Attestation, E02ContextsAreUsedOnce) {
  start();
  const auto request = client.endpoint->request().value();
  const Bytes answer = server.answer(request.message);
  ASSERT_NE(attested(client.take(answer)), nullptr);
  expect_refused(client.take(answer), Code::context_spent, false);  // twice
  EXPECT_FALSE(client.endpoint->failure().has_value());
  expect_refused(server.endpoint->on(post::event::RequestReceived{request.message}), Code::context_reused,
                 true);
}

TEST_F(Attestation, AnswerThatComesTooLate) {
  start();
  const auto request = client.endpoint->request().value();
  const Bytes answer = server.answer(request.message);
  EXPECT_TRUE(client.endpoint->give_up(request.exchange));
  expect_refused(client.take(answer), Code::context_spent, false);
  ASSERT_NE(attested(client.take(ask(client, server))), nullptr);
}

// E03: the peer copies the context of our request into its own, and presents our evidence as its own.
//= expat#own-key-refused
TEST_F(Attestation, E03ReflectedContext) {
  start();
  const auto request = client.endpoint->request().value();
  const auto copied = exported::make_request(
      Role::server,
      {.context = exported::context_of_request(request.message).value(), .extensions = {{0xFF5F, {}}}});
  expect_refused(client.endpoint->on(post::event::RequestReceived{bytes(copied->encoded())}), Code::reflected,
                 true);
}

TEST_F(Attestation, E03ReflectedRequest) {
  start();
  const auto request = client.endpoint->request().value();
  expect_refused(client.endpoint->on(post::event::RequestReceived{request.message}), Code::reflected, true);
}

TEST_F(Attestation, E03ReflectedKey) {
  server.identity = client.identity;  // and its private key: the strongest that a reflection can be
  server.attest("machine-s");
  client.require(server);
  client.start(testing::connection(Role::client), nullptr, [](post::Setup&) {});
  server.start(testing::connection(Role::server), nullptr, [](post::Setup&) {});
  expect_refused(client.take(ask(client, server)), Code::reflected, true);
}

TEST_F(Attestation, E03ReflectedEvidence) {
  start();
  std::optional<Cmw> of_client;
  client.attester->tamper = [&](Result<Cmw> cmw) {
    of_client = *cmw;
    return cmw;
  };
  ASSERT_NE(attested(server.take(ask(server, client))), nullptr);
  server.attester->tamper = [&](Result<Cmw>) -> Result<Cmw> { return *of_client; };
  expect_refused(client.take(ask(client, server)), Code::reflected, true);
}

TEST_F(Attestation, WrongRole) {
  start();
  const auto of_client = exported::make_request(Role::client, {.context = Bytes(32, 1)}).value();
  expect_refused(client.endpoint->on(post::event::RequestReceived{bytes(of_client.encoded())}),
                 Code::unexpected_message, true);
}

// E05: evidence that was bound to something else on this very connection, as the handshake's is.
TEST_F(Attestation, E05EvidenceOfTheHandshake) {
  start();
  server.attester->tamper = [&](Result<Cmw>) -> Result<Cmw> {
    const auto e = server.tee->sign(Bytes(32, 0x11), server.identity.spki()).value();
    return Cmw(CmwRecord{std::get<EvidenceType>(fake::evidence_scheme().argument), e.encode(), 0});
  };
  expect_refused(client.take(ask(client, server)), Code::binder_mismatch, false);
}

TEST_F(Attestation, E06ExporterBeforeTheHandshakeIsComplete) {
  auto early = testing::connection(Role::server);
  early.exporter = [](std::string_view, ByteView, std::size_t) -> Result<Bytes> {
    return Error{Code::too_early, "", ""};
  };
  client.start(testing::connection(Role::client), nullptr, [](post::Setup&) {});
  server.start(early, nullptr, [](post::Setup&) {});
  expect_refused(
      server.drive(server.endpoint->on(post::event::RequestReceived{client.endpoint->request()->message})),
      Code::too_early, false);
}

// E07, and E10 while another request is outstanding.
Bytes spontaneous(const Side& server) {
  const exported::ClientOffer offer{exported::supported_schemes(), {0xFF5F}};
  const auto prepared = exported::prepare_spontaneous_authenticator(
                            testing::connection(Role::server), offer, Bytes(32, 5),
                            testing::chain_of(server.identity), exported::supported_schemes().front())
                            .value();
  return prepared.finish(testing::sign(server.identity.key, prepared).value()).value();
}

//= expat#solicited-only
TEST_F(Attestation, E07NobodyAsked) {
  start();
  expect_refused(client.take(spontaneous(server)), Code::unexpected_authenticator, true);
}

//= expat#solicited-only
TEST_F(Attestation, E10AnswerToNoRequestOfThisEndpoint) {
  start();
  ASSERT_TRUE(client.endpoint->request().ok());
  expect_refused(client.take(spontaneous(server)), Code::unknown_context, true);
}

// E09
//= expat#required-fails-closed
//= expat#unknown-extension-ignored
TEST_F(Attestation, E09PeerThatDeclinesOrKnowsNoAttestation) {
  server.config.attester = nullptr;
  start();
  const Bytes empty = ask(client, server);
  ASSERT_TRUE(server.declined.has_value());
  EXPECT_EQ(server.declined->code, Code::attester_unavailable);
  expect_refused(client.take(empty), Code::attestation_required, false);
  expect_refused(client.take(empty), Code::unexpected_authenticator, true);

  Pair p;
  p.client.start(testing::connection(Role::client), nullptr, [](post::Setup&) {});
  p.server.start(testing::connection(Role::server), nullptr,
                 [](post::Setup& s) { s.profile.cmw_attestation = 0xFF01; });  // does not know ours
  expect_refused(p.client.take(ask(p.client, p.server)), Code::attestation_required, false);
}

TEST_F(Attestation, EmptyAuthenticatorsFindTheirRequest) {
  server.attester->list = {fake::other_evidence_scheme()};
  start();
  const auto first = client.endpoint->request().value(), second = client.endpoint->request().value();
  const auto refused = client.take(server.answer(second.message));
  EXPECT_EQ(server.declined->code, Code::unsupported_attestation_schemes);
  expect_refused(refused, Code::attestation_required, false);
  EXPECT_EQ(std::get<post::action::Refuse>(refused).exchange, second.exchange);
  EXPECT_EQ(client.endpoint->requests_in_flight(), 1U);
  EXPECT_TRUE(client.endpoint->give_up(first.exchange));
  expect_refused(client.take(server.answer(first.message)), Code::context_spent, false);
}

//= expat#same-key-as-handshake
TEST_F(Attestation, E11AnotherKeyThanTheHandshakes) {
  const Spki handshake = server.identity.spki();
  server.identity = fake::identity("another server");
  server.attest("machine-s");
  client.require(server);
  client.start(testing::connection(Role::client), &handshake, [](post::Setup&) {});
  server.start(testing::connection(Role::server), nullptr, [](post::Setup&) {});
  expect_refused(client.take(ask(client, server)), Code::identity_changed, true);
  // The honest twin: it was allowed.
  client.start(testing::connection(Role::client), &handshake, [](post::Setup& s) { s.same_key = false; });
  ASSERT_NE(attested(client.take(ask(client, server))), nullptr);
}

// E12: the exporter does not cover a client's certificate, and no identity is taken from it.
TEST_F(Attestation, E12IdentityComesFromTheAuthenticatorAlone) {
  client.start(testing::connection(Role::client), nullptr, [](post::Setup&) {});
  server.start(testing::connection(Role::server), nullptr, [](post::Setup&) {});  // an anonymous client
  server.pki = post::event::IdentityVerified::Identity{true, "client.example"};
  const auto action = server.take(ask(server, client));
  const auto* outcome = attested(action);
  ASSERT_NE(outcome, nullptr);
  EXPECT_EQ(outcome->peer().name(), "client.example");
  EXPECT_EQ(outcome->peer().tik(), client.identity.spki());
}

// ---- what else is refused ----------------------------------------------------------------------

//= expat#pkix-still-validated
//= expat#not-instead-of-pkix
TEST_F(Attestation, CertificateThatNobodyVouchesFor) {
  start();
  client.pki = Error{Code::untrusted_attestation_key, "no anchor", ""};
  expect_refused(client.take(ask(client, server)), Code::identity_rejected, true);
  Pair p;
  p.start();
  p.client.pki = post::event::IdentityVerified::Identity{false, ""};
  expect_refused(p.client.take(ask(p.client, p.server)), Code::identity_rejected, true);
  Pair q;
  q.client.config.require->identity = IdentityRule::attested_key;
  q.start();
  q.client.pki = post::event::IdentityVerified::Identity{false, ""};
  EXPECT_NE(attested(q.client.take(ask(q.client, q.server))), nullptr);
}

// Byte for byte the evidence of before.
//= expat#evidence-is-fresh
TEST_F(Attestation, C09SameEvidenceAgain) {
  start();
  std::optional<Cmw> kept;
  server.attester->tamper = [&](Result<Cmw> cmw) -> Result<Cmw> {
    if (!kept) kept = *cmw;
    return *kept;
  };
  ASSERT_NE(attested(client.take(ask(client, server))), nullptr);
  expect_refused(client.take(ask(client, server)), Code::evidence_reused, false);
}

TEST_F(Attestation, EvidenceOfTheHandshakeByteForByte) {
  std::optional<Cmw> of_handshake =
      Cmw(CmwRecord{std::get<EvidenceType>(fake::evidence_scheme().argument), {1}, 0});
  start([&](post::Setup& s) {
    s.peer_evidence_digest = crypto::digest(Hash::sha256, encode_cmw(*of_handshake).value());
  });
  server.attester->tamper = [&](Result<Cmw>) -> Result<Cmw> { return *of_handshake; };
  expect_refused(client.take(ask(client, server)), Code::evidence_reused, false);
}

TEST_F(Attestation, AppraisalThatFailsLeavesTheConnectionToThePolicy) {
  start();
  server.tee->debug = true;
  expect_refused(client.take(ask(client, server)), Code::debug_enabled, false);
  server.tee->debug = false;
  EXPECT_NE(attested(client.take(ask(client, server))), nullptr);
  client.verifier->fails = Error{Code::verifier_unavailable, "", ""};
  expect_refused(client.take(ask(client, server)), Code::verifier_unavailable, false);
  client.verifier->fails.reset();
  client.verifier->lie = [](ResultParts& parts) { parts.binder = Bytes(32, 9); };  // F05
  expect_refused(client.take(ask(client, server)), Code::binder_mismatch, false);
}

//= expat#credential-is-wanted
//= expat#wanted-schemes
TEST_F(Attestation, CredentialIsOfAWantedScheme) {
  client.verifier->list = {fake::evidence_scheme(), fake::other_evidence_scheme()};
  server.attester->list = {fake::evidence_scheme(), fake::other_evidence_scheme()};
  start();
  auto action = client.take(ask(client, server, {.wanted = {fake::other_evidence_scheme()}}));
  ASSERT_NE(attested(action), nullptr);
  EXPECT_EQ(attested(action)->scheme(), fake::other_evidence_scheme());
  EXPECT_EQ(client.endpoint->request({.wanted = {fake::passport_scheme()}}).error().code, Code::misuse);

  // A peer that does not look at the list answers with its first, which was not wanted.
  Pair p;
  p.client.verifier->list = p.server.attester->list = client.verifier->list;
  p.client.start(testing::connection(Role::client), nullptr, [](post::Setup&) {});
  p.server.start(testing::connection(Role::server), nullptr,
                 [](post::Setup& s) { s.profile.remote_attestation = 0xFF02; });
  expect_refused(p.client.take(ask(p.client, p.server, {.wanted = {fake::other_evidence_scheme()}})),
                 Code::credential_type_mismatch, false);
}

TEST_F(Attestation, PassportsArePresentedAgain) {
  for (Pair* p = this; p; p = nullptr) {
    p->client.verifier->list = p->server.attester->list = {fake::passport_scheme()};
    p->start();
    EXPECT_NE(attested(p->client.take(ask(p->client, p->server))), nullptr);
    EXPECT_NE(attested(p->client.take(ask(p->client, p->server))), nullptr);
  }
}

//= expat#first-entry-only
TEST_F(Attestation, CredentialInAnotherEntry) {
  start();
  const auto request = client.endpoint->request().value();
  auto chain = testing::chain_of(server.identity);
  chain.push_back({chain.front().certificate, {{0xFF5F, {0, 1, 0xa0}}}});
  const auto prepared =
      exported::prepare_authenticator(testing::connection(Role::server),
                                      exported::accept_request(Role::client, request.message).value(), chain,
                                      exported::supported_schemes().front())
          .value();
  expect_refused(client.take(prepared.finish(testing::sign(server.identity.key, prepared).value()).value()),
                 Code::misplaced_extension, true);
}

//= expat#unsolicited-refused
TEST_F(Attestation, CredentialThatThePlainRequestDidNotAskFor) {
  // The relying party asks under another number: cmw_attestation then stands there unasked.
  client.start(testing::connection(Role::client), nullptr,
               [](post::Setup& s) { s.profile.cmw_attestation = 0xFF01; });
  const auto request = client.endpoint->request().value();
  // A peer that sends it all the same cannot use prepare_authenticator, which refuses to.
  auto chain = testing::chain_of(server.identity);
  chain.front().extensions = {{0xFF5F, {0, 1, 0xa0}}};
  const auto read = exported::accept_request(Role::client, request.message).value();
  EXPECT_EQ(exported::prepare_authenticator(testing::connection(Role::server), read, chain,
                                            exported::supported_schemes().front())
                .error()
                .code,
            Code::misuse);
  // The vector bad-unsolicited-attestation shows that accept_authenticator refuses it.
}

//= expat#request-has-empty-extension
TEST_F(Attestation, ExtensionOfTheRequestIsEmpty) {
  start();
  const auto filled =
      exported::make_request(Role::client, {.context = Bytes(32, 3), .extensions = {{0xFF5F, {1}}}});
  expect_refused(server.endpoint->on(post::event::RequestReceived{bytes(filled->encoded())}),
                 Code::trailing_data, true);
}

//= expat#context-unpredictable
TEST_F(Attestation, ContextThatCanBeGuessed) {
  start();
  const auto guessable =
      exported::make_request(Role::client, {.context = Bytes(7, 3), .extensions = {{0xFF5F, {}}}});
  expect_refused(server.endpoint->on(post::event::RequestReceived{bytes(guessable->encoded())}),
                 Code::unknown_value, true);
}

TEST_F(Attestation, PlainRequestsAreAnsweredPlainly) {
  start();
  const auto request = exported::make_request(Role::client, {.context = Bytes(32, 3)}).value();
  const Bytes answer = server.answer(bytes(request.encoded()));
  const auto verified = exported::accept_authenticator(testing::connection(Role::client), request, answer);
  ASSERT_TRUE(verified.ok()) << verified.error().message();
  EXPECT_TRUE(std::get<exported::VerifiedAuthenticator>(*verified).chain().front().extensions.empty());
  EXPECT_TRUE(server.attester->asked.empty());
}

//= rfc9261#server-name-guides
TEST_F(Attestation, ServerNameChoosesTheCertificate) {
  const fake::Identity other = fake::identity("another server");
  server.tee->tiks.push_back(other.spki());
  client.start(testing::connection(Role::client), nullptr, [](post::Setup&) {});
  server.start(testing::connection(Role::server), nullptr, [&](post::Setup& s) {
    s.identities = {{testing::chain_of(server.identity), {"a.example"}},
                    {testing::chain_of(other), {"b.example"}}};
  });
  const auto request = client.endpoint->request({.server_name = "b.example"}).value();
  const auto attest = server.endpoint->on(post::event::RequestReceived{request.message});
  ASSERT_TRUE(std::holds_alternative<post::action::Attest>(attest));
  EXPECT_EQ(std::get<post::action::Attest>(attest).request.binder.tik(), other.spki());
  const auto unknown = client.endpoint->request({.server_name = "c.example"}).value();
  (void)server.answer(unknown.message);
  EXPECT_EQ(server.declined->code, Code::configuration);
}

//= expat#binder-never-shortened
//= expat#cmw-data-fits
TEST_F(Attestation, WhatCannotBeAttestedIsDeclinedWithTheReason) {
  server.attester->longest = 32;
  start([](post::Setup&) {}, "a secret of both", Hash::sha384);
  expect_refused(client.take(ask(client, server)), Code::attestation_required, false);
  EXPECT_EQ(server.declined->code, Code::binder_too_long);

  Pair p;
  p.start();
  p.server.attester->tamper = [](Result<Cmw> cmw) -> Result<Cmw> {
    return Cmw(CmwRecord{cmw->record()->type, Bytes(65'529), 0});
  };
  expect_refused(p.client.take(ask(p.client, p.server)), Code::attestation_required, false);
  EXPECT_EQ(p.server.declined->code, Code::evidence_too_large);

  p.server.attester->tamper = nullptr;
  p.server.attester->fails = Error{Code::tpm, "gone", ""};
  expect_refused(p.client.take(ask(p.client, p.server)), Code::attestation_required, false);
  EXPECT_EQ(p.server.declined->code, Code::tpm);
}

// The signer may hold another key, or fail: noticed before anything is sent.
TEST_F(Attestation, SignerThatFails) {
  start();
  auto action = server.endpoint->on(post::event::RequestReceived{client.endpoint->request()->message});
  const auto exchange = std::get<post::action::Attest>(action).exchange;
  server.attester->attest(std::get<post::action::Attest>(action).request, [&](Result<Cmw> made) {
    action = server.endpoint->on(post::event::CredentialMade{exchange, std::move(made)});
  });
  ASSERT_TRUE(std::holds_alternative<post::action::Sign>(action));
  EXPECT_EQ(server.endpoint->answers_in_flight(), 1U);
  action = server.endpoint->on(post::event::Signed{exchange, Bytes(70, 1)});
  const auto& sent = std::get<post::action::SendAuthenticator>(action);
  EXPECT_EQ(sent.declined->code, Code::crypto);
  expect_refused(client.take(sent.message), Code::attestation_required, false);
  expect_refused(server.endpoint->on(post::event::Signed{exchange, Bytes(70, 1)}), Code::misuse, false);
}

// An answer of a verifier that comes after all is over changes nothing.
TEST_F(Attestation, VerdictForAnExchangeThatWasGivenUp) {
  start();
  const auto request = client.endpoint->request().value();
  client.verifier->later = true;
  auto action = client.endpoint->on(post::event::AuthenticatorReceived{server.answer(request.message)});
  action = client.endpoint->on(post::event::IdentityVerified{request.exchange, client.pki});
  ASSERT_TRUE(std::holds_alternative<post::action::Appraise>(action));
  EXPECT_EQ(client.endpoint->requests_in_flight(), 1U);
  EXPECT_TRUE(client.endpoint->give_up(request.exchange));
  ResultParts parts;
  expect_refused(
      client.endpoint->on(post::event::Appraised{request.exchange, danger::result_from_parts(parts)}),
      Code::misuse, false);
}

TEST_F(Attestation, ContextsRunOut) {
  start([](post::Setup& s) { s.limits.contexts = 3; });
  for (int i = 0; i < 3; ++i) ASSERT_NE(attested(client.take(ask(client, server))), nullptr);
  EXPECT_TRUE(client.endpoint->due_for_renewal());
  EXPECT_EQ(client.endpoint->request().error().code, Code::context_limit);
  EXPECT_EQ(client.endpoint->contexts_remembered(), 0U);
  EXPECT_EQ(server.endpoint->contexts_remembered(), 3U);
  const auto more =
      exported::make_request(Role::client, {.context = Bytes(32, 3), .extensions = {{0xFF5F, {}}}});
  (void)server.answer(bytes(more->encoded()));
  EXPECT_EQ(server.declined->code, Code::context_limit);
}

TEST_F(Attestation, VerifiersNonceIsTheContext) {
  start();
  const Bytes nonce(20, 0x5a);
  const auto action = client.take(ask(client, server, {.nonce = nonce}));
  ASSERT_NE(attested(action), nullptr);
  EXPECT_EQ(attested(action)->context(), nonce);
  EXPECT_EQ(client.endpoint->request({.nonce = nonce}).error().code, Code::context_reused);
  EXPECT_EQ(client.endpoint->request({.nonce = Bytes(7)}).error().code, Code::misuse);
  EXPECT_EQ(client.endpoint->request({.nonce = Bytes(65)}).error().code, Code::misuse);
}

TEST_F(Attestation, SetupsThatCannotWork) {
  const auto make = [&](auto change) {
    post::Setup setup{.config = std::make_shared<const Config>(client.config),
                      .connection = testing::connection(Role::client),
                      .proof = stack::FinishedMint::mint(true)};
    setup.identities = {{testing::chain_of(client.identity)}};
    change(setup);
    auto made = post::Endpoint::make(std::move(setup));
    return made ? std::string("ok") : std::string(name(made.error().code)) + " " + made.error().path;
  };
  EXPECT_EQ(make([](post::Setup&) {}), "ok");
  EXPECT_EQ(make([](post::Setup& s) { s.config = nullptr; }), "configuration config");
  EXPECT_EQ(make([](post::Setup& s) { s.connection.role = Role::server; }),
            "configuration connection > role");
  EXPECT_EQ(make([](post::Setup& s) { s.connection.exporter = nullptr; }),
            "configuration connection > exporter");
  EXPECT_EQ(make([](post::Setup& s) { s.connection.hash = Hash::sha1; }), "configuration connection > hash");
  EXPECT_EQ(make([](post::Setup& s) { s.profile.exporter_length = 31; }), "configuration profile");
  EXPECT_EQ(make([](post::Setup& s) { s.profile.cmw_attestation = 0xFF5E; }), "configuration profile");
  EXPECT_EQ(make([](post::Setup& s) { s.limits.contexts = 0; }), "configuration limits");
  EXPECT_EQ(make([](post::Setup& s) { s.identities.clear(); }), "configuration identities");
  EXPECT_EQ(make([](post::Setup& s) { s.identities = {{}}; }), "configuration identities[0]");
}

}  // namespace
}  // namespace seatls
