// Attesters and verifiers that take their time: the handshake waits for them, and holds nothing up.
#include "fixture.h"

namespace seatls::boringssl {
namespace {

class Waiting : public testing::TestWithParam<Carrier> {};
INSTANTIATE_TEST_SUITE_P(Carrier, Waiting, testing::Values(Carrier::stream, Carrier::datagrams),
                         [](const auto& carrier) { return name_of(carrier.param); });

TEST_P(Waiting, ForAllFourAnswers) {
  Party c = client(GetParam()).demands(Requirement::required).identity(fake::certified()).attests();
  Party s = server(GetParam()).attests().demands(Requirement::required);
  for (Party* party : {&c, &s}) party->attester->later = party->verifier->later = true;
  BoringPair pair(c.setup, s.setup);
  constexpr std::chrono::seconds moment{2};

  pair.run(moment);
  EXPECT_TRUE(pair.server->waits_for_credential());
  EXPECT_EQ(s.attester->asked.size(), 1U);
  s.attester->release();
  pair.run(moment);
  EXPECT_TRUE(pair.client->waits_for_credential());
  EXPECT_EQ(c.verifier->asked.size(), 1U);
  EXPECT_EQ(c.attester->asked.size(), 0U) << "a client attests only to a server that it has judged";
  c.verifier->release();
  pair.run(moment);
  EXPECT_TRUE(pair.client->waits_for_credential());
  EXPECT_EQ(c.attester->asked.size(), 1U);
  c.attester->release();
  pair.run(moment);
  EXPECT_TRUE(pair.server->waits_for_credential());
  EXPECT_EQ(s.verifier->asked.size(), 1U);
  EXPECT_FALSE(pair.server->done());
  s.verifier->release();
  pair.run();
  expect_traffic(pair);
}

TEST_P(Waiting, EndsAtTheTimeLimit) {
  for (const bool attester : {true, false}) {
    Party c = client(GetParam()).demands(Requirement::required);
    Party s = server(GetParam()).attests();
    (attester ? s.attester->later : c.verifier->later) = true;
    BoringPair pair(c.setup, s.setup);
    pair.run();
    expect_refusal(pair, attester ? Role::server : Role::client, Code::timed_out, 80);
    EXPECT_LT(pair.elapsed(), std::chrono::seconds(15));
    // What comes too late finds nobody.
    attester ? s.attester->release() : c.verifier->release();
  }
}

TEST_P(Waiting, AnAnswerOutlivesTheConnection) {
  Party c = client(GetParam()).demands(Requirement::required);
  Party s = server(GetParam()).attests();
  s.attester->later = true;
  {
    BoringPair pair(c.setup, s.setup);
    pair.run(std::chrono::seconds(1));
    EXPECT_TRUE(pair.server->waits_for_credential());
  }
  s.attester->release();
}

TEST_P(Waiting, IsToldWhenItIsOver) {
  Party s = server(GetParam()).attests();
  Party c = client(GetParam()).demands(Requirement::required);
  c.verifier->later = true;
  BoringPair pair(c.setup, s.setup);
  auto context = fake::make_boring_context(c.setup, &pair.time);
  ASSERT_TRUE(context.ok());
  int told = 0;
  auto alone = Connection::create(*context, "server.test", [&told] { ++told; });
  ASSERT_TRUE(alone.ok());
  pair.client = std::make_unique<fake::BoringEnd>(std::move(alone).value());
  pair.run(std::chrono::seconds(2));
  EXPECT_EQ(told, 0);
  c.verifier->release();
  EXPECT_EQ(told, 1);
  pair.run();
  expect_traffic(pair);
}

}  // namespace
}  // namespace seatls::boringssl
