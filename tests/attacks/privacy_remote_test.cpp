// A relying party that has a verifier asked, over real handshakes: P06 and P09, and what the verifier learns
// (row G03). The service is a function from requests to answers; nothing travels.
#include <gmock/gmock.h>

#include <gtest/gtest.h>
#include <poll.h>

#include <array>

#include "attacks/kit.h"
#include "attacks/tap.h"
#include "base/encoding.h"
#include "codec/cose.h"
#include "rats/eat.h"
#include "unit/remote/kit.h"

namespace seatls::attacks {
namespace {

using fake::TlsPair;
using fake::TlsSetup;
using remote::World;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kAccessDenied = 49;

struct Remote {
  [[nodiscard]] fake::TlsIdentity peer() const {
    return {world.peer.key, fake::certify(world.peer.key.public_key())};
  }
  // settle goes on with the handshake, and has the service answer what it is asked.
  void settle(TlsPair& pair) {
    const auto settled = [](const fake::TlsEnd& end) { return end.done() || end.error(); };
    for (int i = 0; i < 2000 && !(settled(*pair.client) && settled(*pair.server)); ++i) {
      pair.run();
      world.loop->turn();
      while (world.loop->waiting() > 0) {
        auto sent = world.loop->taken();
        asked.push_back(sent.request);
        sent.then(down ? Result<net::HttpResponse>(remote::network()) : world.service.answer(sent.request));
        world.loop->turn();
      }
      if (down) world.loop->turn(std::chrono::seconds(1));
      std::array<pollfd, 2> fds{
          {{pair.client->credential_fd(), POLLIN, 0}, {pair.server->credential_fd(), POLLIN, 0}}};
      ::poll(fds.data(), fds.size(), 2);
    }
  }
  // passport is a result about the peer's key, which it fetched on its own.
  std::shared_ptr<Attester> passport() {
    world.judge(world.peer.request());
    PassportHolderOptions options;
    options.verifier = "verifier.example";
    options.result = bytes(std::string_view(world.service.last().result));
    return make_passport_holder(std::move(options)).value();
  }
  // told is everything that left for the service, as one text.
  [[nodiscard]] std::string told() const {
    std::string all;
    for (const auto& request : asked) {
      all += request.method + " " + request.url + "\n";
      for (const auto& [name, value] : request.headers) all += name + ": " + value + "\n";
      all += std::string(text(ByteView(request.body))) + "\n";
    }
    return all;
  }

