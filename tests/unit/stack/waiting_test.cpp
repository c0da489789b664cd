// Handshakes that wait for a credential: nothing else stands still, time ends it, and a connection
// may be given up at any moment.
#include <poll.h>

#include <array>
#include <string>
#include <thread>
#include <tuple>

#include "fixture.h"
#include "late.h"

namespace seatls::openssl {
namespace {

using namespace std::chrono_literals;

// The four places where a handshake waits: whose it is, and for what.
struct Place {
  const char* name;
  Role role;
  bool evidence;  // its own evidence, or the verdict over the peer's
};
constexpr Place places[] = {{"server_evidence", Role::server, true},
                            {"client_appraisal", Role::client, false},
                            {"client_evidence", Role::client, true},
                            {"server_appraisal", Role::server, false}};

bool readable(int fd, int milliseconds = 0) {
  pollfd p{fd, POLLIN, 0};
  return fd >= 0 && ::poll(&p, 1, milliseconds) == 1;
}

using Parameter = std::tuple<Drive, Place>;
class Waiting : public testing::TestWithParam<Parameter> {
 protected:
  Waiting() {
    c.demands(Requirement::required).identity(fake::certified()).attests().driven(drive);
    s.demands(Requirement::required).attests().driven(drive);
    Config& config = place.role == Role::client ? c.config() : s.config();
    if (place.evidence) {
      config.attester = std::make_shared<LateAttester>(config.attester, held);
    } else {
      config.require->verifier = std::make_shared<LateVerifier>(config.require->verifier, held);
    }
  }
  // until_it_waits drives both ends until the one in question wants its credential. In a job of the
  // application's every credential, the other end's too, comes from another thread.
  void until_it_waits(TlsPair& pair) {
    while (held->count() == 0) {
      pair.run();
      std::this_thread::yield();
    }
    ASSERT_EQ(end(pair).step(), TlsEnd::Step::credential);
  }
  [[nodiscard]] TlsEnd& end(TlsPair& pair) const {
    return place.role == Role::client ? *pair.client : *pair.server;
  }

