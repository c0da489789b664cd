// Routes: which rule a request falls under, and what attestation has to say before it goes on.
#include "codec/json.h"
#include "kit.h"

namespace seatls::proxy::testing {
namespace {

std::string status_of(const World& world, std::size_t n = 0) {
  const auto replies = world.replies();
  return n < replies.size() ? replies[n].word(1) : "none";
}

// member returns a text of the problem document that the peer was answered with.
std::string member(const World& world, std::string_view name) {
  const auto replies = world.replies();
  if (replies.empty()) return "no reply";
  const auto problem = codec::json::parse(replies.back().body);
  if (!problem || problem->find(name) == nullptr) return "none";
  return std::string(problem->find(name)->as_text().value());
}

TEST(Routes, ADemandHoldsTheRequestBack) {
  World world;
  world.decide = nullptr;
  world.send(post("/v1/transfer", "money"));
  EXPECT_EQ(world.upstream, "");
  const auto demand = world.filter->demand();
  ASSERT_TRUE(demand);
  EXPECT_EQ(demand->max_age, std::chrono::seconds(5));
  world.filter->decided({});
  world.turn();
  EXPECT_FALSE(world.filter->demand());
  ASSERT_EQ(world.requests().size(), 1U);
  EXPECT_EQ(world.requests()[0].body, "money");
}

TEST(Routes, ClaimsAreDemanded) {
  auto rules = open_rules();
  rules.routes[0].claims = {{"tpm2.pcr.7", "00ff"}};
  rules.routes[0].max_age.reset();
  World world(rules);
  world.decide = nullptr;
  world.send(get("/v1/transfer"));
  ASSERT_TRUE(world.filter->demand());
  EXPECT_FALSE(world.filter->demand()->max_age);
  EXPECT_EQ(world.filter->demand()->claims, rules.routes[0].claims);
}

TEST(Routes, ARefusalSaysWhyAndTheConnectionGoesOn) {
  World world;
  world.decide = [] {
    return Result<void>(Error{Code::reference_mismatch, "pcr 7 is 00ff, not 0011", "tpm2"});
  };
  world.send(post("/v1/transfer", "money") + get("/a"));
  EXPECT_EQ(world.demands, 1U);
  const auto requests = world.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].word(1), "/a");
  const auto replies = world.replies();
  ASSERT_EQ(replies.size(), 2U);
  EXPECT_EQ(replies[0].word(1), "403");
  EXPECT_EQ(replies[0].field("CONTENT_TYPE"), "application/problem+json");
  const auto problem = codec::json::parse(replies[0].body);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->find("code")->as_text().value(), "reference_mismatch");
  EXPECT_EQ(problem->find("route")->as_text().value(), "/v1/transfer");
  EXPECT_EQ(problem->find("status")->as_int().value(), 403);
  // The values that were compared are for the operator's eyes.
  EXPECT_EQ(replies[0].body.find("00ff"), std::string::npos);
  EXPECT_EQ(replies[1].word(1), "200");
}

