// seatls/1 over real TLS connections: the gate, verdicts, credit, re-attestation under way, and refusals.
#include "seatls/channel.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <functional>

#include "fake/attester.h"
#include "fake/tls_pair.h"
#include "fake/verifier.h"
#include "wire/frame.h"

namespace seatls {
namespace {

using namespace std::chrono_literals;
using openssl::Connection;
using reattest::Plan;
using reattest::Standing;
using wire::FrameType;

// One end: what it is, what it demands, and its channel.
struct End {
  explicit End(Role r) : role(r), identity(fake::certified()) {
    tee->tiks = {Spki(bytes(identity.certificate.spki().der()))};
    setup.identity = identity;
    setup.config.emplace();
    setup.config->role = role;
    setup.config->attester = attester;
    setup.before = fake::speak_seatls_1;
  }
  void require(const End& other) {
    verifier = std::make_shared<fake::FakeVerifier>();
    verifier->trusted = {other.tee->machine_key.public_key()};
    setup.config->require.emplace();
    setup.config->require->verifier = verifier;
  }
  Role role;
  fake::TlsIdentity identity;
  std::shared_ptr<fake::FakeTee> tee = std::make_shared<fake::FakeTee>();
  std::shared_ptr<fake::FakeAttester> attester = std::make_shared<fake::FakeAttester>(tee);
  std::shared_ptr<fake::FakeVerifier> verifier;
  fake::TlsSetup setup;
  fake::SslCtx ctx;
  std::optional<Connection> connection;
  std::optional<Channel> channel;
  std::optional<Error> error;
  ChannelOptions options;
};

struct ChannelTest : ::testing::Test {
  ChannelTest() { client.require(server); }
  ~ChannelTest() override {
    client.channel.reset();
    server.channel.reset();
    client.connection.reset();
    server.connection.reset();
    for (const int f : fd) ::close(f);
  }

  void connect() {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
    client.ctx = fake::make_context(Role::client, client.setup);
    server.ctx = fake::make_context(Role::server, server.setup);
    client.connection.emplace(Connection::create(client.ctx.get(), fd[0], "server.test").value());
    server.connection.emplace(Connection::create(server.ctx.get(), fd[1]).value());
    bool done = false;
    for (int i = 0; i < 20 && !done; ++i) {
      const auto c = client.connection->handshake();
      const auto s = server.connection->handshake();
      ASSERT_TRUE(c.ok()) << c.error().message();
      ASSERT_TRUE(s.ok()) << s.error().message();
      done = *c == Connection::Want::nothing && *s == Connection::Want::nothing;
    }
    ASSERT_TRUE(done);
  }
  void open(End& end) {
    auto made = Channel::create(std::move(*end.connection), end.options, now);
    ASSERT_TRUE(made.ok()) << made.error().message();
    end.connection.reset();
    end.channel.emplace(std::move(made).value());
  }
  void start() {
    connect();
    open(client);
    open(server);
  }
  void step(End& end) {
    if (!end.channel || end.error) return;
    if (auto stepped = end.channel->step(now); !stepped) end.error = std::move(stepped).error();
  }
  // run steps both ends until `done`, or nothing happens for a long time.
  bool run(const std::function<bool()>& done) {
    for (int i = 0; i < 4000; ++i) {
      step(client);
      step(server);
      if (done()) return true;
      std::vector<pollfd> fds;
      for (End* end : {&client, &server})
        if (end->channel) fds.push_back({end->channel->wants().event_fd, POLLIN, 0});
      ::poll(fds.data(), fds.size(), 1);  // signatures are made on a thread
    }
    return false;
  }
  bool both_open() {
    return run([&] { return client.channel->gate_open() && server.channel->gate_open(); });
  }
  static std::string read_all(End& end) {
    std::array<std::uint8_t, 4096> buffer;
    std::string out;
    while (const std::size_t n = end.channel->read(buffer)) out.append(buffer.begin(), buffer.begin() + n);
    return out;
  }
  // carry sends `text` and returns what arrived.
  std::string carry(End& from, End& to, const std::string& text) {
    EXPECT_EQ(from.channel->write(view(text)), text.size());
    std::string got;
    run([&] { return (got += read_all(to)).size() >= text.size(); });
    return got;
  }
  // raw writes a frame past the channel of `end`, which has none.
  static void raw(End& end, FrameType type, ByteView body) {
    raw(end, wire::encode_frame(type, body).value());
  }
  static void raw(End& end, const Bytes& encoded) {
    Connection::Want want{};
    for (std::size_t sent = 0; sent < encoded.size() && want == Connection::Want::nothing;)
      sent += end.connection->write(ByteView(encoded).subspan(sent), &want).value();
    EXPECT_EQ(want, Connection::Want::nothing);
  }

