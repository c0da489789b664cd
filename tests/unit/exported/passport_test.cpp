// The interactive passport: a Result that is shown again and again counts only with an answer to a challenge
// for the keK that it names.
#include "exported/passport.h"
#include "base/encoding.h"
#include "crypto/kem.h"
#include "fixture.h"
#include "support/vector_file.h"
#include "wire/exported_messages.h"

namespace seatls {
namespace {

using testing::attested;
using testing::expect_refused;
using testing::Side;
using testing::VectorFile;

std::shared_ptr<KemKey> kek(crypto::KeyType type = crypto::KeyType::p256) {
  return make_kem_key(crypto::PrivateKey::generate(type)->to_pem().value()).value();
}

// ---- vectors -----------------------------------------------------------------------------------

std::vector<std::string> vectors(const std::string& prefix) {
  auto names = testing::vector_names("interactive_passport");
  std::erase_if(names, [&](const auto& name) { return !name.starts_with(prefix); });
  return names;
}
crypto::PrivateKey private_key(const Bytes& pkcs8) {
  // PEM is what keys are read from; the vectors hold its content.
  static constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string base64 = base::to_base64url(pkcs8);
  for (char& c : base64) c = c == '-' ? alphabet[62] : c == '_' ? alphabet[63] : c;
  while (base64.size() % 4 != 0) base64 += '=';
  return crypto::PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----\n" + base64 +
                                      "\n-----END PRIVATE KEY-----\n")
      .value();
}

TEST(Kem, FindsOutTheSecretsOfTheVectors) {
  const auto names = testing::vector_names("interactive_passport");
  ASSERT_GT(names.size(), 8U);
  for (const auto& name : names) {
    const VectorFile v(testing::vector_path("interactive_passport", name));
    const auto secret = crypto::decapsulate(private_key(v.hex("kek")), v.hex("enc"));
    ASSERT_TRUE(secret.ok()) << name << ": " << secret.error().message();
    EXPECT_EQ(bytes(secret->reveal()), v.hex("shared_secret")) << name;
  }
}

TEST(Kem, BothSidesAgreeAndNobodyElse) {
  for (const auto type : {crypto::KeyType::p256, crypto::KeyType::p384}) {
    const auto own = crypto::PrivateKey::generate(type).value(),
               other = crypto::PrivateKey::generate(type).value();
    const auto made = crypto::encapsulate(own.public_key()).value();
    EXPECT_EQ(bytes(crypto::decapsulate(own, made.enc)->reveal()), bytes(made.shared_secret.reveal()));
    EXPECT_NE(bytes(crypto::decapsulate(other, made.enc)->reveal()), bytes(made.shared_secret.reveal()));
    EXPECT_NE(bytes(crypto::encapsulate(own.public_key())->shared_secret.reveal()),
              bytes(made.shared_secret.reveal()));
  }
}

TEST(Kem, RefusesWhatIsNoPoint) {
  const auto own = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  const Bytes right = crypto::encapsulate(own.public_key())->enc;
  Bytes off_curve = right, compressed(right.begin(), right.begin() + 33), longer = right,
        of_other_form = right;
  off_curve.back() ^= 1;
  compressed[0] = 2;
  longer.push_back(0);
  of_other_form[0] = 6;
  for (const Bytes& enc : {off_curve, compressed, longer, of_other_form, Bytes{}, Bytes(65, 0)}) {
    const auto secret = crypto::decapsulate(own, enc);
    ASSERT_FALSE(secret.ok());
    EXPECT_EQ(secret.error().code, Code::malformed) << secret.error().message();
  }
  const auto ed25519 = crypto::PrivateKey::generate(crypto::KeyType::ed25519).value();
  EXPECT_EQ(crypto::encapsulate(ed25519.public_key()).error().code, Code::algorithm_not_allowed);
  EXPECT_EQ(make_kem_key(ed25519.to_pem().value()).error().code, Code::algorithm_not_allowed);
}

// The request, the challenge in it and the answer, as the second implementation makes them.
TEST(PassportVectors, HoldHere) {
  const auto names = vectors("answer-");
  ASSERT_EQ(names.size(), 8U);
  for (const auto& name : names) {
    const VectorFile v(testing::vector_path("interactive_passport", name));
    const Hash hash = v.get("hash") == "sha384" ? Hash::sha384 : Hash::sha256;
    const Role prover = v.get("sender") == "client" ? Role::client : Role::server;
    const exported::Connection own{prover, hash, testing::tls_exporter(hash, v.hex("exporter_secret"))};
    const auto request = exported::accept_request(other(prover), v.hex("request")).value();
    ASSERT_NE(request.find(post::expat_03().interactive_passport), nullptr);
    EXPECT_EQ(*request.find(post::expat_03().interactive_passport), v.hex("challenge"));
    const InteractivePassport holder{
        {kek(), make_kem_key(private_key(v.hex("kek")).to_pem().value()).value()}, false};
    const Spki tik(v.hex("spki"));
    const auto answer = post::answer_challenge(holder, own, request, v.hex("challenge"), tik);
    ASSERT_TRUE(answer.ok()) << name << ": " << answer.error().message();
    EXPECT_EQ(*answer, v.hex("answer")) << name;

    const post::Challenge kept{holder.keys[1]->public_key(), Secret(v.hex("shared_secret")), {}};
    exported::Connection theirs = own;
    theirs.role = other(prover);
    EXPECT_TRUE(post::verify_answer(kept, theirs, request, &*answer, tik).ok()) << name;
  }
}

// ---- two endpoints -----------------------------------------------------------------------------

// The server presents a Result (whose maker is the fake verifier's good word); the client demands the keK.
struct Passport : ::testing::Test {
  Passport() {
    server.attest("machine-s");
    server.attester->list = {fake::passport_scheme()};
    client.require(server);
    client.verifier->list = {fake::passport_scheme()};
    name_in_result(key->public_key());
  }
  void name_in_result(std::optional<Spki> named) {
    client.verifier->lie = [named](ResultParts& parts) { parts.kek = named; };
  }
  // start: `known` is the keK of the Result that the handshake brought.
  void start(std::optional<Spki> known, std::vector<std::shared_ptr<KemKey>> held,
             std::string_view server_secret = "a secret of both") {
    client.start(testing::connection(Role::client), &server.identity.spki(), [&](post::Setup& s) {
      s.interactive_passport.demand = true;
      s.peer_kek = known;
    });
    server.start(testing::connection(Role::server, Hash::sha256, server_secret), nullptr,
                 [&](post::Setup& s) { s.interactive_passport.keys = std::move(held); });
  }
  Bytes request() { return client.endpoint->request()->message; }
  post::Action round() { return client.take(server.answer(request())); }

