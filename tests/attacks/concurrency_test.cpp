// A thousand handshakes on one thread: every one of them waits for its evidence at the same time, and
// none waits for another's. No clock: `seatls bench concurrency` has the times.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "attacks/kit.h"

namespace seatls::attacks {
namespace {

constexpr std::size_t kConnections = 1000;

// Holding keeps every request until the test answers it.
class Holding final : public Attester {
 public:
  explicit Holding(std::shared_ptr<Attester> real) : real_(std::move(real)) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return real_->schemes(); }
  void attest(EvidenceRequest request, Done done) override {
    held.emplace_back(std::move(request), std::move(done));
  }
  void answer(std::size_t i) { real_->attest(std::move(held.at(i).first), std::move(held.at(i).second)); }
  std::vector<std::pair<EvidenceRequest, Done>> held;

 private:
  std::shared_ptr<Attester> real_;
};

bool enough_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t needed = 4 * kConnections + 100;  // two sockets, up to two descriptors to wait for
  if (limit.rlim_cur >= needed) return true;
  limit.rlim_cur = needed;
  return limit.rlim_max >= needed && setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

TEST(Concurrency, AThousandHandshakesOfOneThreadWaitAtTheSameTime) {
  if (!enough_descriptors()) GTEST_SKIP() << "not enough file descriptors: raise the hard limit of ulimit -n";
  const Machine s;
  const auto evidence = std::make_shared<Holding>(s.attester);
  auto calls = client(verifier_for(policy_for({&s})));
  auto answers = server(s.identity, evidence);
  for (auto* setup : {&calls, &answers}) setup->config->credential_timeout = std::chrono::minutes(10);
  const auto client_context = fake::make_context(Role::client, calls);
  const auto server_context = fake::make_context(Role::server, answers);

  std::vector<std::unique_ptr<fake::TlsEnd>> ends;
  for (std::size_t i = 0; i < kConnections; ++i) {
    std::array<int, 2> fds{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    ends.push_back(std::make_unique<fake::TlsEnd>(Role::client, client_context.get(), fds[0], calls));
    ends.push_back(std::make_unique<fake::TlsEnd>(Role::server, server_context.get(), fds[1], answers));
  }
  const auto turns = [&] {
    for (int turn = 0; turn < 4; ++turn)
      for (auto& end : ends) end->step();
  };
  const auto done = [&] {
    return static_cast<std::size_t>(std::ranges::count_if(ends, [](const auto& e) { return e->done(); }));
  };

  turns();
  ASSERT_EQ(evidence->held.size(), kConnections) << "all are asked before one is answered";
  EXPECT_EQ(done(), 0U);

  // One alone gets its answer, the last: it goes on to the end, while the others wait.
  evidence->answer(kConnections - 1);
  turns();
  EXPECT_EQ(done(), 2U);

  for (std::size_t i = kConnections - 1; i-- > 0;) evidence->answer(i);
  turns();
  EXPECT_EQ(done(), 2 * kConnections);
  for (std::size_t i = 0; i < ends.size(); i += 2) {
    const auto report = ends[i]->report();  // a client's
    ASSERT_TRUE(report && report->peer);
  }
}

}  // namespace
}  // namespace seatls::attacks
