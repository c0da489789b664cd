// Both ends of the conversation: relying party and attester with the service that comes with seatls, but for
// the sockets.
#include "service/api.h"

#include "binder/passport_binder.h"
#include "remote/passport.h"
#include "seatls/verifiers.h"
#include "service/memory_store.h"
#include "unit/remote/kit.h"

namespace seatls::remote {
namespace {

// A policy refuses attesters that a debugger may reach.
void vouch_for_no_debugger(Peer& peer) {
  SoftwareAttesterOptions options;
  options.tiks.push_back(peer.key.to_pem().value());
  options.debug_disabled = true;
  options.swname = "peer";
  peer.attester = make_software_attester(std::move(options)).value();
}

class RealService : public testing::Test {
 protected:
  RealService() {
    Policy policy;
    policy.id = "service";
    policy.schemes = {"software"};
    policy.software.signed_by_tik = true;
    policy.software.swname = expect::Exactly<std::string>{"peer"};
    policy.danger.software_evidence = true;
    const auto store = service::open_memory_store({});
    const auto clock = base::system_clock();
    service::JudgeOptions judge;
    judge.policies = {policy};
    judge.local.evidence_cache = std::make_shared<EvidenceCache>();
    service::SignerOptions signer{.key = key, .issuer = "verifier.example", .build = "test"};
    api.emplace(
        service::Parts{.options = {},
                       .store = store,
                       .judge = std::make_shared<service::Judge>(std::move(judge), store),
                       .signer = service::ResultSigner::make(std::move(signer), store, clock()).value(),
                       .metrics = std::make_shared<service::Metrics>(),
                       .clock = clock});
  }

  net::HttpResponse answer(const net::HttpRequest& asked) {
    service::Request request;
    const auto target = service::parse_target(asked.url.substr(asked.url.find('/', 8))).value();
    request.method = asked.method;
    request.path = target.path;
    request.query = target.query;
    request.body = asked.body;
    for (auto [name, value] : asked.headers) {
      for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
      request.headers.emplace_back(name, value);
    }
    net::HttpResponse out;
    api->handle(std::move(request), [&](const service::Response& r, const auto&) {
      out.status = r.status;
      out.body = bytes(std::string_view(r.body));
      if (!r.type.empty()) out.headers.emplace_back("content-type", r.type);
      for (auto [name, value] : r.headers) {
        for (char& c : name)
          if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
        out.headers.emplace_back(name, value);
      }
    });
    return out;
  }
  void serve_all(fake::FakeLoop& loop) {
    while (loop.waiting() > 0) {
      auto sent = loop.taken();
      auto response = answer(sent.request);
      statuses.push_back(response.status);
      sent.then(std::move(response));
      loop.turn();
    }
  }

  crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  std::optional<service::Api> api;
  std::vector<unsigned> statuses;
};

TEST_F(RealService, BackgroundCheck) {
  World world([&](auto& o) { o.result.verifiers = {{"verifier.example", {key.public_key().spki()}}}; });
  vouch_for_no_debugger(world.peer);
  const auto got = world.ask(world.peer.request());
  serve_all(*world.loop);
  ASSERT_TRUE(*got && **got) << (*got ? (*got)->error().message() : "no answer");
  const AttestationResult& result = ***got;
  EXPECT_EQ(result.first_fatal(), nullptr) << result.first_fatal()->detail;
  // The service warns of software, as a verifier in this process does.
  EXPECT_EQ(result.tier(), Tier::warning);
  EXPECT_EQ(result->binder, Bytes(32, 7));
  EXPECT_EQ(result->key, KeyProvenance::none) << "software proves none";
  EXPECT_THAT(statuses, ::testing::ElementsAre(201U, 200U));

  // The nonce is spent.
  const auto again = world.ask(world.peer.request());
  serve_all(*world.loop);
  ASSERT_TRUE(*again);
  ASSERT_FALSE(**again);
  EXPECT_THAT((*again)->error().detail, ::testing::HasSubstr("status 409"));
}

TEST_F(RealService, WhatTheServiceRefusesIsRefused) {
  World world([&](auto& o) { o.result.verifiers = {{"verifier.example", {key.public_key().spki()}}}; });
  vouch_for_no_debugger(world.peer);
  auto request = world.peer.request();
  auto record = *request.credential.record();
  record.value.back() ^= 1;  // of the signature
  request.credential = Cmw(record);
  const auto got = world.ask(request);
  serve_all(*world.loop);
  ASSERT_TRUE(*got && **got);
  EXPECT_EQ((**got)->tier(), Tier::contraindicated);
}

TEST_F(RealService, Passport) {
  Peer peer;
  vouch_for_no_debugger(peer);
  auto made_loop = std::make_shared<fake::FakeLoop>();
  auto& loop = *made_loop;
  RenewingPassportOptions o;
  o.attester = peer.attester;
  o.tik = peer.tik();
  o.identity = "verifier.example";
  o.urls = {"https://verifier.example"};
  o.keys = {key.public_key().spki()};
  std::vector<std::string> troubles;
  o.on_trouble = [&](const Error& e) { troubles.push_back(e.message()); };
  const auto passport = make_passport(std::move(o), std::move(made_loop)).value();
  loop.turn();
  serve_all(loop);
  EXPECT_THAT(troubles, ::testing::IsEmpty());
  ASSERT_THAT(passport->schemes(),
              ::testing::ElementsAre(AttestationScheme{VerifierIdentity{"verifier.example"}}));

  Policy policy;
  policy.id = "passport";
  policy.schemes = {"result"};
  policy.result.verifiers = {{"verifier.example", {key.public_key().spki()}}};
  policy.result.max_age = std::chrono::hours(1);
  std::optional<Cmw> shown;
  passport->attest({passport->schemes().front(), peer.binder()}, [&](Result<Cmw> r) { shown = r.value(); });
  make_local_verifier(policy).value()->appraise(
      {passport->schemes().front(), *shown, peer.binder(), Bytes(32, 0)},
      [](const Result<AttestationResult>& r) {
        ASSERT_TRUE(r);
        EXPECT_EQ(r->tier(), Tier::warning);
        EXPECT_EQ(r->first_fatal(), nullptr);
      });
}

}  // namespace
}  // namespace seatls::remote
