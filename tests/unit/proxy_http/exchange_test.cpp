// Requests and responses on their way: what is sent on, in which order, and how a connection ends.
#include <random>

#include "kit.h"

namespace seatls::proxy::testing {
namespace {

TEST(Exchange, NothingGoesOnBeforeTheFirstVerdict) {
  World world(open_rules(), false);
  world.send(get("/a"));
  EXPECT_EQ(world.upstream, "");
  EXPECT_EQ(world.peer, "");
  world.filter->verdict(attested_verdict());
  world.turn();
  EXPECT_EQ(world.requests().size(), 1U);
  EXPECT_EQ(world.replies().size(), 1U);
}

TEST(Exchange, ARequestIsWrittenAnew) {
  World world;
  world.send(post("/a/b?c=d", "hello", "X-A:  b \r\nCookie: c=d\r\nKeep-Alive: 5\r\nTE: trailers\r\n"));
  const auto requests = world.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].start, "POST /a/b?c=d HTTP/1.1");
  EXPECT_EQ(requests[0].field("HOST"), "a.example");
  EXPECT_EQ(requests[0].field("X_A"), "b");
  EXPECT_EQ(requests[0].field("COOKIE"), "c=d");
  EXPECT_EQ(requests[0].field("CONTENT_LENGTH"), "5");
  EXPECT_EQ(requests[0].field("VIA"), "1.1 seatls");
  EXPECT_EQ(requests[0].body, "hello");
  for (const auto* gone : {"KEEP_ALIVE", "TE", "CONNECTION", "UPGRADE"})
    EXPECT_TRUE(requests[0].all(gone).empty()) << gone;
  EXPECT_FALSE(world.peer_ended || world.upstream_ended);
}

TEST(Exchange, OneRequestAtATimeInOrder) {
  World world;
  world.answers = false;
  world.send(get("/1") + post("/2", "body") + get("/3"));
  EXPECT_EQ(world.requests().size(), 1U);
  world.upstream_sends(ok_response);
  EXPECT_EQ(world.requests().size(), 2U);
  world.upstream_sends(ok_response);
  world.upstream_sends(ok_response);
  const auto requests = world.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[1].word(1), "/2");
  EXPECT_EQ(requests[2].word(1), "/3");
  EXPECT_EQ(world.replies().size(), 3U);
}

TEST(Exchange, BodiesPassAsTheyCome) {
  World world;
  world.answers = false;
  world.send("POST /a HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
  EXPECT_TRUE(world.upstream.ends_with("5\r\nhel"));
  world.send("lo\r\n3;x=y\r\nyou\r\n0\r\nX-T: v\r\n\r\n");
  EXPECT_TRUE(world.upstream.ends_with("5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n"));
  world.upstream_sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab");
  EXPECT_TRUE(world.peer.ends_with("4\r\nab"));
  world.upstream_sends("cd\r\n0\r\nSeatls-Verdict: affirming\r\n\r\n");
  const auto replies = world.replies();
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].body, "abcd");
  EXPECT_EQ(world.peer.find("Seatls"), std::string::npos);
}

