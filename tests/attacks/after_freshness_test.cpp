// Rows C09, C10, C11, E01, E02, E05, E07 and E10: authenticators that are not of this connection, not of
// this request, or not of today. M plays one end by hand, with whatever the row grants it.
#include <gtest/gtest.h>

#include <algorithm>

#include "attacks/line.h"
#include "crypto/hash.h"

namespace seatls::attacks {
namespace {

using fake::TlsPair;
using fake::TlsSetup;
using reattest::Standing;
using wire::FrameType;
using namespace std::chrono_literals;

constexpr int kUnexpectedMessage = 10, kIllegalParameter = 47, kAccessDenied = 49, kDecryptError = 51;

// After is a client that demands evidence of S after the handshake, and who answers it.
class After : public testing::Test {
 protected:
  After() { calls = client(verifier_for(policy_for({&s}))); }
  [[nodiscard]] TlsSetup attesting() const { return server(s.identity, s.attester); }
  // by_hand is a line to M, who has S's key and lets S's environment speak in the handshake.
  [[nodiscard]] std::unique_ptr<Line> by_hand() const {
    auto line = std::make_unique<Line>(calls, attesting());
    line->open(Role::client, confirming());
    line->say(Role::server, FrameType::verdict, wire::encode(wire::Verdict{}));
    return line;
  }
  [[nodiscard]] std::unique_ptr<Line> honest() const {
    auto line = std::make_unique<Line>(calls, attesting());
    line->open(Role::client, confirming());
    line->open(Role::server);
    return line;
  }
  // fresh is what S's environment says for a request on the connection of `line`.
  [[nodiscard]] Cmw fresh(Line& line, ByteView request) const {
    const auto binder = binder_for(line.exported(Role::server), s.identity.certificate.spki(), request);
    return cwt(s.claims(binder), s.attestation_key);
  }
  [[nodiscard]] Bytes answer(Line& line, ByteView request, std::optional<Cmw> credential) const {
    return forge({line.exported(Role::server), s.identity, std::move(credential)}, request);
  }
  // confirmed answers the first request as S would, and returns that credential.
  [[nodiscard]] Cmw confirmed(Line& line) const {
    const Bytes request = *line.hear(Role::server, FrameType::authenticator_request);
    const Cmw credential = fresh(line, request);
    line.say(Role::server, FrameType::authenticator, answer(line, request, credential));
    EXPECT_TRUE(line.both_open());
    return credential;
  }
  // again waits for the request of the next minute.
  static Bytes again(Line& line) {
    line.now = *line.client.channel->attestation().due;
    return *line.hear(Role::server, FrameType::authenticator_request);
  }
  // relayed asks S the same on a connection of M's own, and returns what S answers.
  [[nodiscard]] Bytes relayed(ByteView request) const {
    Line own(calls, attesting());
    own.open(Role::server);
    own.say(Role::client, FrameType::authenticator_request, request);
    return *own.hear(Role::client, FrameType::authenticator);
  }
  Machine s;
  TlsSetup calls;
};

TEST_F(After, HonestTwin) {
  auto line = honest();
  expect_confirmed(*line);
  auto played = by_hand();  // and what is played by hand is as good, with nothing wrong in it
  std::ignore = confirmed(*played);
  const Bytes request = again(*played);
  played->say(Role::server, FrameType::authenticator, answer(*played, request, fresh(*played, request)));
  EXPECT_TRUE(played->run([&] { return played->client.channel->attestation().attested == 2; }));
}

// ---- E01: another connection -----------------------------------------------------------------------

TEST_F(After, E01AnAuthenticatorIsRelayed) {
  auto line = by_hand();
  const Bytes request = *line->hear(Role::server, FrameType::authenticator_request);
  line->say(Role::server, FrameType::authenticator, relayed(request));
  expect_refused(*line, Role::client, Code::finished_invalid, kDecryptError,
                 "server authenticator > Finished");
  EXPECT_EQ(line->client.data, "");
}

// M has S's key, and makes the authenticator anew around S's evidence.
TEST_F(After, E01TheEvidenceIsRelayed) {
  auto line = by_hand();
  const Bytes request = *line->hear(Role::server, FrameType::authenticator_request);
  const Cmw elsewhere = credential_in(relayed(request));
  line->say(Role::server, FrameType::authenticator, answer(*line, request, elsewhere));
  expect_refused(*line, Role::client, Code::binder_mismatch, kAccessDenied,
                 "server authenticator > Certificate[0]");
  EXPECT_EQ(line->client.data, "");
}

// ---- E02: a context twice --------------------------------------------------------------------------

TEST_F(After, E02TheSameContextIsAskedForTwice) {
  Line line(calls, attesting());
  line.open(Role::server);
  Line other(calls, attesting());
  other.open(Role::client, confirming());
  const Bytes request = *other.hear(Role::server, FrameType::authenticator_request);
  line.say(Role::client, FrameType::authenticator_request, request);
  EXPECT_TRUE(line.hear(Role::client, FrameType::authenticator)) << "once it is answered";
  line.say(Role::client, FrameType::authenticator_request, request);
  expect_refused(line, Role::server, Code::context_reused, kIllegalParameter, "client authenticator request");
}

// With one value of the exporter for every request, old evidence would be as good as new.
TEST_F(After, E02EvidenceForTheContextBefore) {
  auto line = by_hand();
  const Bytes first = *line->hear(Role::server, FrameType::authenticator_request);
  line->say(Role::server, FrameType::authenticator, answer(*line, first, fresh(*line, first)));
  ASSERT_TRUE(line->both_open());
  const Bytes second = again(*line);
  ASSERT_NE(context_of(first), context_of(second));
  line->say(Role::server, FrameType::authenticator, answer(*line, second, fresh(*line, first)));
  expect_refused(*line, Role::client, Code::binder_mismatch, kAccessDenied,
                 "server authenticator > Certificate[0]");
}

// ---- E05: evidence of the other protocol -----------------------------------------------------------

TEST_F(After, E05TheHandshakesBinderAfterTheHandshake) {
  auto line = by_hand();
  const Bytes request = *line->hear(Role::server, FrameType::authenticator_request);
  const Binder early = danger::binder_from_bytes(line->connection(Role::server).report().self_binder,
                                                 Hash::sha384, s.identity.certificate.spki());
  const Cmw credential = cwt(s.claims(early), s.attestation_key);
  line->say(Role::server, FrameType::authenticator, answer(*line, request, credential));
  expect_refused(*line, Role::client, Code::binder_mismatch, kAccessDenied,
                 "server authenticator > Certificate[0]");
  EXPECT_EQ(line->client.data, "");
}

TEST_F(After, E05AnAuthenticatorsEvidenceInAHandshake) {
  auto line = by_hand();
  const Cmw later_evidence = confirmed(*line);
  TlsPair pair(client(verifier_for(policy_for({&s}))),
               server(s.identity, std::make_shared<Teller>([&](const auto&) { return later_evidence; })));
  attacks::expect_refused(pair, Role::client, Code::binder_mismatch, kAccessDenied);
}

// ---- C09: old evidence -----------------------------------------------------------------------------

TEST_F(After, C09TheHandshakesEvidenceOnceMore) {
  std::optional<Cmw> shown;
  auto remembers = server(s.identity, std::make_shared<Teller>([&](const EvidenceRequest& r) {
                            return *(shown = cwt(s.claims(r.binder), s.attestation_key));
                          }));
  Line line(calls, remembers);
  line.open(Role::client, confirming());
  line.say(Role::server, FrameType::verdict, wire::encode(wire::Verdict{}));
  const Bytes request = *line.hear(Role::server, FrameType::authenticator_request);
  line.say(Role::server, FrameType::authenticator, answer(line, request, shown));
  expect_refused(line, Role::client, Code::evidence_reused, kAccessDenied,
                 "server authenticator > Certificate[0] > cmw_attestation");
  EXPECT_EQ(line.client.data, "");
}

TEST_F(After, C09TheLastAuthenticatorsEvidenceOnceMore) {
  auto line = by_hand();
  const Cmw old = confirmed(*line);
  line->say(Role::server, FrameType::authenticator, answer(*line, again(*line), old));
  expect_refused(*line, Role::client, Code::evidence_reused, kAccessDenied,
                 "server authenticator > Certificate[0] > cmw_attestation");
}

// ---- C10: what the peer is changes while the connection lives ---------------------------------------

class AttackC10 : public After {
 protected:
  // changed answers the second request as another machine would, that holds S's TLS key.
  void changed(const Machine& into, const Policy& policy, Code code) {
    calls = client(verifier_for(policy));
    auto line = by_hand();
    std::ignore = confirmed(*line);
    const Bytes request = again(*line);
    auto claims =
        into.claims(binder_for(line->exported(Role::server), s.identity.certificate.spki(), request));
    claims.cnf->key = s.identity.key.public_key();
    if (code == Code::key_unproven) claims.key_attributes = {};
    line->say(Role::server, FrameType::authenticator,
              answer(*line, request, cwt(claims, into.attestation_key)));
    expect_refused(*line, Role::client, code, kAccessDenied, "claims");
  }
};

TEST_F(AttackC10, C10AnotherMachineThatThePolicyTrustsAsWell) {
  const Machine migrated({.ueid = Bytes(17, 2)});
  changed(migrated, policy_for({&s, &migrated}), Code::instance_mismatch);
}

TEST_F(AttackC10, C10AnotherImageThatThePolicyTrustsAsWell) {
  Machine updated({.swname = "approved, too"});
  auto policy = policy_for({&s, &updated});
  policy.software.swname = expect::OneOf<std::string>{{"approved", "approved, too"}};
  changed(updated, policy, Code::reference_mismatch);
}

// ---- C11: KeyUpdate --------------------------------------------------------------------------------

TEST_F(After, C11KeyUpdateChangesNothing) {
  auto line = honest();
  expect_confirmed(*line);
  ASSERT_EQ(SSL_key_update(line->ssl(Role::client), SSL_KEY_UPDATE_REQUESTED), 1);
  expect_confirmed(*line);  // data goes on under the new keys
  line->now = *line->client.channel->attestation().due;
  EXPECT_TRUE(line->run([&] { return line->client.channel->attestation().attested == 2; }))
      << (line->client.error ? line->client.error->message() : "");
  EXPECT_EQ(line->client.channel->attestation().standing, Standing::trusted);
}

// ---- E07, E10: answers to what was not asked ---------------------------------------------------------

// A server may send an authenticator by itself, says RFC 9261: with the context of its own choice the
// evidence in it would be as fresh as the server likes.
Bytes spontaneous(Line& line, const Machine& s) {
  const auto own = exported::make_request(Role::client,
                                          {.context = crypto::random_bytes(32), .extensions = {{0xFF5F, {}}}})
                       .value();
  const auto connection = line.exported(Role::server);
  const auto binder = binder_for(connection, s.identity.certificate.spki(), own.encoded());
  return forge({connection, s.identity, cwt(s.claims(binder), s.attestation_key)}, own.encoded());
}

TEST_F(After, E07NobodyAskedForIt) {
  auto line = by_hand();
  std::ignore = confirmed(*line);
  line->say(Role::server, FrameType::authenticator, spontaneous(*line, s));
  expect_refused(*line, Role::client, Code::unexpected_authenticator, kUnexpectedMessage,
                 "server authenticator > Certificate > certificate_request_context");
}

TEST_F(After, E10AnotherContextWhileOneIsOutstanding) {
  auto line = by_hand();
  ASSERT_TRUE(line->hear(Role::server, FrameType::authenticator_request));
  line->say(Role::server, FrameType::authenticator, spontaneous(*line, s));
  expect_refused(*line, Role::client, Code::unknown_context, kIllegalParameter,
                 "server authenticator > Certificate > certificate_request_context");
  EXPECT_EQ(line->client.data, "");
}

// Two requests are in flight: what belongs to one does not answer the other.
class AttackE10 : public After {
 protected:
  void SetUp() override {
    line = by_hand();
    std::ignore = confirmed(*line);
    for (Bytes* request : {&first, &second}) {
      line->now += 5s;
      line->client.channel->require(
          1s, {}, [&](Result<void> r) { granted += r.ok() ? 1 : 0; }, line->now);
      *request = *line->hear(Role::server, FrameType::authenticator_request);
    }
  }
  std::unique_ptr<Line> line;
  Bytes first, second;
  int granted = 0;
};

TEST_F(AttackE10, E10HonestTwinAnswersInTheOtherOrder) {
  for (const Bytes* request : {&second, &first})
    line->say(Role::server, FrameType::authenticator, answer(*line, *request, fresh(*line, *request)));
  EXPECT_TRUE(line->run([&] { return line->client.channel->attestation().attested == 3; }));
  EXPECT_EQ(granted, 2);
}

TEST_F(AttackE10, E10TheEvidenceOfOneInTheAnswerToTheOther) {
  line->say(Role::server, FrameType::authenticator, answer(*line, second, fresh(*line, first)));
  expect_refused(*line, Role::client, Code::binder_mismatch, kAccessDenied,
                 "server authenticator > Certificate[0]");
  EXPECT_EQ(granted, 0);
}

TEST_F(AttackE10, E10AnAnswerThatIsReaddressed) {
  Bytes answered = answer(*line, first, fresh(*line, first));
  const Bytes from = context_of(first), to = context_of(second);
  const auto at = std::search(answered.begin(), answered.end(), from.begin(), from.end());
  ASSERT_NE(at, answered.end());
  std::copy(to.begin(), to.end(), at);
  line->say(Role::server, FrameType::authenticator, answered);
  expect_refused(*line, Role::client, Code::finished_invalid, kDecryptError,
                 "server authenticator > Finished");
  EXPECT_EQ(granted, 0);
}

// ---- a peer that is slow, silent, or repeats itself --------------------------------------------------

class Peer : public After {
 protected:
  void SetUp() override {
    line = std::make_unique<Line>(calls, attesting());
    auto options = confirming();
    options.plan.answer_within = 5s;
    options.plan.attempts = 2;
    line->open(Role::client, options);
    line->say(Role::server, FrameType::verdict, wire::encode(wire::Verdict{}));
    std::ignore = confirmed(*line);
    request = again(*line);
  }
  [[nodiscard]] const reattest::Report& report() const { return line->client.channel->attestation(); }
  void expect_told(Code code) {
    EXPECT_TRUE(line->run([&] { return !line->client.refused.empty(); }));
    ASSERT_FALSE(line->client.refused.empty());
    EXPECT_EQ(name(line->client.refused.back().code), name(code));
    EXPECT_FALSE(line->client.error) << "the connection goes on";
    line->client.refused.clear();
  }
  // late lets the time of the request pass.
  void late() {
    line->now += 5s;
    expect_told(Code::timed_out);
  }
  std::unique_ptr<Line> line;
  Bytes request;
};

TEST_F(Peer, StopsAnswering) {
  late();
  request = again(*line);  // it is asked once more
  line->now += 5s;
  constexpr int kInternalError = 80;
  expect_refused(*line, Role::client, Code::timed_out, kInternalError, "re-attestation");
}

TEST_F(Peer, AnswersTooLate) {
  late();
  line->say(Role::server, FrameType::authenticator, answer(*line, request, fresh(*line, request)));
  expect_told(Code::context_spent);
  EXPECT_EQ(report().attested, 1U) << "it counts for nothing";
  request = again(*line);
  line->say(Role::server, FrameType::authenticator, answer(*line, request, fresh(*line, request)));
  EXPECT_TRUE(line->run([&] { return report().attested == 2; })) << "in time it does";
}

TEST_F(Peer, AnswersTwice) {
  const Bytes good = answer(*line, request, fresh(*line, request));
  line->say(Role::server, FrameType::authenticator, good);
  EXPECT_TRUE(line->run([&] { return report().attested == 2; }));
  line->say(Role::server, FrameType::authenticator, good);
  expect_told(Code::context_spent);
  EXPECT_EQ(report().attested, 2U) << "it counts once";
}

TEST_F(Peer, AnswersForASpentContextWhileAnotherIsOutstanding) {
  const Bytes good = answer(*line, request, fresh(*line, request));
  line->say(Role::server, FrameType::authenticator, good);
  EXPECT_TRUE(line->run([&] { return report().attested == 2; }));
  const Bytes next = again(*line);
  line->say(Role::server, FrameType::authenticator, good);
  expect_told(Code::context_spent);
  EXPECT_EQ(report().attested, 2U);
  line->say(Role::server, FrameType::authenticator, answer(*line, next, fresh(*line, next)));
  EXPECT_TRUE(line->run([&] { return report().attested == 3; })) << "the other one still waits";
}

TEST_F(Peer, AnswersWithAnotherConnectionsAuthenticator) {
  line->say(Role::server, FrameType::authenticator, relayed(request));
  expect_refused(*line, Role::client, Code::finished_invalid, kDecryptError,
                 "server authenticator > Finished");
}

}  // namespace
}  // namespace seatls::attacks
