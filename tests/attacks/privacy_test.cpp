// Class G of the attack catalogue: what eavesdroppers, peers and strangers learn. The verifier's share is in
// privacy_remote_test.cpp.
#include <gtest/gtest.h>

#include <array>
#include <unordered_set>

#include "attacks/line.h"
#include "attacks/tap.h"
#include "codec/cose.h"
#include "codec/tls.h"
#include "rats/eat.h"
#include "wire/remote_attestation.h"

namespace seatls::attacks {
namespace {

using fake::TlsMitm;
using fake::TlsPair;
using fake::TlsSetup;
using enum fake::MessageType;

constexpr int kHandshakeFailure = 40, kIllegalParameter = 47, kAccessDenied = 49, kDecodeError = 50;
constexpr std::uint16_t kExtension = 0xFF5E, kKeyShare = 51;

// Counted is a genuine attester, and how often it was asked.
class Counted final : public Attester {
 public:
  explicit Counted(std::shared_ptr<Attester> real) : real_(std::move(real)) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return real_->schemes(); }
  void attest(EvidenceRequest request, Done done) override {
    ++calls;
    real_->attest(std::move(request), std::move(done));
  }
  int calls = 0;

 private:
  std::shared_ptr<Attester> real_;
};

// shared returns a piece of `secret` that stands in `seen`, or nothing.
std::string shared(ByteView secret, const std::string& seen) {
  constexpr std::size_t piece = 12;  // no chance repeats that many
  std::unordered_set<std::string_view> pieces;
  for (std::size_t i = 0; i + piece <= seen.size(); ++i)
    pieces.insert(std::string_view(seen).substr(i, piece));
  for (std::size_t i = 0; i + piece <= secret.size(); ++i)
    if (pieces.contains(text(secret.subspan(i, piece)))) return std::string(text(secret.subspan(i, piece)));
  return "";
}

Bytes evidence_of(const Cmw& shown) { return shown.record()->value; }

rats::EatClaims claims_of(const Cmw& shown) {
  auto message = codec::cose::parse_sign1(shown.record()->value).value();
  return rats::read_eat(message.payload).value();
}

class AttackG : public testing::Test {
 protected:
  // mutual: both ends attest themselves, and appraise the other.
  AttackG() {
    calls = client(seen_by_client);
    calls.identity = c.identity;
    calls.config->attester = c.attester;
    answers = server(s.identity, s.attester);
    answers.config->require = demand(seen_by_server);
  }
  // tapped listens to both ends, as they are set up now.
  [[nodiscard]] std::unique_ptr<const Tap> tapped() {
    auto tap = std::make_unique<Tap>();
    tap->listen(Role::client, calls);
    tap->listen(Role::server, answers);
    return tap;
  }
  // expect_secret: nothing that either end was shown can be read on the wire.
  void expect_secret(const Tap& tap) const {
    const auto wire = tap.all();
    EXPECT_NE(wire.find("server.test"), std::string::npos) << "SNI: the tap hears the wire";
    ASSERT_FALSE(seen_by_client->seen.empty());
    ASSERT_FALSE(seen_by_server->seen.empty());
    for (const auto* seen : {&seen_by_client->seen, &seen_by_server->seen})
      for (const auto& shown : *seen) EXPECT_EQ(shared(evidence_of(shown), wire), "");
    for (const auto* m : {&s, &c}) {
      EXPECT_EQ(wire.find(std::string(text(ByteView(m->options.ueid)))), std::string::npos) << "UEID";
      EXPECT_EQ(shared(m->identity.key.public_key().spki().der(), wire), "") << "TIK";
      EXPECT_EQ(shared(m->attestation_key.public_key().spki().der(), wire), "") << "attestation key";
    }
    EXPECT_EQ(wire.find("approved"), std::string::npos) << "measurement";
  }

