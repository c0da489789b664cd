// The server against clients that wish it ill: real sockets, on a loopback port of its own.
#include "service/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "service/operations.h"

namespace seatls::service {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Client is one connection that says what it is told to.
class Client {
 public:
  explicit Client(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
  }
  Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Client(const Client&) = delete;
  ~Client() {
    if (fd_ >= 0) ::close(fd_);
  }

  // say returns whether all of it was taken.
  bool say(std::string_view text) const {
    while (!text.empty()) {
      const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // hear returns what comes until `mark` is there, or the connection ends.
  std::string hear(std::string_view mark = "\r\n\r\n") {
    while (heard_.find(mark) == std::string::npos) {
      char some[4096];
      const auto got = ::recv(fd_, some, sizeof(some), 0);
      if (got <= 0) break;
      heard_.append(some, static_cast<std::size_t>(got));
    }
    const auto end = heard_.find(mark);
    auto out = heard_.substr(0, end == std::string::npos ? end : end + mark.size());
    heard_.erase(0, out.size());
    return out;
  }
  std::string hear_all() { return hear("\x01 never \x01"); }

 private:
  int fd_;
  std::string heard_;
};

class Serving : public ::testing::Test {
 protected:
  void start(ServerLimits limits = {}, std::function<void(Request, Api::Done)> handler = {}) {
    if (!handler)
      handler = [](const Request& request, const Api::Done& done) {
        done({200, "text/plain",
              request.method + " " + request.path + " " + std::to_string(request.body.size())},
             {});
      };
    server_ = Server::start({{"127.0.0.1:0", {}, std::move(handler), true}}, limits, {}, metrics_).value();
    address_ = server_->addresses().front();
    thread_ = std::thread([this] { server_->run(); });
  }
  void stop() {
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }
  ~Serving() override {
    if (server_) stop();
  }
  [[nodiscard]] Client client() const { return Client(address_); }

  std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
  std::unique_ptr<Server> server_;
  std::string address_;
  std::thread thread_;
};

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(Serving, RequestsAreAnsweredOneAfterTheOther) {
  start();
  auto c = client();
  for (int i = 0; i < 3; ++i) {
    c.say(get);
    const auto head = c.hear();
    EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(head, HasSubstr("X-Request-Id: "));
    EXPECT_EQ(c.hear("GET /a 0"), "GET /a 0");
  }
  c.say(std::string(get) + std::string(get));  // at once
  EXPECT_THAT(c.hear("GET /a 0") + c.hear("GET /a 0"), EndsWith("GET /a 0"));
}

TEST_F(Serving, BodiesComeInPiecesAndInChunks) {
  start();
  auto c = client();
  c.say("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234");
  c.say("56789");
  EXPECT_EQ(c.hear("POST /p 10").substr(0, 15), "HTTP/1.1 200 OK");
  c.say(
      "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
  EXPECT_THAT(c.hear("POST /p 7"), EndsWith("POST /p 7"));
  c.say("POST /p HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(c.hear(), "HTTP/1.1 100 Continue\r\n\r\n");
  c.say("ab");
  EXPECT_THAT(c.hear("POST /p 2"), EndsWith("POST /p 2"));
}

// Beast asserts when it is asked twice about the beginning of a last chunk.
TEST_F(Serving, AChunkedBodyMayComeByteByByte) {
  start();
  auto c = client();
  for (const char* chunks : {"0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n", "1\r\na\r\n0\r\nX: y\r\n\r\n"}) {
    c.say("POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const char* p = chunks; *p != '\0'; ++p) {
      c.say({p, 1});
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    EXPECT_THAT(c.hear(), HasSubstr("200 OK")) << chunks;
    EXPECT_THAT(c.hear("POST /p " + std::to_string(chunks[0] - '0')), HasSubstr("POST /p")) << chunks;
  }
}

TEST_F(Serving, WhatIsNoRequestIsRefused) {
  start();
  for (const auto* text :
       {"hello\r\n\r\n", "GET a HTTP/1.1\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "\x16\x03\x01\x02\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET /a HTTP/9.9\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    auto c = client();
    c.say(text);
    EXPECT_THAT(c.hear_all(), StartsWith("HTTP/1.1 400 ")) << text;
  }
}

TEST_F(Serving, BodiesOf100MegabytesAreRefusedAtOnce) {
  ServerLimits limits;
  limits.body = 1 << 20;
  start(limits);
  auto announced = client();
  announced.say("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n");
  EXPECT_THAT(announced.hear_all(), StartsWith("HTTP/1.1 413 "));
  auto chunked = client();
  chunked.say("POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int i = 0; i < 1600 && chunked.say(chunk); ++i) {
  }
  const auto said = chunked.hear_all();
  EXPECT_TRUE(said.empty() || said.starts_with("HTTP/1.1 413 ")) << said;  // a reset may overtake the answer
}

TEST_F(Serving, HeadersHaveALimit) {
  start();
  auto c = client();
  c.say("GET /a HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
  EXPECT_THAT(c.hear_all(), StartsWith("HTTP/1.1 431 "));
}

// Slowloris: a byte now and then gains no time. The limit counts from a request's first byte.
TEST_F(Serving, SlowRequestsEndAndHoldUpNobody) {
  ServerLimits limits;
  limits.request = 300ms;
  limits.idle = 60s;
  start(limits);
  std::vector<Client> slow;
  for (int i = 0; i < 50; ++i) {
    slow.push_back(client());
    slow.back().say("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n");
  }
  auto quick = client();
  quick.say(get);
  EXPECT_THAT(quick.hear("GET /a 0"), EndsWith("GET /a 0"));
  std::atomic<bool> over = false;
  std::thread drip([&] {
    while (!over) {
      for (const auto& c : slow) c.say("X");
      std::this_thread::sleep_for(20ms);
    }
  });
  for (auto& c : slow) EXPECT_EQ(c.hear_all(), "");
  over = true;
  drip.join();
  EXPECT_THAT(metrics_->text(),
              HasSubstr("seatls_verifier_refused_connections_total{reason=\"timeout\"} 50"));
}

TEST_F(Serving, ConnectionsOfOneClientHaveALimit) {
  ServerLimits limits;
  limits.connections_of_client = 3;
  start(limits);
  std::vector<Client> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(client());
    held.back().say(get);
    EXPECT_NE(held.back().hear(), "");
  }
  auto more = client();
  more.say(get);
  EXPECT_EQ(more.hear_all(), "");
  held.clear();
  for (int i = 0; i < 100; ++i) {  // until the server has seen that they are gone
    auto again = client();
    again.say(get);
    if (!again.hear().empty()) return;
    std::this_thread::sleep_for(10ms);
  }
  ADD_FAILURE() << "a place is never free again";
}

TEST_F(Serving, RequestsOfOneClientHaveALimit) {
  ServerLimits limits;
  limits.requests_per_second = 0.001;
  limits.burst = 2;
  start(limits);
  auto c = client();
  for (int i = 0; i < 2; ++i) {
    c.say(get);
    EXPECT_THAT(c.hear("GET /a 0"), StartsWith("HTTP/1.1 200 "));
  }
  c.say(get);
  const auto refused = c.hear();
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1\r\n"));
}

// What is beyond the limit is not looked at: no evidence is appraised, and no session looked for.
TEST_F(Serving, G06RequestsBeyondTheLimitReachNobody) {
  ServerLimits limits;
  limits.requests_per_second = 0.001;
  limits.burst = 2;
  std::atomic<int> handled = 0;
  start(limits, [&](const Request&, const Api::Done& done) {
    ++handled;
    done({200, "text/plain", "seen"}, {});
  });
  auto c = client();
  for (int i = 0; i < 6; ++i) {
    c.say("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_THAT(c.hear(i < 2 ? "seen" : "\"}"), StartsWith(i < 2 ? "HTTP/1.1 200 " : "HTTP/1.1 429 "));
  }
  EXPECT_EQ(handled, 2);
}

TEST_F(Serving, LateAnswersAreGivenUp) {
  ServerLimits limits;
  limits.answer = 100ms;
  std::vector<Api::Done> forgotten;
  std::mutex mutex;
  start(limits, [&](const Request&, Api::Done done) {
    const std::scoped_lock lock(mutex);
    forgotten.push_back(std::move(done));
  });
  auto c = client();
  c.say(get);
  EXPECT_THAT(c.hear(), StartsWith("HTTP/1.1 503 "));
  const std::scoped_lock lock(mutex);
  for (auto& done : forgotten) done({200, "text/plain", "late"}, {});  // nobody waits for it
}

TEST_F(Serving, StoppingLetsRequestsEnd) {
  std::mutex mutex;
  std::condition_variable begun;
  std::vector<Api::Done> waiting;
  start({}, [&](const Request&, Api::Done done) {
    const std::scoped_lock lock(mutex);
    waiting.push_back(std::move(done));
    begun.notify_all();
  });
  auto busy = client(), idle = client();
  busy.say(get);
  {
    std::unique_lock lock(mutex);
    begun.wait(lock, [&] { return !waiting.empty(); });
  }
  server_->stop();
  EXPECT_EQ(idle.hear_all(), "") << "nothing was asked on it";
  waiting.front()({200, "text/plain", "done"}, {});
  const auto said = busy.hear_all();
  EXPECT_THAT(said, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(said, HasSubstr("Connection: close"));
  EXPECT_THAT(said, EndsWith("done"));
  stop();
}

}  // namespace
}  // namespace seatls::service
