#include "config/proxy_routes.h"

#include "config/proxy.h"
#include "unit/config/fixture.h"

namespace seatls::config {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

const std::string require_hybrid =
    "attestation = \"required\"\ntiming = \"hybrid\"\non_failure = \"restrict\"\nreattest = \"5m\"\n";

std::string proxy_text(const std::string& routes, const std::string& keys = "") {
  return changed(server_text, "attestation = \"required\"\n", require_hybrid) +
         "\n[proxy]\n[[proxy.listener]]\nlisten = \"127.0.0.1:0\"\nto = \"127.0.0.1:8080\"\nmode = "
         "\"http\"\n" +
         keys + routes;
}
std::string route_text(const std::string& keys) { return "[[proxy.listener.route]]\n" + keys; }

struct ProxyRoutes : ConfigTest {
  [[nodiscard]] ProxyReport report(const std::string& text) const {
    files.write("proxy.toml", text);
    return check_proxy(files.path("proxy.toml"));
  }
  // mistake returns the only one, "KEY: WHAT: REMEDY".
  [[nodiscard]] std::string mistake(const std::string& text) const {
    const auto found = report(text);
    EXPECT_EQ(found.mistakes.size(), 1U);
    for (std::size_t i = 1; i < found.mistakes.size(); ++i) ADD_FAILURE() << found.mistakes[i].message();
    if (found.mistakes.empty()) return "none";
    const auto& m = found.mistakes.front();
    EXPECT_GT(m.line, 0U);
    EXPECT_FALSE(m.remedy.empty());
    return m.key + ": " + m.what;
  }
};

TEST_F(ProxyRoutes, AreReadInTheirOrder) {
  const auto found = report(proxy_text(
      route_text(
          "path = \"/v1/transfer\"\nmethods = [\"POST\"]\nmax_age = \"5s\"\nclaims = [\"a.b=c=d\"]\n") +
          route_text("path = \"/v1/*\"\nrestricted = true\n") + route_text("path = \"/*\"\ndeny = true\n"),
      "verdict_claims = [\"tpm2.*\"]\nverdict_key = \"ed25519.key\"\nforwarded = \"append\"\n"));
  for (const auto& m : found.mistakes) ADD_FAILURE() << m.message();
  ASSERT_TRUE(found.settings);
  const auto& listener = found.settings->listeners.at(0);
  ASSERT_TRUE(listener.http);
  const auto& rules = *listener.http;
  ASSERT_EQ(rules.routes.size(), 3U);
  EXPECT_EQ(rules.routes[0].path, "/v1/transfer");
  EXPECT_FALSE(rules.routes[0].below);
  EXPECT_EQ(rules.routes[0].max_age, 5s);
  EXPECT_EQ(rules.routes[0].claims, (reattest::Claims{{"a.b", "c=d"}}));
  EXPECT_EQ(rules.routes[0].text(), "POST /v1/transfer");
  EXPECT_EQ(rules.routes[1].path, "/v1");
  EXPECT_TRUE(rules.routes[1].below && rules.routes[1].restricted);
  EXPECT_EQ(rules.routes[2].path, "/");
  EXPECT_TRUE(rules.routes[2].below && rules.routes[2].deny);
  EXPECT_EQ(rules.routes[2].text(), "/*");
  EXPECT_FALSE(rules.forward_others);
  EXPECT_EQ(rules.forwarded, ForwardedHeaders::append);
  EXPECT_TRUE(rules.verdict_key);
  EXPECT_EQ(rules.verdict_issuer, "seatls");
}

TEST_F(ProxyRoutes, AreNotNeededToForwardEverything) {
  const auto found = report(proxy_text("", "otherwise = \"forward\"\n"));
  ASSERT_TRUE(found.settings);
  EXPECT_TRUE(found.settings->listeners.at(0).http->forward_others);
  EXPECT_THAT(mistake(proxy_text("")), HasSubstr("no request may pass"));
}

TEST_F(ProxyRoutes, ThatNoRequestReachesAreMistakes) {
  for (const auto* path : {"v1", "", "/v1?x", "/v1%20", "/v1;x", "/*/transfer", "/v1*", "/v1//a", "/v1/./a",
                           "/v1/..", "/v1/../*", "//", "*"})
    EXPECT_THAT(mistake(proxy_text(route_text("path = \"" + std::string(path) + "\"\n"))),
                ::testing::StartsWith("proxy.listener[0].route[0].path: "))
        << path;
  EXPECT_THAT(mistake(proxy_text(route_text("deny = true\n"))), HasSubstr("not said which requests"));
  EXPECT_THAT(mistake(proxy_text(route_text("path = \"/*\"\n") +
                                 route_text("path = \"/v1/transfer\"\nmax_age = \"5s\"\n"))),
              HasSubstr("route[1].path: no request gets here"));
  EXPECT_THAT(
      mistake(proxy_text(route_text("path = \"/a\"\n") + route_text("path = \"/a\"\nmethods = [\"GET\"]\n"))),
      HasSubstr("no request gets here"));
  for (const auto& [first, second] : {std::pair{"path = \"/a\"\nmethods = [\"GET\"]\n", "path = \"/a\"\n"},
                                      {"path = \"/a\"\n", "path = \"/a/*\"\n"},
                                      {"path = \"/a/*\"\n", "path = \"/ab\"\n"}})
    EXPECT_TRUE(report(proxy_text(route_text(first) + route_text(second))).settings) << first << second;
}

TEST_F(ProxyRoutes, WhatCannotBeDemandedIsAMistake) {
  const auto aged = route_text("path = \"/a\"\nmax_age = \"5s\"\n");
  const auto once = changed(changed(proxy_text(aged), "timing = \"hybrid\"", "timing = \"intra\""),
                            "reattest = \"5m\"\n", "");
  EXPECT_THAT(mistake(changed(once, "on_failure = \"restrict\"\n", "")), HasSubstr("max_age"));
  EXPECT_THAT(mistake(proxy_text(route_text("path = \"/a\"\nmax_age = \"5\"\n"))), HasSubstr("max_age"));
  EXPECT_THAT(mistake(proxy_text(route_text("path = \"/a\"\nclaims = [\"a\"]\n"))), HasSubstr("is no claim"));
  EXPECT_THAT(mistake(proxy_text(route_text("path = \"/a\"\nmethods = [\"get\"]\n"))),
              HasSubstr("is no method"));
  EXPECT_THAT(mistake(proxy_text(route_text("path = \"/a\"\nmethods = [\"TRACE\"]\n"))),
              HasSubstr("never passes"));
  EXPECT_THAT(mistake(proxy_text(route_text("path = \"/a\"\nmethods = []\n"))),
              HasSubstr("no method is left"));
  EXPECT_THAT(mistake(proxy_text(route_text("path = \"/a\"\ndeny = true\nmax_age = \"5s\"\n"))),
              HasSubstr("closed to everybody"));
  EXPECT_THAT(mistake(changed(proxy_text(route_text("path = \"/a\"\nrestricted = true\n")),
                              "on_failure = \"restrict\"", "on_failure = \"close\"")),
              HasSubstr("never restricted"));
  EXPECT_THAT(mistake(proxy_text(route_text("path = \"/a\"\npaht = \"/b\"\n"))), HasSubstr("no such key"));
}

TEST_F(ProxyRoutes, WhatIsToldIsChecked) {
  const auto a = route_text("path = \"/a\"\n");
  EXPECT_THAT(mistake(proxy_text(a, "verdict_key = \"nowhere.key\"\n")), HasSubstr("verdict_key"));
  EXPECT_THAT(mistake(proxy_text(a, "verdict_key = \"ca.pem\"\n")), HasSubstr("verdict_key"));
  EXPECT_THAT(mistake(proxy_text(a, "verdict_issuer = \"me\"\n")), HasSubstr("nothing is signed"));
  EXPECT_THAT(mistake(proxy_text(a, "verdict_claims = [\"a*\"]\n")), HasSubstr("names no claims"));
  EXPECT_THAT(mistake(proxy_text(a, "otherwise = \"allow\"\n")), HasSubstr("otherwise"));
}

TEST_F(ProxyRoutes, BelongToModeHttp) {
  EXPECT_THAT(
      mistake(changed(proxy_text("", "otherwise = \"forward\"\n"), "mode = \"http\"", "mode = \"tcp\"")),
      HasSubstr("only mode \"http\""));
}

}  // namespace
}  // namespace seatls::config
