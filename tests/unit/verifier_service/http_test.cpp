// Requests before anybody answers them: targets, media types, and how often one client may ask.
#include "service/http.h"

#include <gtest/gtest.h>

#include "service/identifiers.h"
#include "service/rate_limit.h"

namespace seatls::service {
namespace {

TEST(HttpTarget, IsSplitAndDecoded) {
  const auto target = parse_target("/a%20b/c?x=1%2B2&y=&z").value();
  EXPECT_EQ(target.path, "/a b/c");
  EXPECT_EQ(target.query, (Fields{{"x", "1+2"}, {"y", ""}, {"z", ""}}));
}

TEST(HttpTarget, RefusesWhatIsNone) {
  for (const auto* text :
       {"", "a", "http://h/a", "*", "/%", "/%4", "/%zz", "/%00", "/%0a", "/%ff", "/a?%", "/a#b", "/\x01"})
    EXPECT_FALSE(parse_target(text)) << text;
}

TEST(HttpRequest, AParameterStandsOnce) {
  const Request request{"GET", "/", {{"a", "1"}, {"b", "2"}, {"b", "3"}}, {}, {}, ""};
  EXPECT_EQ(request.parameter("a").value(), "1");
  EXPECT_EQ(request.parameter("c").value(), std::nullopt);
  EXPECT_FALSE(request.parameter("b"));
}

TEST(HttpAccept, AdmitsWhatItNames) {
  const std::string session = "application/vnd.veraison.challenge-response-session+json";
  for (const auto& accept : {std::string(), std::string("*/*"), std::string("application/*"), session,
                             "text/html, " + session + ";q=0.5", std::string("text/html;q=1,*/*;q=0.1")})
    EXPECT_TRUE(accepts(accept, session)) << accept;
  for (const auto& accept :
       {std::string("text/html"), std::string("application/json"), session + ";q=0", std::string("nothing")})
    EXPECT_FALSE(accepts(accept, session)) << accept;
}

TEST(RateLimit, FillsAtASteadyRate) {
  RateLimit limit(2, 4);
  auto now = RateLimit::Clock::time_point(std::chrono::hours(1));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(limit.admit("a", now));
  EXPECT_FALSE(limit.admit("a", now));
  EXPECT_TRUE(limit.admit("b", now)) << "each has a bucket of its own";
  now += std::chrono::milliseconds(500);
  EXPECT_TRUE(limit.admit("a", now));
  EXPECT_FALSE(limit.admit("a", now));
  now += std::chrono::hours(1);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(limit.admit("a", now));
  EXPECT_FALSE(limit.admit("a", now)) << "no more than the burst is saved";
  RateLimit none(0, 0);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(none.admit("a", now));
}

TEST(RateLimit, RemembersSoManyClients) {
  RateLimit limit(1, 1, 2);
  auto now = RateLimit::Clock::time_point(std::chrono::hours(1));
  EXPECT_TRUE(limit.admit("a", now));
  EXPECT_TRUE(limit.admit("b", now));
  EXPECT_FALSE(limit.admit("c", now)) << "nobody is forgotten who still has to wait";
  now += std::chrono::seconds(1);
  EXPECT_TRUE(limit.admit("c", now));
}

TEST(RateLimit, CountsANetworkOfACustomerAsOne) {
  EXPECT_EQ(client_of("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(client_of("2001:db8:1:2::1"), client_of("2001:db8:1:2:ffff::9"));
  EXPECT_NE(client_of("2001:db8:1:2::1"), client_of("2001:db8:1:3::1"));
  EXPECT_NE(client_of("::ffff:192.0.2.1"), client_of("::ffff:192.0.2.2"));
}

TEST(Identifiers, AreWhatTheySay) {
  const auto id = make_uuid();
  EXPECT_TRUE(is_uuid(id)) << id;
  EXPECT_EQ(id[14], '4');
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
  EXPECT_NE(make_uuid(), id);
  for (const auto* text :
       {"", "1", "00000000-0000-0000-0000-00000000000", "00000000-0000-0000-0000-0000000000000",
        "00000000000000000000000000000000----", "00000000-0000-0000-0000-00000000000G"})
    EXPECT_FALSE(is_uuid(text)) << text;
  EXPECT_TRUE(is_policy_name("a-1_b"));
  for (const auto& text :
       {std::string(), std::string("A"), std::string("-a"), std::string("a b"), std::string(65, 'a')})
    EXPECT_FALSE(is_policy_name(text)) << text;
}

}  // namespace
}  // namespace seatls::service
