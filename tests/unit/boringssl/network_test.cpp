// DTLS over networks that lose, repeat and reorder, and towards addresses that may not be the client's.
#include <algorithm>
#include <array>
#include <iostream>
#include <string>
#include <tuple>

#include "fixture.h"

namespace seatls::boringssl {
namespace {

constexpr auto rule = IdentityRule::pki_and_attested;

struct Mutual {
  explicit Mutual(std::size_t evidence) {
    c.demands(Requirement::required, rule, evidence).identity(fake::certified()).attests(evidence);
    s.demands(Requirement::required, rule, evidence).attests(evidence);
  }
  Mutual& longest_datagram(std::size_t bytes) {
    c.setup.longest_datagram = s.setup.longest_datagram = bytes;
    return *this;
  }
  Party c = client(Carrier::datagrams), s = server(Carrier::datagrams);
};

void print(const std::string& what, const BoringPair& pair) {
  std::cout << "[ DTLS     ] " << what << ": " << pair.elapsed().count() << " ms, " << pair.datagrams()
            << " datagrams\n";
}

// Loss in percent, evidence in bytes.
class Loss : public testing::TestWithParam<std::tuple<int, std::size_t>> {};
INSTANTIATE_TEST_SUITE_P(Network, Loss,
                         testing::Combine(testing::Values(0, 5, 10, 20),
                                          testing::Values(2'000, 20'000, 60'000)),
                         [](const auto& shape) {
                           return std::to_string(std::get<0>(shape.param)) + "Percent" +
                                  std::to_string(std::get<1>(shape.param)) + "Bytes";
                         });

TEST_P(Loss, MutualAttestationCompletes) {
  const auto [percent, evidence] = GetParam();
  Mutual parties(evidence);
  for (unsigned seed = 1; seed <= 5; ++seed) {
    BoringPair pair(parties.c.setup, parties.s.setup, {.loss = percent / 100.0, .seed = seed});
    pair.run();
    expect_traffic(pair);
    if (seed == 1)
      print("mutual, " + std::to_string(evidence) + " bytes each, " + std::to_string(percent) + " % lost",
            pair);
    EXPECT_LE(pair.longest_datagram(), 1200U);
  }
}

TEST(Network, WhatIsRepeatedAndOutOfOrderIsPutRight) {
  Mutual parties(20'000);
  for (unsigned seed = 1; seed <= 5; ++seed) {
    BoringPair pair(parties.c.setup, parties.s.setup,
                    {.loss = 0.05, .duplication = 0.2, .reordering = 0.3, .seed = seed});
    pair.run();
    expect_traffic(pair);
    if (seed == 1) print("mutual, 20000 bytes each, 5 % lost, 20 % twice, 30 % late", pair);
  }
}

class Mtu : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Network, Mtu, testing::Values(576, 1'280, 1'500),
                         [](const auto& shape) { return std::to_string(shape.param); });

TEST_P(Mtu, NoDatagramIsLongerThanThePathTakes) {
  const std::size_t room = GetParam() - 28;  // less the headers of IPv4 and UDP
  constexpr std::size_t evidence = 20'000;
  Mutual parties(evidence);
  parties.longest_datagram(room);
  BoringPair pair(parties.c.setup, parties.s.setup);
  pair.run();
  expect_traffic(pair);
  EXPECT_LE(pair.longest_datagram(), room);
  print("mutual, 20000 bytes each, MTU " + std::to_string(GetParam()), pair);
  // No storm: both credentials, and eight datagrams for all the rest.
  EXPECT_LE(pair.datagrams(), 3 * (2 * (evidence / room + 1) + 8));
}

TEST(Network, APeerThatGoesSilentIsGivenUp) {
  Party c = client(Carrier::datagrams).demands(Requirement::required);
  Party s = server(Carrier::datagrams).attests();
  BoringPair pair(c.setup, s.setup, {.loss = 1});
  pair.run(std::chrono::hours(1));
  ASSERT_TRUE(pair.client->error().has_value());
  EXPECT_EQ(name(pair.client->error()->code), name(Code::timed_out));
}

TEST(Network, WhatDoesNotFitADatagramIsNotWritten) {
  Mutual parties(100);
  BoringPair pair(parties.c.setup, parties.s.setup);
  pair.run();
  expect_traffic(pair);
  Connection& connection = pair.client->connection();
  EXPECT_TRUE(connection.write(Bytes(connection.longest_write(), 1)).ok());
  EXPECT_EQ(connection.write(Bytes(connection.longest_write() + 1, 1)).error().code, Code::misuse);
  EXPECT_LE(pair.longest_datagram(), 1200U);
}

//= rfc9147#5.1 "MUST limit the amount of data [it sends] to three times the amount received"
TEST(Amplification, NobodyIsFloodedForAnother) {
  Mutual parties(60'000);
  parties.c.setup.groups = "X25519";  // a short ClientHello
  BoringPair pair(parties.c.setup, parties.s.setup);
  pair.client->step();
  const auto hello = pair.client->connection().take_outgoing();
  ASSERT_FALSE(hello.empty());
  // A ClientHello from a borrowed address, whose owner never answers, however often it comes.
  Connection& server = pair.server->connection();
  for (int i = 0; i < 3; ++i) {
    for (const Bytes& datagram : hello) server.receive(datagram);
    for (int round = 0; round < 20 && !pair.server->error(); ++round) {
      pair.server->step();
      std::ignore = server.take_outgoing();
      EXPECT_LE(server.traffic().bytes_sent, 3 * server.traffic().bytes_received);
      pair.time.pass(std::chrono::minutes(1));
      std::ignore = server.on_time();
    }
  }
  EXPECT_TRUE(parties.s.attester->asked.empty()) << "no evidence is made for an address that is not proven";
  EXPECT_GT(server.traffic().withheld, 0U);
}

// between finds the two bytes of the cookie extension's type, and returns where its value begins.
std::optional<std::size_t> cookie_in(const Bytes& datagram) {
  constexpr std::array<std::uint8_t, 6> head{0, 44, 0, 34, 0, 32};  // cookie, with 32 bytes
  const auto at = std::search(datagram.begin(), datagram.end(), head.begin(), head.end());
  if (at == datagram.end()) return std::nullopt;
  return static_cast<std::size_t>(at - datagram.begin()) + head.size();
}

TEST(Amplification, ACookieThatIsNotTheOneIsRefused) {
  Mutual parties(100);
  BoringPair pair(parties.c.setup, parties.s.setup);
  Connection &client = pair.client->connection(), &server = pair.server->connection();
  const auto pass = [](const std::vector<Bytes>& datagrams, Connection& to) {
    for (const Bytes& datagram : datagrams) to.receive(datagram);
  };
  pair.client->step();
  pass(client.take_outgoing(), server);
  pair.server->step();
  const auto retry = server.take_outgoing();
  ASSERT_EQ(retry.size(), 1U);
  ASSERT_TRUE(cookie_in(retry.front()).has_value());
  pass(retry, client);
  pair.client->step();
  auto second = client.take_outgoing();
  bool changed = false;
  for (Bytes& datagram : second) {
    if (const auto at = cookie_in(datagram)) {
      datagram.at(*at) ^= 1;
      changed = true;
    }
  }
  ASSERT_TRUE(changed);
  pass(second, server);
  pair.server->step();
  ASSERT_TRUE(pair.server->error().has_value());
  EXPECT_TRUE(parties.s.attester->asked.empty());
}

TEST(Amplification, AnAddressThatIsProvenAlreadyNeedsNoCookie) {
  Mutual parties(100);
  parties.s.setup.address_proven = true;
  BoringPair pair(parties.c.setup, parties.s.setup);
  pair.run();
  expect_traffic(pair);
  const auto one_way = std::chrono::milliseconds(20);
  EXPECT_EQ(pair.elapsed(), 3 * one_way) << "ClientHello, the server's flight, the client's";
}

}  // namespace
}  // namespace seatls::boringssl