  // An authenticator of the server with the extensions that a test chooses: the key that signs is at hand,
  // as it is for whoever stole it.
  Bytes authenticator(const Bytes& request_message, std::optional<Bytes> answer) {
    const auto own = testing::connection(Role::server);
    const auto request = exported::accept_request(Role::client, request_message).value();
    const auto honest = server.answer(request_message);
    const auto taken =
        exported::accept_authenticator(testing::connection(Role::client), request, honest).value();
    auto chain = std::get<exported::VerifiedAuthenticator>(taken).chain();
    const auto type = post::expat_03().interactive_passport;
    std::erase_if(chain.front().extensions, [&](const auto& e) { return e.type == type; });
    if (answer) chain.front().extensions.push_back({type, *answer});
    const auto scheme = std::get<exported::VerifiedAuthenticator>(taken).scheme();
    const auto prepared = exported::prepare_authenticator(own, request, chain, scheme).value();
    return prepared.finish(testing::sign(server.signing_key(), prepared).value()).value();
  }
  Bytes answer_with(KemKey& other_key, const exported::Connection& on, const Bytes& request_message,
                    const Spki& tik) {
    const auto request = exported::accept_request(Role::client, request_message).value();
    auto challenge =
        codec::decode<wire::PassportChallenge>(*request.find(post::expat_03().interactive_passport)).value();
    challenge.kek_id = crypto::digest(Hash::sha256, other_key.public_key().der());
    const InteractivePassport holder{{std::shared_ptr<KemKey>(&other_key, [](KemKey*) {})}, false};
    return post::answer_challenge(holder, on, request, codec::encode(challenge).value(), tik).value();
  }