  World world{[](RemoteVerifierOptions& o) { o.schemes = {"software", "result"}; }};
  std::vector<net::HttpRequest> asked;
  bool down = false;
};

// ---- P06 -----------------------------------------------------------------------------------------

TEST(Property, P06BackgroundCheckByARemoteVerifier) {
  Remote r;
  {
    TlsPair pair(client(r.world.verifier), server(r.peer(), r.world.peer.attester));
    r.settle(pair);
    expect_attested(pair);
    const auto report = pair.client->report();
    const auto& result = report->peer->result();
    EXPECT_EQ(result->model, ConveyanceModel::background_check);
    EXPECT_EQ(result->freshness, Freshness::binder);
    EXPECT_EQ(result->binder, report->peer_binder);
    EXPECT_EQ(r.world.service.last().nonce, report->peer_binder) << "the session's nonce is the binder";
    EXPECT_EQ(r.asked.size(), 2U) << "a session, and the evidence";
  }
  const auto refused = [&](Code code) {
    TlsPair pair(client(r.world.verifier), server(r.peer(), r.world.peer.attester));
    r.settle(pair);
    expect_refused(pair, Role::client, code, kAccessDenied);
  };
  r.world.service.edit = [](rats::EarClaims& c) {
    c.submods[0].status = Tier::contraindicated;
    (*c.submods[0].vector)[TrustClaim::executables] = 97;
  };
  refused(Code::tier_not_accepted);
  r.world.service.edit = [](rats::EarClaims& c) {
    c.nonces = {bytes(view(base::to_base64url(Bytes(32, 8))))};
  };
  refused(Code::binder_mismatch);
  r.world.service.edit = {};
  r.down = true;  // no verdict is no yes
  refused(Code::verifier_unavailable);
}

TEST(Property, P06Passport) {
  Remote r;
  const auto holder = r.passport();
  {
    TlsPair pair(client(r.world.verifier), server(r.peer(), holder));
    r.settle(pair);
    expect_attested(pair);
    const auto report = pair.client->report();
    EXPECT_EQ(report->peer->result()->model, ConveyanceModel::passport);
    EXPECT_EQ(report->peer->result()->freshness, Freshness::lifetime);
  }
  const Machine thief;  // it has the passport, and not the key
  const auto shown =
      std::make_shared<Teller>(AttestationScheme{VerifierIdentity{"verifier.example"}}, [&](const auto&) {
        return Cmw(CmwRecord{ContentFormat{264}, bytes(std::string_view(r.world.service.last().result)),
                             cmw_indicator::attestation_results});
      });
  TlsPair pair(client(r.world.verifier), server(thief.identity, shown));
  r.settle(pair);
  expect_refused(pair, Role::client, Code::tik_mismatch, kAccessDenied);
  EXPECT_TRUE(r.asked.empty());
}

// ---- G03, P09: what the verifier learns ----------------------------------------------------------

TEST(AttackG03, G03TheVerifierIsToldBinderKeyAndEvidenceAlone) {
  Remote r;
  const Machine relying;  // it has a certificate and a name of its own
  auto calls = client(r.world.verifier);
  calls.identity = relying.identity;
  auto answers = server(r.peer(), r.world.peer.attester);
  answers.config->require.emplace();
  answers.config->require->attestation = Requirement::off;
  answers.config->require->identity = IdentityRule::pki;
  TlsPair pair(calls, answers);
  r.settle(pair);
  expect_attested(pair);
  ASSERT_EQ(r.asked.size(), 2U);
  const auto binder = pair.client->report()->peer_binder;
  const std::string api = "https://verifier.example:8443/challenge-response/v1/";
  EXPECT_EQ(r.asked[0].url, api + "newSession?nonce=" + base::to_base64url(binder) +
                                "&tik=" + base::to_base64url(r.world.peer.tik().der()));
  EXPECT_TRUE(r.asked[0].body.empty());
  EXPECT_EQ(r.asked[1].url, api + "session/1");
  EXPECT_EQ(r.asked[1].body, r.world.service.last().evidence);
  EXPECT_EQ(parse_cmw(r.asked[1].body)->record()->type, EvidenceType{ContentFormat{263}})
      << "and nothing around it";
  for (const auto& request : r.asked) {
    std::vector<std::string> names;
    for (const auto& [name, value] : request.headers) names.push_back(name);
    EXPECT_THAT(names, ::testing::UnorderedElementsAre("Accept", "Content-Type"));
  }
  const auto& own = relying.identity.key.public_key().spki();
  for (const std::string& name :
       {std::string("server.test"), std::string("client.test"), std::string("127.0.0.1"),
        std::string("seatls test"), base::to_base64url(own.der()), base::to_hex(own.der()),
        std::string(text(own.der()))})
    EXPECT_THAT(r.told(), Not(HasSubstr(name)));
}

TEST(AttackG03, G03AVerifierDoesNotLearnWhereItsPassportIsShown) {
  Remote r;
  const auto holder = r.passport();
  const auto sessions = r.world.service.sessions();
  for (int i = 0; i < 3; ++i) {
    TlsPair pair(client(r.world.verifier), server(r.peer(), holder));
    r.settle(pair);
    expect_attested(pair);
  }
  EXPECT_TRUE(r.asked.empty());
  EXPECT_EQ(r.world.service.sessions(), sessions);
}

TEST(Property, P09PeersEavesdroppersAndTheVerifierLearnNoMoreThanTheyNeed) {
  Remote r;
  Tap tap;
  auto calls = client(r.world.verifier), answers = server(r.peer(), r.world.peer.attester);
  tap.listen(Role::client, calls);
  tap.listen(Role::server, answers);
  TlsPair pair(calls, answers);
  r.settle(pair);
  expect_attested(pair);
  ASSERT_EQ(r.asked.size(), 2U);
  // The peer: which evidence is accepted, and not by whom it is judged, nor how.
  const std::string wire = tap.all();
  const auto evidence = parse_cmw(r.asked[1].body).value().record()->value;
  EXPECT_THAT(wire, Not(HasSubstr("verifier.example:8443")));
  // The eavesdropper: no evidence, no key, no binder.
  for (std::size_t i = 0; i + 16 <= evidence.size(); ++i)
    ASSERT_EQ(wire.find(text(ByteView(evidence).subspan(i, 16))), std::string::npos) << i;
  EXPECT_EQ(wire.find(text(r.world.peer.tik().der())), std::string::npos);
  EXPECT_EQ(wire.find(text(ByteView(pair.client->report()->peer_binder))), std::string::npos);
  // The verifier: whose evidence it is, and for whom it is not.
  EXPECT_THAT(r.told(), Not(HasSubstr("server.test")));
  // Nobody: which machine it was, unless that was asked for.
  auto message = codec::cose::parse_sign1(evidence).value();
  EXPECT_FALSE(rats::read_eat(message.payload)->ueid);
}

}  // namespace
}  // namespace seatls::attacks