TEST(Exchange, WhatWaitsIsBounded) {
  World world;
  world.answers = false;
  world.piece = 0;
  const std::string body(1 << 20, 'x');
  world.filter->peer_sent(view("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n")).value();
  std::size_t sent = 0;
  for (; sent < body.size() && world.filter->wants_peer(); sent += 16'384)
    world.filter->peer_sent(view(body).subspan(sent, 16'384)).value();
  EXPECT_LT(sent, 300'000U);
  world.piece = 1 << 20;
  while (sent < body.size()) {
    world.turn();
    ASSERT_TRUE(world.filter->wants_peer());
    world.send(std::string_view(body).substr(sent, 16'384));
    sent += 16'384;
  }
  EXPECT_EQ(world.requests()[0].body.size(), body.size());

  // And the other way.
  world.filter->upstream_sent(view("HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n")).value();
  for (sent = 0; sent < body.size() && world.filter->wants_upstream(); sent += 16'384)
    world.filter->upstream_sent(view(body).subspan(sent, 16'384)).value();
  EXPECT_LT(sent, 300'000U);
}

TEST(Exchange, ManySmallRequestsDoNotPileUpResponses) {
  World world;
  world.answers = false;
  std::string many;
  for (int i = 0; i < 2000; ++i) many += get("/closed/" + std::to_string(i));
  world.filter->peer_sent(view(many)).value();
  EXPECT_LT(world.filter->for_peer().size(), 100'000U);
  world.turn();
  EXPECT_EQ(world.replies().size(), 2000U);
}

TEST(Exchange, HeadAndEmptyResponses) {
  World world;
  world.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n",
                     "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"};
  world.send("HEAD /a HTTP/1.1\r\nHost: a.example\r\n\r\n");
  EXPECT_NE(world.peer.find("Content-Length: 50\r\n"), std::string::npos);
  world.send(get("/b") + get("/c") + get("/d"));
  EXPECT_EQ(world.requests().size(), 4U);
  EXPECT_FALSE(world.error);
  EXPECT_TRUE(world.peer.ends_with("ok"));
}

TEST(Exchange, InformationalResponsesPass) {
  World world;
  world.answers = false;
  world.send("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(world.requests()[0].field("EXPECT"), "100-continue");
  world.upstream_sends("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(world.peer, "HTTP/1.1 100 Continue\r\n\r\n");
  world.send("hello");
  world.upstream_sends("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + std::string(ok_response));
  EXPECT_EQ(world.replies().size(), 3U);
  EXPECT_FALSE(world.peer_ended);
}

// A client that was refused before its body may or may not send it: the next request could be taken for it.
TEST(Exchange, ARefusalInsteadOf100ContinueEndsTheConnection) {
  World world;
  world.answers = false;
  world.send("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  world.upstream_sends("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(world.replies()[0].field("CONNECTION"), "close");
  EXPECT_TRUE(world.peer_ended);

  World other;
  other.send("POST /closed HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(other.replies()[0].word(1), "403");
  EXPECT_TRUE(other.peer_ended);
}

TEST(Exchange, AnEarlyResponseLeavesTheRequestToItsEnd) {
  World world;
  world.answers = false;
  world.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  world.upstream_sends("HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(world.peer_ended);
  world.send("world" + get("/b"));
  const auto requests = world.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].body, "helloworld");
}

TEST(Exchange, EitherEndMayEndIt) {
  World asked;
  asked.send(get("/a", "Connection: close\r\n") + get("/b"));
  EXPECT_EQ(asked.requests().size(), 1U);
  EXPECT_EQ(asked.requests()[0].field("CONNECTION"), "close");
  EXPECT_TRUE(asked.peer_ended && asked.upstream_ended);

  World told;
  told.responses = {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"};
  told.send(get("/a") + get("/b"));
  EXPECT_EQ(told.requests().size(), 1U);
  EXPECT_EQ(told.replies()[0].field("CONNECTION"), "close");
  EXPECT_TRUE(told.peer_ended);

  World until_end;
  until_end.responses = {"HTTP/1.1 200 OK\r\n\r\nhello"};
  until_end.send(get("/a"));
  EXPECT_FALSE(until_end.peer_ended);
  until_end.upstream_sends(" you");
  until_end.filter->upstream_ended();
  until_end.turn();
  EXPECT_EQ(until_end.replies()[0].body, "hello you");
  EXPECT_TRUE(until_end.peer_ended);

  World half;
  half.answers = false;
  half.send(get("/a"));
  half.end();
  EXPECT_FALSE(half.peer_ended || half.upstream_ended);
  half.upstream_sends(ok_response);
  EXPECT_EQ(half.replies().size(), 1U);
  EXPECT_TRUE(half.peer_ended && half.upstream_ended);
}

TEST(Exchange, WindingUpLeavesNothingHalfDone) {
  World idle;
  idle.send(get("/a"));
  idle.filter->wind_up();
  idle.turn();
  EXPECT_TRUE(idle.peer_ended);

  World busy;
  busy.answers = false;
  busy.send(get("/a") + get("/b"));
  busy.filter->wind_up();
  busy.turn();
  EXPECT_FALSE(busy.peer_ended);
  busy.upstream_sends(ok_response);
  ASSERT_EQ(busy.replies().size(), 1U);
  EXPECT_EQ(busy.replies()[0].field("CONNECTION"), "close");
  EXPECT_TRUE(busy.peer_ended);
}

TEST(Exchange, AClientOfHttp10GetsNoChunks) {
  World world;
  world.responses = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"};
  world.send("GET /a HTTP/1.0\r\nHost: a.example\r\n\r\n");
  EXPECT_EQ(world.requests()[0].start, "GET /a HTTP/1.1");
  ASSERT_EQ(world.replies().size(), 1U);
  EXPECT_EQ(world.replies()[0].body, "hello");
  EXPECT_TRUE(world.replies()[0].all("TRANSFER_ENCODING").empty());
  EXPECT_TRUE(world.peer_ended);
}

struct Gateway {
  const char* name;
  std::string response;
};
class BadResponse : public ::testing::TestWithParam<Gateway> {};

TEST_P(BadResponse, IsABadGateway) {
  World world;
  world.responses = {GetParam().response};
  world.send(get("/a"));
  world.filter->upstream_ended();
  world.turn();
  ASSERT_EQ(world.replies().size(), 1U) << world.peer;
  EXPECT_EQ(world.replies()[0].word(1), "502");
  EXPECT_EQ(world.replies()[0].field("CONTENT_TYPE"), "application/problem+json");
  EXPECT_TRUE(world.peer_ended && world.upstream_ended);
}
INSTANTIATE_TEST_SUITE_P(
    All, BadResponse,
    ::testing::Values(
        Gateway{"none", ""}, Gateway{"half", "HTTP/1.1 200 O"}, Gateway{"no_http", "hello\r\n\r\n"},
        Gateway{"both", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"},
        Gateway{"two_lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"},
        Gateway{"fold", "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok"},
        Gateway{"old_chunks", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        Gateway{"status", "HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n"},
        Gateway{"unasked_protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"}),
    [](const auto& row) { return row.param.name; });

TEST(Exchange, AnUpstreamThatFailsIsTold) {
  World gone;
  gone.filter->upstream_failed({Code::network, "refused", ""});
  gone.send(get("/a"));
  EXPECT_EQ(gone.replies()[0].word(1), "502");
  EXPECT_TRUE(gone.peer_ended);

  World late;
  late.answers = false;
  late.send(get("/a"));
  late.filter->upstream_failed({Code::timed_out, "30 s", ""});
  late.turn();
  EXPECT_EQ(late.replies()[0].word(1), "504");

  World half;
  half.responses = {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"};
  half.send(get("/a"));
  half.filter->upstream_ended();
  half.turn();
  EXPECT_FALSE(half.replies()[0].whole);
  EXPECT_EQ(half.replies().size(), 1U);
  EXPECT_TRUE(half.filter->broken());

  // The end of what has no length but its end must not look whole.
  World broken;
  broken.responses = {"HTTP/1.1 200 OK\r\n\r\nhello"};
  broken.send(get("/a"));
  broken.filter->upstream_failed({Code::network, "reset", ""});
  EXPECT_TRUE(broken.filter->broken());
}

TEST(Exchange, AResponseThatNobodyAskedForEndsTheConnection) {
  World early;
  early.answers = false;
  early.upstream_sends(ok_response);
  EXPECT_TRUE(early.peer_ended && early.upstream_ended);
  EXPECT_EQ(early.peer, "");

  World twice;
  twice.responses = {std::string(ok_response) + std::string(ok_response)};
  twice.send(get("/a"));
  twice.send(get("/b"));
  EXPECT_TRUE(twice.peer_ended && twice.upstream_ended);
  EXPECT_EQ(twice.replies().size(), 1U);
  EXPECT_EQ(twice.requests().size(), 1U);
}

TEST(Exchange, AWebSocketIsCopied) {
  World world;
  world.answers = false;
  world.send(get("/ws", "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: x\r\n") +
             "early");
  ASSERT_EQ(world.requests().size(), 1U);
  EXPECT_EQ(world.requests()[0].field("UPGRADE"), "websocket");
  EXPECT_EQ(world.requests()[0].field("CONNECTION"), "Upgrade");
  world.upstream.clear();
  world.upstream_sends(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello");
  EXPECT_TRUE(world.peer.ends_with("\r\n\r\nhello"));
  EXPECT_EQ(world.upstream, "early");
  world.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(world.upstream, "earlyGET / HTTP/1.1\r\n\r\n");
  world.end();
  EXPECT_TRUE(world.upstream_ended);
  EXPECT_FALSE(world.peer_ended);
  world.upstream_sends("bye");
  world.filter->upstream_ended();
  world.turn();
  EXPECT_TRUE(world.peer.ends_with("hellobye"));
  EXPECT_TRUE(world.peer_ended);
}

TEST(Exchange, NoOtherProtocolIsAskedFor) {
  for (const auto* fields : {"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n",
                             "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n", "Upgrade: websocket\r\n",
                             "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n"}) {
    World world;
    world.send(get("/a", fields));
    ASSERT_EQ(world.requests().size(), 1U) << fields;
    for (const auto* gone : {"UPGRADE", "HTTP2_SETTINGS", "CONNECTION"})
      EXPECT_TRUE(world.requests()[0].all(gone).empty()) << fields;
  }
}

// What comes out is the same, however what goes in is cut.
std::pair<std::string, std::string> outcome(const std::string& input, std::size_t responses_piece,
                                            const std::function<std::size_t()>& size) {
  World world;
  world.piece = responses_piece;
  world.responses = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyou"};
  world.send_split(input, size);
  world.end();
  return {world.upstream, world.peer};
}

TEST(Exchange, EverySplitGivesTheSame) {
  const std::string inputs[] = {
      get("/a") + post("/b", "body") + post("/v1/transfer", "x") + get("/closed") + get("/c"),
      "\r\n" + post("/closed", "drained") + get("/a", "Seatls-Verdict: affirming\r\n"),
      "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n" +
          get("/b"),
      "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n" + get("/b"),
      get("/a") + "GET /b HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + get("/c")};
  std::mt19937 random(7);
  for (const auto& input : inputs) {
    const auto whole = outcome(input, 1 << 20, [&] { return input.size(); });
    for (std::size_t i = 1; i < input.size(); ++i) {
      bool first = true;
      EXPECT_EQ(outcome(input, 1 << 20, [&] { return std::exchange(first, false) ? i : input.size(); }),
                whole)
          << i;
    }
    EXPECT_EQ(outcome(input, 1, [] { return 1; }), whole);
    for (int i = 0; i < 50; ++i)
      EXPECT_EQ(outcome(input, 1 + random() % 9, [&] { return 1 + random() % 20; }), whole);
  }
}

}  // namespace
}  // namespace seatls::proxy::testing