  std::shared_ptr<KemKey> key = kek();
  Side client{Role::client, "client"}, server{Role::server, "server"};
};

TEST_F(Passport, CountsWithTheKeyThatItNames) {
  for (const auto type : {crypto::KeyType::p256, crypto::KeyType::p384}) {
    const auto held = kek(type);
    name_in_result(held->public_key());
    start(held->public_key(), {held});
    for (int i = 0; i < 3; ++i) {
      const auto action = round();
      const auto* outcome = attested(action);
      ASSERT_NE(outcome, nullptr);
      EXPECT_EQ(outcome->peer().result()->model, ConveyanceModel::passport);
    }
  }
}

// Nobody challenges unless it was switched on, and nobody is hurt by a challenge that he does not know.
TEST_F(Passport, IsOffByDefault) {
  client.start(testing::connection(Role::client), &server.identity.spki(),
               [&](post::Setup& s) { s.peer_kek = key->public_key(); });
  server.start(testing::connection(Role::server), nullptr, [](post::Setup&) {});
  const Bytes message = request();
  EXPECT_EQ(exported::accept_request(Role::client, message)->find(post::expat_03().interactive_passport),
            nullptr);
  EXPECT_NE(attested(client.take(server.answer(message))), nullptr);
}

// The keK becomes known with the Result; that one counts once it is shown with an answer.
TEST_F(Passport, FirstResultIsAskedForAgain) {
  start(std::nullopt, {key});
  const auto first = round();
  expect_refused(first, Code::possession_unproven, false);
  EXPECT_TRUE(std::get<post::action::Refuse>(first).ask_again);
  EXPECT_NE(attested(round()), nullptr);
}

TEST_F(Passport, NewKeyComesIntoUse) {
  start(key->public_key(), {key});
  EXPECT_NE(attested(round()), nullptr);
  const auto next = kek();
  start(key->public_key(), {next, key});  // the challenge is for the old one, which is held still
  name_in_result(next->public_key());
  const auto renewed = round();
  expect_refused(renewed, Code::possession_unproven, false);
  EXPECT_TRUE(std::get<post::action::Refuse>(renewed).ask_again);
  EXPECT_NE(attested(round()), nullptr);
}

TEST_F(Passport, ResultWithoutAKeyIsRefused) {
  name_in_result(std::nullopt);
  start(std::nullopt, {key});
  const auto action = round();
  expect_refused(action, Code::possession_unproven, false);
  EXPECT_FALSE(std::get<post::action::Refuse>(action).ask_again);
}

// Evidence holds the binder: there is nothing that a challenge would add.
TEST_F(Passport, EvidenceIsNotChallenged) {
  server.attester->list = {fake::evidence_scheme()};
  client.verifier->list = {fake::evidence_scheme()};
  start(key->public_key(), {key});
  const Bytes message = request();
  EXPECT_EQ(exported::accept_request(Role::client, message)->find(post::expat_03().interactive_passport),
            nullptr);
  EXPECT_NE(attested(client.take(server.answer(message))), nullptr);
}

// ---- attacks: whoever stole the Result and the TIK, and not the keK ------------------------------

TEST_F(Passport, NoAnswer) {
  start(key->public_key(), {key});
  const Bytes message = request();
  const auto action = client.take(authenticator(message, std::nullopt));
  expect_refused(action, Code::possession_unproven, false);
  EXPECT_FALSE(std::get<post::action::Refuse>(action).ask_again);
}

TEST_F(Passport, AnswerWithoutTheKey) {
  start(key->public_key(), {key});
  const Bytes message = request();
  const auto another = kek();
  const Bytes answer =
      answer_with(*another, testing::connection(Role::server), message, server.identity.spki());
  expect_refused(client.take(authenticator(message, answer)), Code::possession_unproven, false);
}

TEST_F(Passport, AnswersForSomethingElse) {
  start(key->public_key(), {key});
  const auto here = testing::connection(Role::server);
  const auto there = testing::connection(Role::server, Hash::sha256, "another secret");
  const Spki tik = server.identity.spki(), other_tik = fake::identity("another server").spki();
  struct Case {
    const char* what;
    std::function<Bytes(const Bytes&)> answer;
  };
  const Bytes earlier = request();
  const Case cases[] = {
      {"another connection", [&](const Bytes& m) { return answer_with(*key, there, m, tik); }},
      {"another TIK", [&](const Bytes& m) { return answer_with(*key, here, m, other_tik); }},
      {"another role",
       [&](const Bytes& m) {
         auto as_client = here;
         as_client.role = Role::client;
         return answer_with(*key, as_client, m, tik);
       }},
      {"an earlier request", [&](const Bytes&) { return answer_with(*key, here, earlier, tik); }},
  };
  for (const auto& c : cases) {
    const Bytes message = request();
    SCOPED_TRACE(c.what);
    expect_refused(client.take(authenticator(message, c.answer(message))), Code::possession_unproven, false);
    // The honest twin.
    const Bytes again = request();
    EXPECT_NE(attested(client.take(authenticator(again, answer_with(*key, here, again, tik)))), nullptr);
  }
}

TEST_F(Passport, AnswerThatCannotBeRead) {
  start(key->public_key(), {key});
  for (const Bytes& answer : {Bytes{}, Bytes{32}, Bytes(33, 31), Bytes(32, 0x20)}) {
    const Bytes message = request();
    expect_refused(client.take(authenticator(message, answer)), Code::possession_unproven, false);
  }
}

TEST_F(Passport, AnswerThatNobodyAskedFor) {
  start(std::nullopt, {key});
  const Bytes message = request();
  const auto request = exported::accept_request(Role::client, message).value();
  // Extensions that the request does not hold cannot even be prepared; the bytes are put together by hand.
  auto chain = testing::chain_of(server.identity);
  chain.front().extensions.push_back({post::expat_03().interactive_passport, Bytes(33, 32)});
  exported::RequestOptions options{.context = request.context()};
  options.extensions = {{post::expat_03().interactive_passport, {}}};
  const auto with_it = exported::make_request(Role::client, options).value();
  const auto own = testing::connection(Role::server);
  const auto prepared =
      exported::prepare_authenticator(own, with_it, chain, exported::SignatureScheme::ecdsa_secp256r1_sha256)
          .value();
  const auto made = prepared.finish(testing::sign(server.signing_key(), prepared).value()).value();
  expect_refused(client.take(made), Code::unsolicited_extension, true);
}

// ---- what a prover does not answer ---------------------------------------------------------------

struct Prover : Passport {
  Bytes challenge(const Bytes& body) {
    exported::RequestOptions options{.context = crypto::random_bytes(32)};
    options.extensions = {{post::expat_03().cmw_attestation, {}},
                          {post::expat_03().interactive_passport, body}};
    return bytes(exported::make_request(Role::client, options)->encoded());
  }
};

TEST_F(Prover, ChallengeForAKeyThatIsNotHeldIsDeclined) {
  start(kek()->public_key(), {key});
  expect_refused(round(), Code::attestation_required, false);
  ASSERT_TRUE(server.declined.has_value());
  EXPECT_EQ(server.declined->code, Code::attester_unavailable);
}

TEST_F(Prover, ChallengesThatCannotBeReadEndTheConnection) {
  const Bytes id = crypto::digest(Hash::sha256, key->public_key().der());
  const auto with = [&](std::initializer_list<std::uint8_t> more) {
    Bytes body = id;
    body.insert(body.end(), more);
    return body;
  };
  struct Case {
    Bytes body;
    Code code;
  };
  for (const auto& c :
       {Case{{}, Code::truncated}, Case{id, Code::truncated}, Case{with({0, 0}), Code::length_out_of_range},
        Case{with({0, 1, 4, 0}), Code::trailing_data}, Case{with({0, 1, 4}), Code::unknown_value}}) {
    start(key->public_key(), {key});
    expect_refused(server.drive(server.endpoint->on(post::event::RequestReceived{challenge(c.body)})), c.code,
                   true);
  }
}

// Without a keK it is one of the many extensions that are not known.
TEST_F(Prover, WithoutAKeyTheChallengeIsIgnored) {
  start(key->public_key(), {});
  const Bytes answer = server.answer(challenge(Bytes(3, 0)));
  EXPECT_FALSE(answer.empty());
  EXPECT_FALSE(server.declined.has_value());
  expect_refused(round(), Code::possession_unproven, false);
}

}  // namespace
}  // namespace seatls