TEST(Routes, ALargeBodyOfARefusedRequestEndsTheConnection) {
  World world;
  world.send("POST /closed HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_EQ(status_of(world), "403");
  EXPECT_TRUE(world.peer_ended);

  World chunks;
  chunks.send("POST /closed HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_FALSE(chunks.peer_ended);
  for (int i = 0; i < 100 && !chunks.peer_ended; ++i)
    chunks.send("400\r\n" + std::string(1024, 'x') + "\r\n");
  EXPECT_TRUE(chunks.peer_ended);
  EXPECT_EQ(chunks.upstream, "");
}

TEST(Routes, ADeniedRouteIsClosed) {
  World world;
  for (const auto* path : {"/closed", "/closed/", "/closed/a/b"}) world.send(get(path));
  EXPECT_EQ(world.upstream, "");
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(status_of(world, i), "403");
  EXPECT_EQ(member(world, "code"), "route_denied");
  EXPECT_EQ(member(world, "route"), "/closed/*");
}

TEST(Routes, WithoutOneARequestIsRefusedUnlessToldOtherwise) {
  config::HttpRules rules;
  rules.routes = {route("/a")};
  World world(rules);
  world.send(get("/b") + get("/a"));
  EXPECT_EQ(status_of(world, 0), "403");
  EXPECT_EQ(status_of(world, 1), "200");
  EXPECT_EQ(world.requests().size(), 1U);
}

// Evasions of the route /v1/transfer, where all else is forwarded. Those that are no clear path at all are
// among the cases of smuggling.
TEST(Routes, NoOtherSpellingEvadesARule) {
  for (const auto* path : {"/V1/transfer", "/v1/Transfer", "/v1/transfer/", "/V1/TRANSFER/"}) {
    World world;
    world.decide = [] { return Result<void>(Error{Code::timed_out, "", ""}); };
    world.send(get(path));
    EXPECT_EQ(world.upstream, "") << path;
    EXPECT_EQ(status_of(world), "403") << path;
    EXPECT_EQ(member(world, "code"), "route_ambiguous") << path;
  }
  for (const auto* path : {"/v1/transfer?x=/../y", "http://a.example/v1/transfer"}) {
    World world;
    world.decide = [] { return Result<void>(Error{Code::timed_out, "", ""}); };
    world.send(get(path));
    EXPECT_EQ(world.demands, 1U) << path;
    EXPECT_EQ(world.upstream, "") << path;
  }
  for (const auto* path : {"/v1/transfers", "/v1/transfer/1", "/v1", "/x/v1/transfer"}) {
    World world;
    world.send(get(path));
    EXPECT_EQ(world.demands, 0U) << path;
    EXPECT_EQ(status_of(world), "200") << path;
  }
}

TEST(Routes, EncodedNamesAreComparedDecoded) {
  auto rules = open_rules();
  rules.routes[0].path = "/@home/ü b";
  for (const auto* path : {"/@home/%C3%BC%20b", "/%40home/%c3%bc%20b"}) {
    World world(rules);
    world.send(get(path));
    EXPECT_EQ(world.demands, 1U) << path;
    EXPECT_EQ(world.requests()[0].word(1), path);
  }
}

TEST(Routes, MethodsChooseARoute) {
  auto rules = open_rules();
  rules.routes[0].methods = {"POST"};
  World get_it(rules);
  get_it.send(get("/v1/transfer"));
  EXPECT_EQ(get_it.demands, 0U);
  World post_it(rules);
  post_it.send(post("/v1/transfer", ""));
  EXPECT_EQ(post_it.demands, 1U);

  World small(rules);
  small.send("post /v1/transfer HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(small.upstream, "");
  EXPECT_EQ(status_of(small), "403");
  for (const auto* name : {"X-HTTP-Method-Override", "x_http_method", "X-Method-Override"}) {
    World overridden(rules);
    overridden.send(get("/v1/transfer", std::string(name) + ": POST\r\n"));
    EXPECT_EQ(overridden.upstream, "") << name;
    EXPECT_EQ(status_of(overridden), "400") << name;
  }

  rules.routes[0].methods = {"GET"};
  World head(rules);
  head.send("HEAD /v1/transfer HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(head.demands, 1U);
}

TEST(Routes, TheFirstThatFitsDecides) {
  auto rules = open_rules();
  rules.routes = {route("/a/b"), route("/a", true), route("/", true)};
  rules.routes[1].deny = true;
  rules.forward_others = false;
  World world(rules);
  world.send(get("/a/b") + get("/a/c") + get("/a") + get("/ab") + get("/"));
  for (const auto& [n, status] : {std::pair{0U, "200"}, {1U, "403"}, {2U, "403"}, {3U, "200"}, {4U, "200"}})
    EXPECT_EQ(status_of(world, n), status) << n;
}

TEST(Restricted, OnlyRoutesThatMayBeUsedThenAre) {
  World world;
  world.filter->verdict(restricted_verdict());
  world.send(get("/a") + get("/v1/transfer") + get("/status"));
  EXPECT_EQ(status_of(world, 0), "403");
  EXPECT_EQ(status_of(world, 1), "403");
  EXPECT_EQ(status_of(world, 2), "200");
  EXPECT_EQ(world.demands, 0U);
  const auto requests = world.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].field("SEATLS_VERDICT"), "none");
  EXPECT_EQ(requests[0].field("SEATLS_RESTRICTED"), "reference_mismatch");
  world.filter->verdict(attested_verdict());
  world.send(get("/a"));
  EXPECT_EQ(status_of(world, 3), "200");
}

TEST(Restricted, WhatIsUnderWayEnds) {
  World held;
  held.decide = nullptr;
  held.send(get("/v1/transfer"));
  held.filter->verdict(restricted_verdict());
  held.filter->decided({});
  held.turn();
  EXPECT_EQ(held.upstream, "");
  EXPECT_EQ(status_of(held), "403");

  World waiting;
  waiting.answers = false;
  waiting.send(get("/a"));
  waiting.filter->verdict(restricted_verdict());
  waiting.turn();
  EXPECT_EQ(status_of(waiting), "403");
  EXPECT_EQ(member(waiting, "code"), "restricted");
  EXPECT_TRUE(waiting.peer_ended && waiting.upstream_ended);

  World begun;
  begun.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"};
  begun.send(get("/a"));
  const auto so_far = begun.peer;
  begun.filter->verdict(restricted_verdict());
  begun.upstream_sends("world");
  EXPECT_EQ(begun.peer, so_far);
  EXPECT_TRUE(begun.error);

  World allowed;
  allowed.answers = false;
  allowed.send(get("/status"));
  allowed.filter->verdict(restricted_verdict());
  allowed.upstream_sends(ok_response);
  EXPECT_EQ(status_of(allowed), "200");

  World tunnel;
  tunnel.responses = {
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"};
  tunnel.send(get("/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  tunnel.answers = false;
  tunnel.filter->verdict(restricted_verdict());
  const auto before = tunnel.upstream;
  tunnel.send("secret");
  EXPECT_EQ(tunnel.upstream, before);
  EXPECT_TRUE(tunnel.error);
}

}  // namespace
}  // namespace seatls::proxy::testing
