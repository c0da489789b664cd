// What could be read in two ways is refused, and no byte of it reaches the upstream.
#include "kit.h"

namespace seatls::proxy::testing {
namespace {

struct Refused {
  const char* name;
  std::string request;
  unsigned status;
};
std::ostream& operator<<(std::ostream& out, const Refused& r) { return out << r.name; }

std::string with(std::string_view fields, std::string_view body = "") {
  return "POST /a HTTP/1.1\r\nHost: a.example\r\n" + std::string(fields) + "\r\n" + std::string(body);
}
std::string to(std::string_view target) { return get(target); }

class Smuggling : public ::testing::TestWithParam<Refused> {};

TEST_P(Smuggling, IsRefused) {
  World world;
  world.send(GetParam().request + get("/smuggled"));
  world.end();
  EXPECT_EQ(world.upstream, "");
  const auto replies = world.replies();
  ASSERT_EQ(replies.size(), 1U) << world.peer;
  EXPECT_EQ(replies[0].word(1), std::to_string(GetParam().status));
  EXPECT_EQ(replies[0].field("CONTENT_TYPE"), "application/problem+json");
  EXPECT_EQ(replies[0].field("CONNECTION"), "close");
  EXPECT_TRUE(replies[0].whole);
  EXPECT_TRUE(world.peer_ended);
  EXPECT_TRUE(world.upstream_ended);
  EXPECT_FALSE(world.error);
}

TEST_P(Smuggling, IsRefusedByteByByte) {
  World world;
  world.send_split(GetParam().request + get("/smuggled"), [] { return 1; });
  world.end();
  EXPECT_EQ(world.upstream, "");
  const auto replies = world.replies();
  ASSERT_EQ(replies.size(), 1U) << world.peer;
  EXPECT_EQ(replies[0].word(1), std::to_string(GetParam().status));
}

const std::string chunked = "Transfer-Encoding: chunked\r\n";

//= rfc9112#6.3
INSTANTIATE_TEST_SUITE_P(
    Framing, Smuggling,
    ::testing::Values(
        Refused{"both", with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        Refused{"both_turned", with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400},
        Refused{"two_lengths", with("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), 400},
        Refused{"twice_one_length", with("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400},
        Refused{"list_of_lengths", with("Content-Length: 5, 5\r\n", "hello"), 400},
        Refused{"length_with_sign", with("Content-Length: +5\r\n", "hello"), 400},
        Refused{"negative_length", with("Content-Length: -1\r\n"), 400},
        Refused{"length_in_hexadecimal", with("Content-Length: 0x5\r\n", "hello"), 400},
        Refused{"length_with_space", with("Content-Length: 5 5\r\n", "hello"), 400},
        Refused{"empty_length", with("Content-Length:\r\n"), 400},
        Refused{"enormous_length", with("Content-Length: 18446744073709551621\r\n", "hello"), 400},
        Refused{"underscore", with("Content_Length: 5\r\n", "hello"), 400},
        Refused{"underscore_coding", with("Transfer_Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        Refused{"dot_in_name", with("Transfer.Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        Refused{"other_coding", with("Transfer-Encoding: gzip\r\n"), 501},
        Refused{"two_codings", with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
        Refused{"chunked_is_not_last", with("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 501},
        Refused{"chunked_twice",
                with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        Refused{"identity_too",
                with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), 400},
        Refused{"quoted_coding", with("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 501},
        Refused{"vertical_tab",
                with("Transfer-Encoding: \x0b"
                     "chunked\r\n",
                     "0\r\n\r\n"),
                400},
        Refused{"old_version",
                "POST /a HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400}));

INSTANTIATE_TEST_SUITE_P(
    Lines, Smuggling,
    ::testing::Values(Refused{"fold", with("X-A: b\r\n c\r\n"), 400},
                      Refused{"fold_by_tab", with("X-A: b\r\n\tTransfer-Encoding: chunked\r\n"), 400},
                      Refused{"fold_of_first_field", "GET /a HTTP/1.1\r\n Host: a.example\r\n\r\n", 400},
                      Refused{"space_before_colon", with("Content-Length : 5\r\n", "hello"), 400},
                      Refused{"tab_before_colon", with("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n"), 400},
                      Refused{"no_colon", with("X-A\r\n"), 400}, Refused{"empty_name", with(": b\r\n"), 400},
                      Refused{"bare_line_feed", with("X-A: b\nTransfer-Encoding: chunked\r\n"), 400},
                      Refused{"bare_line_feeds", "GET /a HTTP/1.1\nHost: a.example\n\n", 400},
                      Refused{"bare_carriage_return", with("X-A: b\rTransfer-Encoding: chunked\r\n"), 400},
                      Refused{"nul", with(std::string("X-A: b\0c\r\n", 10)), 400},
                      Refused{"nul_in_name", with(std::string("X\0A: b\r\n", 8)), 400},
                      Refused{"control_character", with("X-A: \x01\r\n"), 400},
                      Refused{"too_many_spaces", "GET  /a HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                      Refused{"space_in_front", " GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                      Refused{"two_empty_lines", "\r\n\r\nGET /a HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                      Refused{"no_version", "GET /a\r\nHost: a.example\r\n\r\n", 400},
                      Refused{"version_2", "GET /a HTTP/2.0\r\nHost: a.example\r\n\r\n", 505},
                      Refused{"preface_of_http_2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
                      Refused{"version_1_2", "GET /a HTTP/1.2\r\nHost: a.example\r\n\r\n", 505},
                      Refused{"not_http", "SSH-2.0-OpenSSH_9.2p1\r\n\r\n", 400},
                      Refused{"large_head", with("X-A: " + std::string(40'000, 'a') + "\r\n"), 431},
                      Refused{"many_fields", with([] {
                                std::string out;
                                for (int i = 0; i < 200; ++i) out += "A: b\r\n";
                                return out;
                              }()),
                              431}));

//= rfc9112#3.2
INSTANTIATE_TEST_SUITE_P(
    Targets, Smuggling,
    ::testing::Values(
        Refused{"no_host", "GET /a HTTP/1.1\r\nX-A: b\r\n\r\n", 400},
        Refused{"two_hosts", "GET /a HTTP/1.1\r\nHost: a.example\r\nHost: a.example\r\n\r\n", 400},
        Refused{"two_hosts_one_odd",
                "GET /a HTTP/1.1\r\nHost: a.example\r\nHost_: b.example\r\nHOST: c\r\n\r\n", 400},
        Refused{"empty_host", "GET /a HTTP/1.1\r\nHost:\r\n\r\n", 400},
        Refused{"path_in_host", "GET /a HTTP/1.1\r\nHost: a.example/b\r\n\r\n", 400},
        Refused{"user_in_host", "GET /a HTTP/1.1\r\nHost: x@a.example\r\n\r\n", 400},
        Refused{"list_of_hosts", "GET /a HTTP/1.1\r\nHost: a.example, b.example\r\n\r\n", 400},
        Refused{"odd_port", "GET /a HTTP/1.1\r\nHost: a.example:80a\r\n\r\n", 400},
        Refused{"other_authority", "GET http://b.example/a HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
        Refused{"other_port", "GET http://a.example:81/a HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
        Refused{"other_scheme", to("ftp://a.example/a"), 400}, Refused{"no_slash", to("a"), 400},
        Refused{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
        Refused{"dot", to("/v1/./transfer"), 400}, Refused{"dots", to("/v1/x/../transfer"), 400},
        Refused{"dots_at_the_end", to("/v1/transfer/.."), 400},
        Refused{"double_slash", to("//v1/transfer"), 400},
        Refused{"double_slash_inside", to("/v1//transfer"), 400},
        Refused{"two_slashes_at_the_end", to("/v1/transfer//"), 400},
        Refused{"encoded_letter", to("/v1/%74ransfer"), 400},
        Refused{"encoded_dot", to("/v1/%2e/transfer"), 400},
        Refused{"encoded_slash", to("/v1%2ftransfer"), 400},
        Refused{"encoded_backslash", to("/v1%5ctransfer"), 400},
        Refused{"encoded_percent", to("/v1/%2574ransfer"), 400},
        Refused{"encoded_nul", to("/v1/transfer%00"), 400},
        Refused{"encoded_line_feed", to("/v1/transfer%0a"), 400},
        Refused{"encoded_question_mark", to("/v1/transfer%3fa"), 400},
        Refused{"encoded_semicolon", to("/v1/transfer%3ba"), 400},
        Refused{"overlong_slash", to("/v1%c0%aftransfer"), 400},
        Refused{"half_an_encoding", to("/v1/transfer%2"), 400},
        Refused{"no_hexadecimal", to("/v1/transfer%zz"), 400}, Refused{"backslash", to("/v1\\transfer"), 400},
        Refused{"parameter", to("/v1/transfer;a=b"), 400},
        Refused{"parameter_inside", to("/v1;a/transfer"), 400},
        Refused{"fragment", to("/v1/transfer#a"), 400},
        Refused{"fragment_in_query", to("/v1/transfer?a#b"), 400}, Refused{"bytes", to("/v1/\xc3\xa9"), 400},
        Refused{"connect", "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n", 501},
        Refused{"trace", "TRACE /a HTTP/1.1\r\nHost: a.example\r\n\r\n", 501},
        Refused{"small_trace", "trace /a HTTP/1.1\r\nHost: a.example\r\n\r\n", 501},
        Refused{"expectation", with("Expect: magic\r\n"), 417},
        Refused{"names_host", with("Connection: Host\r\n"), 400},
        Refused{"names_length", with("Connection: close, Content-Length\r\nContent-Length: 5\r\n", "hello"),
                400},
        Refused{"names_ours", with("Connection: Seatls-Verdict\r\n"), 400},
        Refused{"names_ours_by_underscore", with("Connection: keep-alive, seatls_verdict\r\n"), 400},
        Refused{"names_origin", with("Connection: X-Forwarded-For\r\n"), 400},
        Refused{"names_ours_for_proxies", with("Proxy-Connection: Seatls-Token\r\n"), 400}));

// The head of these is good: their body is not. What of it came first has gone on, and then the connection
// ends with the upstream waiting for the rest.
class BadBody : public ::testing::TestWithParam<Refused> {};

TEST_P(BadBody, EndsTheConnection) {
  for (const std::size_t size : {1U << 20U, 1U}) {
    World world;
    world.send_split(GetParam().request + get("/smuggled"), [=] { return size; });
    world.end();
    const auto requests = world.requests();
    ASSERT_EQ(requests.size(), 1U) << world.upstream;
    EXPECT_FALSE(requests[0].whole);
    const auto replies = world.replies();
    ASSERT_EQ(replies.size(), 1U) << world.peer;
    EXPECT_EQ(replies[0].word(1), std::to_string(GetParam().status));
    EXPECT_TRUE(world.peer_ended && world.upstream_ended);
  }
}

//= rfc9112#7.1
INSTANTIATE_TEST_SUITE_P(
    Chunks, BadBody,
    ::testing::Values(
        Refused{"no_size", with(chunked, "\r\nhello\r\n0\r\n\r\n"), 400},
        Refused{"size_with_0x", with(chunked, "0x5\r\nhello\r\n0\r\n\r\n"), 400},
        Refused{"negative_size", with(chunked, "-5\r\nhello\r\n0\r\n\r\n"), 400},
        Refused{"space_behind_size", with(chunked, "5 \r\nhello\r\n0\r\n\r\n"), 400},
        Refused{"space_before_size", with(chunked, " 5\r\nhello\r\n0\r\n\r\n"), 400},
        Refused{"enormous_size", with(chunked, "10000000000000005\r\nhello\r\n0\r\n\r\n"), 400},
        Refused{"bare_line_feed", with(chunked, "5\nhello\r\n0\r\n\r\n"), 400},
        Refused{"line_feed_in_extension", with(chunked, "5;a\nb\r\nhello\r\n0\r\n\r\n"), 400},
        Refused{"bare_carriage_return", with(chunked, "5\rX\nhello\r\n0\r\n\r\n"), 400},
        Refused{"no_line_behind_data", with(chunked, "5\r\nhelloX0\r\n\r\n"), 400},
        Refused{"line_feed_behind_data", with(chunked, "5\r\nhello\n0\r\n\r\n"), 400},
        Refused{"data_too_long", with(chunked, "5\r\nhello!\r\n0\r\n\r\n"), 400},
        Refused{"bad_trailer", with(chunked, "0\r\nX A: b\r\n\r\n"), 400},
        Refused{"trailer_with_length", with(chunked, "0\r\nContent-Length: 5\r\n\r\n"), 400},
        Refused{"trailer_with_coding", with(chunked, "0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
        Refused{"long_extension", with(chunked, "5;a=" + std::string(40'000, 'b') + "\r\nhello\r\n0\r\n\r\n"),
                431},
        Refused{"long_trailers", with(chunked, "0\r\nA: " + std::string(40'000, 'b') + "\r\n\r\n"), 431}));

// What is unusual, and has one meaning only.
TEST(Smuggling, LeavesWhatIsClearAlone) {
  for (const auto& request :
       {get("/a%20b?c=%2e%2e/;d"), get("/a/?"), get("/%c3%a9"), "\r\n" + get("/a"), get("http://a.example/a"),
        get("HTTP://A.example?a"), std::string("GET /a HTTP/1.1\r\nhost:a.example:8080\r\n\r\n"),
        std::string("GET /a HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"), get("/...", "X-A:\t b \t\r\n"),
        with(chunked, "5;a=\"b\";c\r\nhello\r\n00\r\nX-T: v\r\n\r\n"),
        with("transfer-encoding:Chunked\r\n", "5\r\nhello\r\n0\r\n\r\n")}) {
    World world;
    world.send(request);
    EXPECT_EQ(world.requests().size(), 1U) << request;
    ASSERT_EQ(world.replies().size(), 1U) << request;
    EXPECT_EQ(world.replies()[0].word(1), "200") << request << world.peer;
  }
}

}  // namespace
}  // namespace seatls::proxy::testing
