// Fetching over real connections: what a server can do to a client.
#include "net/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake/loop_server.h"

namespace seatls::net {
namespace {

using seatls::testing::LoopServer;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

const HttpLimits limits{.timeout = milliseconds(20'000), .largest = 1000};

Result<HttpResponse> get(const LoopServer& server, const HttpLimits& l = limits, const std::string& ca = "") {
  return make_http_client({.ca_pem = ca})->get(server.url("/x?y=1"), l);
}

TEST(Http, AnAnswerHasItsHeadersAndItsBody) {
  std::string request;
  const LoopServer server([&](const std::string& r) {
    request = r;
    return LoopServer::ok("body", "Tcb-Info-Issuer-Chain:  %2D%2D \r\nX: 1\r\n");
  });
  const auto response = get(server);
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->status, 200U);
  EXPECT_EQ(text(response->body), "body");
  EXPECT_THAT(response->header("tcb-info-issuer-chain"), HasSubstr("%2D%2D"));
  EXPECT_EQ(response->header("none"), "");
  EXPECT_TRUE(request.starts_with("GET /x?y=1 HTTP/")) << request;
}

TEST(Http, StatusesAndRedirectionsAreTheCallersToJudge) {
  const LoopServer no(
      [](const std::string&) { return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"; });
  EXPECT_EQ(get(no)->status, 404U);
  int asked = 0;
  const LoopServer elsewhere([&](const std::string&) {
    ++asked;
    return "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n";
  });
  const auto response = get(elsewhere);
  EXPECT_EQ(response->status, 302U);
  EXPECT_EQ(response->location, elsewhere.url("/other"));
  EXPECT_EQ(asked, 1) << "it is not followed";
}

TEST(Http, BodiesAndHeadersAreBounded) {
  const LoopServer exact([](const std::string&) { return LoopServer::ok(std::string(1000, 'x')); });
  EXPECT_TRUE(get(exact));
  const LoopServer large([](const std::string&) { return LoopServer::ok(std::string(1001, 'x')); });
  EXPECT_EQ(get(large).error().code, Code::limit_exceeded);
  const LoopServer endless([](const std::string&) {
    return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(200'000, 'x');
  });
  EXPECT_EQ(get(endless).error().code, Code::limit_exceeded);
  const LoopServer headers([](const std::string&) {
    std::string many;
    for (int i = 0; i < 100; ++i) many += "X" + std::to_string(i) + ": " + std::string(1000, 'x') + "\r\n";
    return LoopServer::ok("", many);
  });
  EXPECT_EQ(get(headers).error().code, Code::limit_exceeded);
}

TEST(Http, BrokenAnswersAreErrorsOfTheNetwork) {
  const LoopServer truncated([](const std::string&) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf";
  });
  EXPECT_EQ(get(truncated).error().code, Code::network);
  const LoopServer silent([](const std::string&) { return ""; });
  EXPECT_EQ(get(silent).error().code, Code::network);
  const LoopServer other([](const std::string&) { return "SSH-2.0-OpenSSH_9.2\r\n"; });
  EXPECT_EQ(get(other).error().code, Code::network);
  unsigned port = 0;
  {
    const LoopServer gone([](const std::string&) { return ""; });
    port = gone.port();
  }
  EXPECT_EQ(make_http_client({})->get("http://127.0.0.1:" + std::to_string(port) + "/", limits).error().code,
            Code::network);
}

TEST(Http, SlowServersAreLeft) {
  std::atomic<bool> over = false;
  const LoopServer slow([&](const std::string&) {
    while (!over) std::this_thread::sleep_for(milliseconds(5));
    return std::string();
  });
  const auto response = get(slow, {.timeout = milliseconds(100), .largest = 1000});
  EXPECT_EQ(response.error().code, Code::timed_out);
  EXPECT_THAT(response.error().detail, HasSubstr("100 ms"));
  over = true;
}

TEST(Http, AStopEndsIt) {
  std::atomic<bool> over = false, stop = false;
  const LoopServer slow([&](const std::string&) {
    stop = true;
    while (!over) std::this_thread::sleep_for(milliseconds(5));
    return std::string();
  });
  EXPECT_EQ(get(slow, {.timeout = milliseconds(20'000), .largest = 1000, .stop = &stop}).error().code,
            Code::network);
  over = true;
}

struct Identity {
  explicit Identity(const std::string& address) {
    const auto ca_key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
    const auto ca = crypto::make_self_signed({.common_name = "CA", .is_ca = true}, ca_key).value();
    const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
    crypto::CertificateSpec spec{.common_name = "server"};
    spec.ip_addresses = {address};
    ca_pem = crypto::to_pem(ca);
    tls.certificate_pem =
        crypto::to_pem(crypto::make_certificate(spec, key.public_key(), {ca, ca_key}).value());
    tls.key_pem = text(key.to_pem().value().reveal());
  }
  std::string ca_pem;
  LoopServer::Tls tls;
};

TEST(Http, ServersOfHttpsAreVerified) {
  const Identity own("127.0.0.1"), other("127.0.0.1"), elsewhere("127.0.0.2");
  const auto serve = [](const std::string&) { return LoopServer::ok("body"); };
  const LoopServer server(serve, &own.tls);
  const auto response = get(server, limits, own.ca_pem);
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(text(response->body), "body");
  EXPECT_EQ(get(server, limits, other.ca_pem).error().code, Code::network) << "another CA";
  EXPECT_EQ(get(server).error().code, Code::network) << "whom the system trusts";
  const LoopServer misnamed(serve, &elsewhere.tls);
  EXPECT_EQ(get(misnamed, limits, elsewhere.ca_pem).error().code, Code::network) << "another name";
}

}  // namespace
}  // namespace seatls::net
