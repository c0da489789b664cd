// TCP mode, and names of listeners.
#include "proxy/filter.h"

#include <gtest/gtest.h>

#include "proxy/buffer.h"
#include "proxy/plan.h"

namespace seatls::proxy {
namespace {

PeerVerdict verdict(bool restricted) { return {nullptr, nullptr, restricted, "{}"}; }

TEST(TcpFilter, NothingPassesBeforeTheFirstVerdict) {
  const auto filter = make_tcp_filter();
  ASSERT_TRUE(filter->peer_sent(view("x")).ok());
  EXPECT_TRUE(filter->for_upstream().empty());
  EXPECT_FALSE(filter->wants_peer() || filter->wants_upstream());
  filter->verdict(verdict(false));
  EXPECT_EQ(text(filter->for_upstream()), "x");
}

TEST(TcpFilter, CopiesBothWaysAndEndsBehindTheLastByte) {
  const auto filter = make_tcp_filter();
  filter->verdict(verdict(false));
  ASSERT_TRUE(filter->peer_sent(view("question")).ok());
  ASSERT_TRUE(filter->upstream_sent(view("answer")).ok());
  filter->peer_ended();
  EXPECT_FALSE(filter->end_upstream()) << "bytes are before it";
  filter->taken_by_upstream(3);
  EXPECT_EQ(text(filter->for_upstream()), "stion");
  filter->taken_by_upstream(5);
  EXPECT_TRUE(filter->end_upstream());
  EXPECT_FALSE(filter->end_peer());
  filter->upstream_ended();
  filter->taken_by_peer(6);
  EXPECT_TRUE(filter->end_peer());
}

TEST(TcpFilter, HoldsEverythingWhileThePeerIsRestricted) {
  const auto filter = make_tcp_filter();
  filter->verdict(verdict(false));
  ASSERT_TRUE(filter->peer_sent(view("a")).ok());
  ASSERT_TRUE(filter->upstream_sent(view("b")).ok());
  filter->peer_ended();
  filter->verdict(verdict(true));
  EXPECT_TRUE(filter->for_upstream().empty() && filter->for_peer().empty());
  EXPECT_FALSE(filter->wants_peer() || filter->wants_upstream());
  EXPECT_FALSE(filter->end_upstream() || filter->end_peer());
  filter->verdict(verdict(false));
  EXPECT_EQ(text(filter->for_upstream()), "a");
  EXPECT_EQ(text(filter->for_peer()), "b");
}

TEST(TcpFilter, WantsNoMoreThanItMayHold) {
  const auto filter = make_tcp_filter();
  filter->verdict(verdict(false));
  const Bytes much(64U << 10U, 1);
  ASSERT_TRUE(filter->peer_sent(much).ok());
  EXPECT_FALSE(filter->wants_peer());
  EXPECT_TRUE(filter->wants_upstream());
  filter->taken_by_upstream(1);
  EXPECT_TRUE(filter->wants_peer());
}

TEST(Buffer, TakesInAnyPieces) {
  Buffer buffer;
  std::string expected, got;
  for (int i = 0; i < 1000; ++i) {
    const auto part = std::string(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26));
    buffer.put(view(part));
    expected += part;
    const auto n = std::min<std::size_t>(buffer.size(), static_cast<std::size_t>(i % 5));
    got += text(buffer.view().first(n));
    buffer.take(n);
  }
  got += text(buffer.view());
  EXPECT_EQ(got, expected);
}

Route route_of(std::vector<std::string> names) {
  Route route;
  route.listener.sni = std::move(names);
  return route;
}

TEST(Site, AnExactNameGoesBeforeAPatternAndBothBeforeAny) {
  Site site;
  site.routes = {route_of({}), route_of({"*.example"}), route_of({"a.example", "b.test"})};
  const auto index = [&](const std::string& name) { return site.route_for(name) - site.routes.data(); };
  EXPECT_EQ(index("a.example"), 2);
  EXPECT_EQ(index("A.EXAMPLE."), 2);
  EXPECT_EQ(index("c.example"), 1);
  EXPECT_EQ(index("x.c.example"), 0) << "a star is one label";
  EXPECT_EQ(index("example"), 0);
  EXPECT_EQ(index(""), 0);
  site.routes.erase(site.routes.begin());
  EXPECT_EQ(site.route_for("other.test"), nullptr);
  EXPECT_EQ(site.route_for(""), nullptr);
}

TEST(Allowed, OnlyWhatIsListed) {
  const std::vector<config::Allowed> list{{"db.example", 5432}, {"*.svc.example", 0}, {"192.0.2.1", 80}};
  EXPECT_TRUE(config::allows(list, "DB.example", 5432));
  EXPECT_FALSE(config::allows(list, "db.example", 5433));
  EXPECT_TRUE(config::allows(list, "a.svc.example", 1));
  EXPECT_FALSE(config::allows(list, "a.b.svc.example", 1));
  EXPECT_FALSE(config::allows(list, "svc.example", 1));
  EXPECT_TRUE(config::allows(list, "192.0.2.1", 80));
  EXPECT_FALSE(config::allows(list, "192.0.2.10", 80));
}

}  // namespace
}  // namespace seatls::proxy
