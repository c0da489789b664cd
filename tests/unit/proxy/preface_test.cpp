// SOCKS5 and HTTP CONNECT, byte by byte.
#include "proxy/preface.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace seatls::proxy {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Said {
  std::optional<Target> target;
  std::optional<Error> error;
  Bytes replies;
};

// say gives the preface its bytes in pieces.
Said say(Preface& preface, const Bytes& all, std::size_t piece) {
  Said out;
  for (std::size_t at = 0; at < all.size() && !out.target && !out.error; at += piece) {
    auto taken = preface.take(ByteView(all).subspan(at, std::min(piece, all.size() - at)));
    const auto reply = preface.reply();
    out.replies.insert(out.replies.end(), reply.begin(), reply.end());
    if (!taken)
      out.error = taken.error();
    else
      out.target = *taken;
  }
  return out;
}

Bytes socks_request(std::uint8_t command, std::uint8_t type, std::string_view address) {
  Bytes out{5, 2, 0, 2, 5, command, 0, type};
  out.insert(out.end(), address.begin(), address.end());
  out.push_back(0x1f);
  out.push_back(0x90);
  return out;
}

TEST(Socks5, NamesAndAddressesAreTargets) {
  using namespace std::string_view_literals;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{4}, std::size_t{100}}) {
    for (const auto& [type, address, host] :
         {std::tuple{std::uint8_t{3}, "\x09localhost"sv, "localhost"},
          {std::uint8_t{1}, "\x7f\0\0\1"sv, "127.0.0.1"},
          {std::uint8_t{4}, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"sv, "2001:db8::1"}}) {
      const auto socks = make_socks5();
      const auto said = say(*socks, socks_request(1, type, address), piece);
      ASSERT_TRUE(said.target) << host;
      EXPECT_EQ(said.target->host, host);
      EXPECT_EQ(said.target->port, 8080);
      EXPECT_EQ(said.replies, (Bytes{5, 0}));
      EXPECT_TRUE(socks->rest().empty());
      EXPECT_EQ(socks->granted(), (Bytes{5, 0, 0, 1, 0, 0, 0, 0, 0, 0}));
    }
  }
}

TEST(Socks5, WhatComesBehindIsKept) {
  const auto socks = make_socks5();
  auto all = socks_request(1, 3, "\x09localhost");
  all.push_back('!');
  ASSERT_TRUE(say(*socks, all, all.size()).target);
  EXPECT_EQ(text(socks->rest()), "!");
}

TEST(Socks5, WhatItDoesNotDoIsRefusedInItsOwnWords) {
  const auto bind = say(*make_socks5(), socks_request(2, 3, "\x09localhost"), 100);
  ASSERT_TRUE(bind.error);
  EXPECT_EQ(bind.replies[3], 7);
  const auto type = say(*make_socks5(), socks_request(1, 9, "\x09localhost"), 100);
  EXPECT_EQ(type.replies[3], 8);
  const auto name = say(*make_socks5(),
                        socks_request(1, 3,
                                      "\x03"
                                      "a\nb"),
                        100);
  EXPECT_EQ(name.replies[3], 8);
  const auto password = say(*make_socks5(), {5, 1, 2}, 100);
  ASSERT_TRUE(password.error);
  EXPECT_EQ(password.replies, (Bytes{5, 0xff}));
  EXPECT_TRUE(say(*make_socks5(), {4, 1, 0, 80}, 100).error);
  const auto socks = make_socks5();
  EXPECT_EQ(socks->refused({Code::configuration, "", ""})[1], 2);
  EXPECT_EQ(socks->refused({Code::network, "", ""})[1], 4);
  EXPECT_EQ(socks->refused({Code::reference_mismatch, "", ""})[1], 1);
}

TEST(ConnectRequest, TheTargetOfTheRequestLineCounts) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
    const auto connect = make_connect();
    const auto said =
        say(*connect, bytes(view("CONNECT a.example:8443 HTTP/1.1\r\nHost: other\r\n\r\n")), piece);
    ASSERT_TRUE(said.target);
    EXPECT_EQ(said.target->host, "a.example");
    EXPECT_EQ(said.target->port, 8443);
    EXPECT_TRUE(said.replies.empty());
    EXPECT_THAT(text(connect->granted()), StartsWith("HTTP/1.1 200 "));
  }
  const auto v6 = make_connect();
  EXPECT_EQ(say(*v6, bytes(view("CONNECT [::1]:443 HTTP/1.1\r\n\r\nrest")), 1000).target->host, "::1");
  EXPECT_EQ(text(v6->rest()), "rest");
}

TEST(ConnectRequest, AnythingElseIsAnsweredAndRefused) {
  for (const auto& [request, status] : {std::pair{"GET / HTTP/1.1\r\n\r\n", "405"},
                                        {"CONNECT a.example HTTP/1.1\r\n\r\n", "400"},
                                        {"CONNECT a@b:1 HTTP/1.1\r\n\r\n", "400"},
                                        {"CONNECT :1 HTTP/1.1\r\n\r\n", "400"},
                                        {"CONNECT a:1\r\n\r\n", "400"},
                                        {"CONNECT a:99999 HTTP/1.1\r\n\r\n", "400"},
                                        {"\r\n\r\n", "400"}}) {
    const auto said = say(*make_connect(), bytes(view(request)), 1000);
    ASSERT_TRUE(said.error) << request;
    EXPECT_THAT(text(said.replies), StartsWith(std::string("HTTP/1.1 ") + status)) << request;
  }
  const auto long_head =
      say(*make_connect(), bytes(view("CONNECT a:1 HTTP/1.1\r\nX: " + std::string(9000, 'x'))), 1000);
  ASSERT_TRUE(long_head.error);
  EXPECT_THAT(text(long_head.replies), StartsWith("HTTP/1.1 431"));
  const auto connect = make_connect();
  EXPECT_THAT(text(connect->refused({Code::configuration, "secret", ""})), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(text(connect->refused({Code::timed_out, "", ""})), StartsWith("HTTP/1.1 504"));
  EXPECT_THAT(text(connect->refused({Code::reference_mismatch, "", ""})), HasSubstr("502 Bad Gateway"));
  EXPECT_EQ(text(connect->refused({Code::network, "secret", ""})).find("secret"), std::string::npos);
}

}  // namespace
}  // namespace seatls::proxy