  Machine s{{.ueid = Bytes(17, 0xA1)}}, c{{.ueid = Bytes(17, 0xC2)}};
  std::shared_ptr<Recorder> seen_by_client = std::make_shared<Recorder>(verifier_for(policy_for({&s})));
  std::shared_ptr<Recorder> seen_by_server = std::make_shared<Recorder>(verifier_for(policy_for({&c})));
  TlsSetup calls, answers;
};

// ---- G01: clear text -----------------------------------------------------------------------------

TEST_F(AttackG, G01TheHandshakeShowsNoEvidence) {
  const auto tap = tapped();
  TlsPair pair(calls, answers);
  expect_attested(pair);
  expect_secret(*tap);
}

// The same with tickets, which an optional attestation lets through.
TEST_F(AttackG, G01AnOptionalAttestationShowsNoneEither) {
  calls.config->require->attestation = answers.config->require->attestation = Requirement::optional;
  const auto tap = tapped();
  TlsPair pair(calls, answers);
  expect_attested(pair);
  expect_secret(*tap);
}

TEST_F(AttackG, G01ARefusalShowsNone) {
  answers.config->require->verifier = seen_by_server =
      std::make_shared<Recorder>(verifier_for(policy_for({&s})));
  const auto tap = tapped();
  TlsPair pair(calls, answers);
  pair.run_until_settled();
  EXPECT_FALSE(pair.established());
  expect_secret(*tap);
}

TEST_F(AttackG, G01NorDoesAnythingAfterTheHandshake) {
  for (const bool hybrid : {true, false}) {
    SCOPED_TRACE(hybrid ? "hybrid" : "post");
    seen_by_client->seen.clear();
    seen_by_server->seen.clear();
    const auto tap = tapped();
    Later late_client = later(calls), late_server = later(answers);
    // Who attests later says nothing of it in the handshake.
    late_client.setup.config->attester = late_server.setup.config->attester = nullptr;
    Line line(hybrid ? calls : late_client.setup, hybrid ? answers : late_server.setup);
    line.open(Role::client, confirming(hybrid ? nullptr : late_client.config));
    line.open(Role::server, confirming(hybrid ? nullptr : late_server.config));
    expect_confirmed(line);
    EXPECT_EQ(seen_by_client->seen.size(), hybrid ? 2U : 1U);
    expect_secret(*tap);
  }
}

// What is hidden from the eavesdropper is there: whoever has the handshake's secrets reads it, in the two
// Certificate messages and nowhere else.
TEST_F(AttackG, G01EvidenceIsInCertificateMessagesAlone) {
  TlsMitm insider({.handshake_secrets = true});
  TlsPair pair(calls, answers, &insider);
  expect_attested(pair);
  int found = 0;
  for (const auto& [sender, message] : insider.passed()) {
    const auto& m = sender == Role::server ? s : c;
    const bool holds = text(message).find(text(ByteView(m.options.ueid))) != std::string_view::npos;
    EXPECT_EQ(holds, message[0] == static_cast<std::uint8_t>(certificate)) << int(message[0]);
    found += holds ? 1 : 0;
  }
  EXPECT_EQ(found, 2);
}

// ---- G02: harvesting -----------------------------------------------------------------------------

TEST_F(AttackG, G02WhoDoesNotAskOrAsksForAnotherSchemeGetsNone) {
  const auto counted = std::make_shared<Counted>(s.attester);
  TlsPair unasked(TlsSetup(), server(s.identity, counted));
  expect_attested(unasked);
  EXPECT_EQ(counted->calls, 0);

  Policy policy = policy_for({&s});
  policy.schemes = {"result"};
  policy.result.verifiers = {{"verifier.test", {s.attestation_key.public_key().spki()}}};
  policy.result.max_age = std::chrono::hours(1);
  TlsPair other(client(verifier_for(policy)), server(s.identity, counted));
  expect_refused(other, Role::server, Code::unsupported_attestation_schemes, kHandshakeFailure, client_hello);
  EXPECT_EQ(counted->calls, 0);

  TlsPair honest(client(verifier_for(policy_for({&s}))), server(s.identity, counted));
  expect_attested(honest);
  EXPECT_EQ(counted->calls, 1);
}

TEST_F(AttackG, G02EvidenceNamesNoMachineByDefault) {
  SoftwareAttesterOptions options;
  options.tiks.push_back(s.identity.key.to_pem().value());
  const auto attester = make_software_attester(std::move(options)).value();
  const auto recorder = std::make_shared<Recorder>(std::make_shared<Naive>(s.identity.key.public_key()));
  auto harvester = client(recorder);
  TlsPair pair(harvester, server(s.identity, attester));
  expect_attested(pair);
  const auto claims = claims_of(recorder->seen.at(0));
  EXPECT_FALSE(claims.ueid || claims.oemid || claims.hwmodel || claims.iss || claims.sub);
  EXPECT_FALSE(claims.swname || claims.swversion);
  EXPECT_TRUE(claims.measurements.empty() && claims.submods.empty());
  EXPECT_TRUE(Tpm2AttesterOptions().endorsement_key_chain.empty());
  EXPECT_TRUE(claims_of(record_evidence(s)).ueid) << "a machine that was told to name itself";
}

// A server that shows itself to those alone who attested themselves first: the client in the handshake, the
// server after it.
TEST_F(AttackG, G02AServerMayHaveTheClientFirst) {
  const auto counted = std::make_shared<Counted>(s.attester);
  auto holds_back = answers;
  holds_back.config->attester = nullptr;
  auto shows_later = std::make_shared<Config>(*answers.config);
  shows_later->attester = counted;
  auto attests = calls;
  attests.config->require->attestation = Requirement::off;
  attests.config->require->identity = IdentityRule::pki;

  for (const bool knows_itself : {false, true}) {
    auto stranger = attests;
    if (knows_itself)
      stranger.config->attester = std::make_shared<Teller>(
          [&](const EvidenceRequest& r) { return cwt(c.claims(r.binder), s.attestation_key); });
    else
      stranger.config->attester = nullptr;
    TlsPair refused(stranger, holds_back);
    refused.run_until_settled();
    EXPECT_FALSE(refused.established());
    ASSERT_TRUE(refused.server->error());
    EXPECT_EQ(name(refused.server->error()->code),
              name(knows_itself ? Code::signature_invalid : Code::attestation_required));
    EXPECT_EQ(counted->calls, 0);
  }

  Line line(attests, holds_back);
  EXPECT_EQ(counted->calls, 0) << "nothing is shown in the handshake";
  line.open(Role::server, [&] {
    ChannelOptions options;
    options.config = shows_later;
    return options;
  }());
  line.open(Role::client, confirming(std::make_shared<const Config>(*calls.config)));
  expect_confirmed(line);
  EXPECT_EQ(counted->calls, 1);
  EXPECT_EQ(seen_by_client->seen.size(), 1U);
}

// ---- G04: linkability ----------------------------------------------------------------------------

TEST_F(AttackG, G04TwoConnectionsShareWhatThePolicyNeedsAndNoMore) {
  const std::array identities{fake::certified(), fake::certified()};
  SoftwareAttesterOptions options;  // one environment, with a key for each connection
  for (const auto& identity : identities) options.tiks.push_back(identity.key.to_pem().value());
  options.attestation_key = s.attestation_key.to_pem().value();
  options.swname = "approved";
  options.debug_disabled = true;
  const auto attester = make_software_attester(std::move(options)).value();
  std::vector<rats::EatClaims> claims;
  std::vector<std::string> signatures;
  for (const auto& identity : identities) {
    const auto recorder = std::make_shared<Recorder>(verifier_for(policy_for({&s})));
    TlsPair pair(client(recorder), server(identity, attester));
    expect_attested(pair);
    claims.push_back(claims_of(recorder->seen.at(0)));
    EXPECT_TRUE(claims.back().cnf->names(identity.key.public_key()).value());
  }
  EXPECT_NE(claims[0].nonces, claims[1].nonces);
  for (auto& one : claims) {
    EXPECT_FALSE(one.ueid);
    // What has to differ is taken out, and of what is left everything is the policy's, or a constant.
    one.nonces.clear();
    one.cnf.reset();
    one.iat.reset();
    EXPECT_EQ(one.swname, "approved");
    EXPECT_EQ(one.dbgstat, rats::DebugStatus::disabled);
    EXPECT_EQ(one.profile, "tag:seatls,2026:software");
    one.swname.reset();
    one.dbgstat.reset();
    one.profile.reset();
    one.key_attributes.reset();
    EXPECT_EQ(rats::write_eat(one).value(), rats::write_eat({}).value()) << "another claim would link";
  }
}

// ---- G05: the offer ------------------------------------------------------------------------------

// offer_of reads ClientHello's; nothing where there is none.
std::optional<wire::ClientOffer> offer_of(const TlsMitm& tap) {
  auto [sender, hello] = tap.passed().at(0);
  EXPECT_EQ(sender, Role::client);
  std::optional<Bytes> body;
  fake::edit_extensions(hello, [&](fake::Extensions& e) { body = fake::find(e, kExtension); });
  if (!body) return std::nullopt;
  return codec::decode<wire::ClientOffer>(*body).value();
}

TEST_F(AttackG, G05TheOfferIsThePolicysAndInItsOrder) {
  for (const bool results_first : {false, true}) {
    Policy policy = policy_for({&s});
    policy.schemes = results_first ? std::vector<std::string>{"result", "software"}
                                   : std::vector<std::string>{"software", "result"};
    policy.result.verifiers = {{"verifier.test", {s.attestation_key.public_key().spki()}}};
    policy.result.max_age = std::chrono::hours(1);
    const AttestationScheme software{*SchemeTable::defaults().find("software")},
        result{VerifierIdentity{"verifier.test"}};
    TlsMitm tap;
    TlsPair pair(client(verifier_for(policy)), server(s.identity, s.attester), &tap);
    expect_attested(pair);
    const auto offer = offer_of(tap).value();
    EXPECT_EQ(offer.server_attester_schemes,
              results_first ? (std::vector{result, software}) : (std::vector{software, result}));
    EXPECT_TRUE(offer.client_attester_schemes.empty())
        << "a client that shows nothing says nothing of itself";
  }
}

// A client that attests itself in the handshake has to say as what; after it, ClientHello is anybody's.
TEST_F(AttackG, G05WhoAttestsAfterTheHandshakeOffersNothing) {
  TlsMitm tap;
  TlsPair intra(calls, answers, &tap);
  expect_attested(intra);
  EXPECT_EQ(offer_of(tap)->client_attester_schemes, c.attester->schemes());

  Later post = later(calls), then = later(answers);
  post.setup.config->attester = then.setup.config->attester = nullptr;
  TlsMitm later_tap;
  Line line(post.setup, then.setup, &later_tap);
  EXPECT_FALSE(offer_of(later_tap).has_value());
  line.open(Role::client, confirming(post.config));
  line.open(Role::server, confirming(then.config));
  expect_confirmed(line);
}

// ---- G06: quotes on demand -----------------------------------------------------------------------

TEST_F(AttackG, G06NoEvidenceIsMadeForAHelloThatIsNoGood) {
  const auto counted = std::make_shared<Counted>(s.attester);
  // With the handshake's secrets the attacker has the client read why it was refused.
  const auto refused = [&](const fake::Leaks& leaks, const TlsMitm::Change& lie, Code code, int alert) {
    SCOPED_TRACE(name(code));
    auto asks = client(verifier_for(policy_for({&s})));
    asks.before = [](SSL_CTX* ctx) { SSL_CTX_set1_groups_list(ctx, "X25519"); };
    TlsMitm liar(leaks, fake::on(Role::client, client_hello, [&](Bytes& m) { lie(Role::client, m); }));
    TlsPair pair(asks, server(s.identity, counted), &liar);
    expect_refused(pair, Role::server, code, alert, client_hello);
    EXPECT_EQ(counted->calls, 0);
  };
  const auto told = [](std::optional<Bytes> data) {
    return [data = std::move(data)](Role, Bytes& message) {
      fake::edit_extensions(message, [&](fake::Extensions& e) { fake::set(e, kExtension, data); });
    };
  };
  refused(
      {},
      [](Role, Bytes& message) {
        fake::edit_extensions(message, [](fake::Extensions& e) {
          for (auto& extension : e)
            if (extension.type == kKeyShare)
              std::fill(extension.data.begin() + 6, extension.data.end(), std::uint8_t{0});
        });
      },
      Code::tls_failed, kIllegalParameter);
  refused({true, &s.identity.key, nullptr}, told(Bytes{0, 0, 0, 0}), Code::empty_offer, kHandshakeFailure);
  refused({true, &s.identity.key, nullptr}, told(Bytes{0, 9, 1}), Code::truncated, kDecodeError);
  refused({true, &s.identity.key, nullptr},
          told(codec::encode(wire::ClientOffer{{{EvidenceType{ContentFormat{60'000}}}}, {}}).value()),
          Code::unsupported_attestation_schemes, kHandshakeFailure);
}

TEST_F(AttackG, G06OnePieceOfEvidenceForAHandshake) {
  for (const char* groups : {"X25519", "P-256:X25519"}) {  // the second one leads to a HelloRetryRequest
    const auto counted = std::make_shared<Counted>(s.attester);
    auto asks = client(verifier_for(policy_for({&s})));
    asks.before = [groups](SSL_CTX* ctx) { SSL_CTX_set1_groups_list(ctx, groups); };
    auto shows = server(s.identity, counted);
    shows.before = [](SSL_CTX* ctx) { SSL_CTX_set1_groups_list(ctx, "X25519"); };
    TlsPair pair(asks, shows);
    expect_attested(pair);
    EXPECT_EQ(counted->calls, 1) << groups;
  }
}

// ---- G07: refusals -------------------------------------------------------------------------------

// records returns types and lengths: all that a refusal shows to whoever cannot decrypt it.
std::vector<std::pair<int, std::size_t>> records(const std::string& sent) {
  std::vector<std::pair<int, std::size_t>> out;
  for (std::size_t at = 0; at + 5 <= sent.size();) {
    const std::size_t length =
        std::size_t{static_cast<std::uint8_t>(sent[at + 3])} << 8 | static_cast<std::uint8_t>(sent[at + 4]);
    out.emplace_back(sent[at], length);
    at += 5 + length;
  }
  return out;
}

TEST_F(AttackG, G07RefusalsLookTheSame) {
  const Machine stranger({.ueid = Bytes(17, 0xEE)}), old({.swname = "outdated"}),
      open({.debug_disabled = false});
  const Cmw recorded = record_evidence(s);
  Policy pinned = policy_for({&s});
  pinned.machine = {"ueid:0101010101010101010101010101010101"};
  const auto says = [](const Machine& m, std::shared_ptr<Attester> attester) {
    return server(m.identity, std::move(attester));
  };
  const auto tells = [](Teller::Tell tell) { return std::make_shared<Teller>(std::move(tell)); };
  struct Row {
    Code code;
    Policy policy;
    TlsSetup server;
  };
  const Policy usual = policy_for({&s, &old, &open});
  const std::vector<Row> rows = {
      {Code::binder_mismatch, usual, says(s, tells([&](const auto&) { return recorded; }))},
      {Code::signature_invalid, usual, says(s, tells([&](const EvidenceRequest& r) {
                                              return cwt(s.claims(r.binder), stranger.attestation_key);
                                            }))},
      {Code::reference_mismatch, usual, says(old, old.attester)},
      {Code::debug_enabled, usual, says(open, open.attester)},
      {Code::instance_mismatch, pinned, says(s, s.attester)},
      {Code::tik_mismatch, usual, says(stranger, tells([&](const EvidenceRequest& r) {
                                         return cwt(s.claims(r.binder), s.attestation_key);
                                       }))},
      {Code::evidence_malformed, usual,
       says(s, tells([](const auto&) -> Result<Cmw> {
              return Cmw(CmwRecord{ContentFormat{263}, {1, 2, 3}, cmw_indicator::evidence});
            }))},
  };
  std::optional<std::vector<std::pair<int, std::size_t>>> usual_form;
  for (const auto& row : rows) {
    SCOPED_TRACE(name(row.code));
    Tap tap;
    auto relying = client(verifier_for(row.policy));
    tap.listen(Role::client, relying);
    TlsPair pair(relying, row.server);
    expect_refused(pair, Role::client, row.code, kAccessDenied);
    const auto form = records(tap.sent_by(Role::client));
    if (!usual_form) usual_form = form;
    EXPECT_EQ(form, *usual_form);
    EXPECT_EQ(name(pair.server->error()->code), name(Code::refused_by_peer));
    for (const auto& word : {"ueid", "approved", "debug", "binder", "signature"})
      EXPECT_EQ(pair.server->error()->message().find(word), std::string::npos)
          << pair.server->error()->message();
  }
}

}  // namespace
}  // namespace seatls::attacks