  const Drive drive = std::get<0>(GetParam());
  const Place place = std::get<1>(GetParam());
  const std::shared_ptr<Held> held = std::make_shared<Held>();
  Party c = client(), s = server();
};
std::string name_of(const testing::TestParamInfo<Parameter>& p) {
  return std::string(std::get<1>(p.param).name) +
         (std::get<0>(p.param) == Drive::connection ? "_connection" : "_async");
}
INSTANTIATE_TEST_SUITE_P(All, Waiting,
                         testing::Combine(testing::Values(Drive::connection, Drive::async),
                                          testing::ValuesIn(places)),
                         name_of);

TEST_P(Waiting, TheDescriptorTellsOfTheAnswerAndTheHandshakeGoesOn) {
  TlsPair pair(c.setup, s.setup);
  until_it_waits(pair);
  const int fd = end(pair).credential_fd();
  EXPECT_FALSE(readable(fd));
  EXPECT_EQ(end(pair).step(), TlsEnd::Step::credential) << "driven for nothing, it goes on waiting";
  EXPECT_FALSE(end(pair).report().has_value());

  std::thread elsewhere([this] { held->release(); });
  EXPECT_TRUE(readable(fd, -1));
  elsewhere.join();
  pair.run_until_settled();
  expect_traffic(pair);
  EXPECT_EQ(end(pair).credential_fd(), -1);
}

TEST_P(Waiting, TheTimeLimitRefuses) {
  (place.role == Role::client ? c : s).config().credential_timeout = 1ms;
  TlsPair pair(c.setup, s.setup);
  pair.run_until_settled();
  expect_refusal(pair, place.role, Code::timed_out, 80);
  held->release();  // an answer that comes too late hurts nobody
}

TEST_P(Waiting, AConnectionIsGivenUpWhileItWaits) {
  TlsPair pair(c.setup, s.setup);
  until_it_waits(pair);
  end(pair).give_up();
  held->release();
}

TEST_P(Waiting, AnAnswerAfterTheConnectionsDeathHurtsNobody) {
  {
    TlsPair pair(c.setup, s.setup);
    until_it_waits(pair);
  }
  std::thread([this] { held->release(); }).join();
}

TEST_P(Waiting, ThePeersDeathEndsTheWait) {
  TlsPair pair(c.setup, s.setup);
  until_it_waits(pair);
  (place.role == Role::client ? pair.server : pair.client)->give_up();
  held->release();
  for (int i = 0; i < 100 && !end(pair).error() && !end(pair).done(); ++i) {
    if (end(pair).step() == TlsEnd::Step::credential) readable(end(pair).credential_fd(), -1);
  }
  // The peer may have sent all that the handshake needs; then the end comes when it is read.
  EXPECT_TRUE(end(pair).error() || end(pair).done());
  EXPECT_EQ(end(pair).received(), "");
}

TEST_P(Waiting, OtherConnectionsOfTheThreadGoOn) {
  TlsPair stuck(c.setup, s.setup);
  until_it_waits(stuck);
  Party c2 = client().demands(Requirement::required), s2 = server().attests();
  TlsPair other(c2.setup, s2.setup);
  other.run_until_settled();
  expect_traffic(other);
  held->release();
  stuck.run_until_settled();
  expect_traffic(stuck);
}

// ---- what else may happen to a Connection ------------------------------------------------------

TEST(AConnection, AHandshakeStaysOnItsThread) {
  auto held = std::make_shared<Held>();
  Party c = client().demands(Requirement::required), s = server().attests();
  s.config().attester = std::make_shared<LateAttester>(s.config().attester, held);
  TlsPair pair(c.setup, s.setup);
  pair.run();
  std::thread([&] {
    const auto want = pair.server->connection()->handshake();
    ASSERT_FALSE(want.ok());
    EXPECT_EQ(want.error().code, Code::misuse);
  }).join();
  held->release();
  pair.run_until_settled();
  expect_traffic(pair);
}

TEST(AConnection, NothingIsReadOrWrittenBeforeTheHandshakeIsDone) {
  Party c = client().demands(Requirement::required), s = server().attests();
  TlsPair pair(c.setup, s.setup);
  Connection::Want want{};
  std::array<std::uint8_t, 8> buffer{};
  EXPECT_EQ(pair.client->connection()->write(view("early"), &want).error().code, Code::not_attested);
  EXPECT_EQ(pair.client->connection()->read(buffer, &want).error().code, Code::not_attested);
  EXPECT_EQ(report(pair.client->ssl()).error().code, Code::not_attested);
  pair.run();
  expect_traffic(pair);
}

TEST(AConnection, AConnectionReadsWritesAndCloses) {
  Party c = client().demands(Requirement::required), s = server().attests();
  TlsPair pair(c.setup, s.setup);
  pair.run();
  Connection &near = *pair.client->connection(), &far = *pair.server->connection();
  Connection::Want want{};
  std::array<std::uint8_t, 8> buffer{};
  EXPECT_EQ(far.read(buffer, &want).value(), 0U);
  EXPECT_EQ(want, Connection::Want::read);
  EXPECT_EQ(near.write(view("hello"), &want).value(), 5U);
  ASSERT_EQ(far.read(buffer, &want).value(), 5U);
  EXPECT_EQ(want, Connection::Want::nothing);
  EXPECT_EQ(text(ByteView(buffer).first(5)), "hello");
  near.shutdown();
  EXPECT_EQ(far.read(buffer, &want).error().code, Code::closed);
}

// ---- without jobs ------------------------------------------------------------------------------

TEST(Blocking, ACallWaitsForAnAnswerOfAnotherThread) {
  auto held = std::make_shared<Held>();
  Party c = client().demands(Requirement::required), s = server().attests().driven(Drive::blocking);
  s.config().attester = std::make_shared<LateAttester>(s.config().attester, held);
  TlsPair pair(c.setup, s.setup);
  std::thread elsewhere([&] {
    held->wait();
    held->release();
  });
  pair.run();
  elsewhere.join();
  expect_traffic(pair);
}

TEST(Blocking, TheTimeLimitRefuses) {
  auto held = std::make_shared<Held>();
  Party c = client().demands(Requirement::required), s = server().attests().driven(Drive::blocking);
  s.config().attester = std::make_shared<LateAttester>(s.config().attester, held);
  s.config().credential_timeout = 1ms;
  TlsPair pair(c.setup, s.setup);
  pair.run();
  expect_refusal(pair, Role::server, Code::timed_out, 80);
  held->release();
}

}  // namespace
}  // namespace seatls::openssl