  End client{Role::client}, server{Role::server};
  int fd[2] = {-1, -1};
  Channel::Clock::time_point now{1h};
};

TEST_F(ChannelTest, DataPassesOnceBothAreContentAndEndsCleanly) {
  start();
  EXPECT_FALSE(client.channel->gate_open()) << "the server's verdict has not come";
  EXPECT_EQ(client.channel->write(view("early")), 0U);
  ASSERT_TRUE(both_open());
  EXPECT_EQ(carry(client, server, "hello"), "hello");
  EXPECT_EQ(carry(server, client, "world"), "world");
  client.channel->end();
  EXPECT_EQ(client.channel->write(view("late")), 0U);
  ASSERT_TRUE(run([&] { return server.channel->peer_ended(); }));
  EXPECT_EQ(carry(server, client, "the rest"), "the rest") << "the other direction is still open";
  server.channel->end();
  ASSERT_TRUE(run([&] { return client.error && server.error; }));
  for (End* end : {&client, &server}) {
    EXPECT_EQ(end->error->code, Code::closed) << end->error->message();
    EXPECT_TRUE(end->channel->ended());
  }
}

TEST_F(ChannelTest, WhatCameBeforeTheEndIsReadHoweverLate) {
  start();
  ASSERT_TRUE(both_open());
  client.channel->end();
  EXPECT_EQ(server.channel->write(view("late news")), 9U);
  server.channel->end();
  ASSERT_TRUE(run([&] { return server.error.has_value(); })) << "the server is done and gone";
  for (int i = 0; i < 3; ++i) step(client);
  ASSERT_FALSE(client.error) << client.error->message();
  EXPECT_EQ(read_all(client), "late news");
  step(client);
  ASSERT_TRUE(client.error);
  EXPECT_EQ(client.error->code, Code::closed);
  EXPECT_TRUE(client.channel->ended());
}

TEST_F(ChannelTest, AConnectionThatIsCutIsNoEnd) {
  start();
  ASSERT_TRUE(both_open());
  server.channel.reset();
  ::shutdown(fd[1], SHUT_RDWR);
  ASSERT_TRUE(run([&] { return client.error.has_value(); }));
  EXPECT_FALSE(client.channel->ended());
}

// A program need not know that OpenSSL's own sockets raise SIGPIPE.
volatile std::sig_atomic_t signals = 0;

TEST_F(ChannelTest, WritingToAPeerThatIsGoneIsAnErrorAndNoSignal) {
  signals = 0;
  auto* const before = std::signal(SIGPIPE, [](int) { signals = 1; });
  start();
  ASSERT_TRUE(both_open());
  server.channel.reset();
  ::shutdown(fd[1], SHUT_RDWR);
  EXPECT_EQ(client.channel->write(view("to nobody")), 9U);
  ASSERT_TRUE(run([&] { return client.error.has_value(); }));
  EXPECT_EQ(signals, 0);
  std::signal(SIGPIPE, before);
}

TEST_F(ChannelTest, NothingPassesWithoutItsProtocol) {
  client.setup.before = nullptr;
  connect();
  const auto made = Channel::create(std::move(*client.connection), {}, now);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::attestation_required);
}

TEST_F(ChannelTest, HybridOpensTheGateAfterTheFirstAuthenticator) {
  client.options.plan.confirm = true;
  start();
  EXPECT_EQ(client.channel->attestation().standing, Standing::unconfirmed);
  ASSERT_TRUE(both_open());
  EXPECT_EQ(client.channel->attestation().attested, 1U);
  EXPECT_EQ(server.attester->asked.size(), 2U) << "once in the handshake, once after it";
  EXPECT_NE(bytes(server.attester->asked[0].binder.bytes()), bytes(server.attester->asked[1].binder.bytes()));
  EXPECT_EQ(carry(client, server, "secret"), "secret");
}

TEST_F(ChannelTest, BothMayDemandIt) {
  server.require(client);
  client.options.plan.confirm = server.options.plan.confirm = true;
  start();
  ASSERT_TRUE(both_open());
  EXPECT_EQ(server.channel->attestation().attested, 1U);
}

// E08: data that races ahead of the verdict, from either end.
TEST_F(ChannelTest, E08NoDataLeavesBeforeTheAuthenticatorWasAccepted) {
  client.options.plan.confirm = true;
  client.verifier->later = false;
  start();
  client.verifier->later = true;  // the appraisal after the handshake takes its time
  ASSERT_TRUE(run([&] { return client.verifier->asked.size() == 2; }));
  for (int i = 0; i < 20; ++i) {
    step(client);
    step(server);
  }
  EXPECT_EQ(client.channel->write(view("secret")), 0U);
  EXPECT_EQ(server.channel->write(view("answer")), 0U) << "the server has no verdict of the client";
  client.verifier->release();
  ASSERT_TRUE(both_open());
}

TEST_F(ChannelTest, E08DataThatComesBeforeTheVerdictIsRefused) {
  client.options.plan.confirm = true;
  connect();
  open(client);
  raw(server, FrameType::verdict, wire::encode(wire::Verdict{}));
  raw(server, FrameType::data, Bytes{'x'});
  ASSERT_TRUE(run([&] { return client.error.has_value(); }));
  EXPECT_EQ(client.error->code, Code::unexpected_message);
  EXPECT_EQ(read_all(client), "");
}

TEST_F(ChannelTest, ARefusalAfterTheHandshakeIsLearntByBothEnds) {
  client.options.plan.confirm = true;
  connect();
  open(client);
  open(server);
  server.tee->debug = true;  // since the handshake
  ASSERT_TRUE(run([&] { return client.error && server.error; }));
  EXPECT_EQ(client.error->code, Code::debug_enabled);
  EXPECT_EQ(server.error->code, Code::refused_by_peer);
  EXPECT_THAT(server.error->detail, ::testing::HasSubstr("49")) << "access_denied, and no more";
  for (End* end : {&client, &server}) {
    EXPECT_EQ(end->channel->write(view("x")), 0U);
    EXPECT_EQ(read_all(*end), "");
  }
}

TEST_F(ChannelTest, ReattestationGoesOnWhileNobodyReadsTheData) {
  client.options.plan.every = 60s;
  start();
  ASSERT_TRUE(both_open());
  const Bytes block(10'000, 7);
  std::size_t written = 0;
  run([&] {
    const std::size_t n = server.channel->write(block);
    written += n;
    return n == 0 && written > 0;
  });
  EXPECT_EQ(written, 65'536U) << "the first credit of docs/protocol/framing.md";
  for (unsigned i = 1; i <= 3; ++i) {
    now = *client.channel->attestation().due;
    ASSERT_TRUE(run([&] { return client.channel->attestation().attested == i; }));
  }
  std::string got;
  ASSERT_TRUE(run([&] {
    written += server.channel->write(block);
    return (got += read_all(client)).size() >= 200'000;
  })) << "what is read is granted again";
}

TEST_F(ChannelTest, AnOperationMayDemandFreshEvidence) {
  start();
  ASSERT_TRUE(both_open());
  std::optional<Result<void>> answer;
  now += 10s;
  client.channel->require(
      1s, {}, [&](Result<void> r) { answer = std::move(r); }, now);
  ASSERT_TRUE(run([&] { return answer.has_value(); }));
  EXPECT_TRUE(answer->ok());
  answer.reset();
  client.channel->require(
      1s, {{"fake.region", "eu"}}, [&](Result<void> r) { answer = std::move(r); }, now);
  ASSERT_TRUE(answer.has_value()) << "fresh evidence answers at once";
  EXPECT_EQ(answer->error().code, Code::reference_mismatch);
}

TEST_F(ChannelTest, RestrictIsToldToBothEndsAndLifted) {
  client.options.plan.every = 60s;
  client.options.plan.on_failure = reattest::OnFailure::restrict;
  start();
  ASSERT_TRUE(both_open());
  server.tee->debug = true;
  now = *client.channel->attestation().due;
  ASSERT_TRUE(run([&] { return client.channel->attestation().standing == Standing::restricted; }));
  EXPECT_TRUE(client.channel->gate_open());
  server.tee->debug = false;
  now = *client.channel->attestation().due;
  ASSERT_TRUE(run([&] { return client.channel->attestation().standing == Standing::trusted; }));
}

struct BrokenFrames : ChannelTest {
  void expect(const Bytes& sent, Code code) {
    connect();
    open(client);
    raw(server, FrameType::verdict, wire::encode(wire::Verdict{}));
    raw(server, sent);
    ASSERT_TRUE(run([&] { return client.error.has_value(); }));
    EXPECT_EQ(name(client.error->code), name(code)) << client.error->message();
    EXPECT_EQ(read_all(client), "");
    // The peer hears of it: an error frame is the last thing that comes.
    std::array<std::uint8_t, 100> buffer;
    Connection::Want want{};
    const auto n = server.connection->read(buffer, &want);
    ASSERT_TRUE(n.ok());
    ASSERT_GE(*n, 5U);
    EXPECT_EQ(buffer[*n - 5], static_cast<std::uint8_t>(FrameType::error));
  }
};

TEST_F(BrokenFrames, AnUnknownType) { expect({9, 0, 0, 0}, Code::unknown_value); }
TEST_F(BrokenFrames, ABodyBeyondItsLimit) { expect({0, 0x00, 0x40, 0x01}, Code::length_out_of_range); }
TEST_F(BrokenFrames, AnUnknownStanding) { expect({3, 0, 0, 2, 4, 0}, Code::unknown_value); }
TEST_F(BrokenFrames, CreditBeyondTheLimit) {
  expect({5, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff}, Code::unknown_value);
}
TEST_F(BrokenFrames, DataAfterItsEnd) { expect({0, 0, 0, 0, 0, 0, 0, 1, 'x'}, Code::unexpected_message); }
TEST_F(BrokenFrames, DataBeyondTheCredit) {
  Bytes sent;
  for (int i = 0; i < 5; ++i) {
    const Bytes frame = wire::encode_frame(FrameType::data, Bytes(16'384, 1)).value();
    sent.insert(sent.end(), frame.begin(), frame.end());
  }
  connect();
  open(client);
  raw(server, FrameType::verdict, wire::encode(wire::Verdict{}));
  raw(server, sent);
  ASSERT_TRUE(run([&] { return client.error.has_value(); }));
  EXPECT_EQ(client.error->code, Code::unknown_value);
  EXPECT_THAT(client.error->detail, ::testing::HasSubstr("the credit is 0"));
}

}  // namespace
}  // namespace seatls
