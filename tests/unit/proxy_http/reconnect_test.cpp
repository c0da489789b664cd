// An upstream that ends the connection between two requests.
#include "kit.h"

namespace seatls::proxy::testing {
namespace {

TEST(Reconnect, AnUpstreamThatHasEnoughOfWaitingIsReachedAnew) {
  using Upstream = Filter::Upstream;
  for (const std::size_t before : {0U, 1U}) {
    World world;
    if (before == 1) world.send(get("/a"));
    EXPECT_EQ(world.filter->upstream(), Upstream::used);
    world.filter->upstream_ended();
    world.turn();
    EXPECT_FALSE(world.peer_ended);
    EXPECT_EQ(world.filter->upstream(), Upstream::spent);
    world.send(get("/b") + get("/c"));
    EXPECT_EQ(world.filter->upstream(), Upstream::wanted);
    EXPECT_EQ(world.requests().size(), before);
    world.filter->upstream_connected();
    world.turn();
    EXPECT_EQ(world.filter->upstream(), Upstream::used);
    EXPECT_EQ(world.requests().size(), before + 2);
    EXPECT_EQ(world.replies().size(), before + 2);
  }
  // A connection that breaks between two requests is one that ends; one that cannot be made is told of.
  World broken;
  broken.send(get("/a"));
  broken.filter->upstream_failed({Code::network, "reset", ""});
  broken.turn();
  EXPECT_EQ(broken.filter->upstream(), Upstream::spent);
  broken.send(get("/b"));
  EXPECT_EQ(broken.filter->upstream(), Upstream::wanted);
  broken.filter->upstream_failed({Code::timed_out, "", ""});
  broken.turn();
  ASSERT_EQ(broken.replies().size(), 2U);
  EXPECT_EQ(broken.replies()[1].word(1), "504");
  EXPECT_TRUE(broken.peer_ended);
}

TEST(Reconnect, WhatWasSentIsNotSentAgain) {
  World world;
  world.answers = false;
  world.send(get("/a"));
  world.filter->upstream_ended();
  world.turn();
  EXPECT_EQ(world.filter->upstream(), Filter::Upstream::used);
  ASSERT_EQ(world.replies().size(), 1U);
  EXPECT_EQ(world.replies()[0].word(1), "502");
}

TEST(Reconnect, AnUpstreamThatEndsAtOnceIsNotReachedForEver) {
  World world;
  world.filter->upstream_ended();
  world.answers = false;
  world.send("POST /v1/transfer HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n");
  ASSERT_EQ(world.filter->upstream(), Filter::Upstream::wanted);
  // The peer is asked once there is somebody to be told.
  EXPECT_FALSE(world.filter->demand());
  world.filter->upstream_connected();
  EXPECT_TRUE(world.filter->demand());
  world.filter->upstream_ended();
  world.filter->decided({});
  world.turn();
  ASSERT_EQ(world.replies().size(), 1U);
  EXPECT_EQ(world.replies()[0].word(1), "502");
}

TEST(Reconnect, WhoIsRestrictedMeanwhileIsRefused) {
  World world;
  world.filter->upstream_ended();
  world.send(get("/b"));
  world.filter->verdict(restricted_verdict());
  world.filter->upstream_connected();
  world.turn();
  EXPECT_EQ(world.upstream, "");
  ASSERT_EQ(world.replies().size(), 1U);
  EXPECT_EQ(world.replies()[0].word(1), "403");
}

}  // namespace
}  // namespace seatls::proxy::testing
