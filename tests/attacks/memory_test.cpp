// Decision 13 over a real connection: what grows with each re-attestation is the set of spent contexts.
#include <gtest/gtest.h>
#include <malloc.h>

#include <iostream>
#include <set>

#include "attacks/line.h"
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// GCC ships the function, and not the header that declares it.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace seatls::attacks {
namespace {

// heap_in_use counts what is allocated at this moment, OpenSSL's part included.
std::size_t heap_in_use() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

TEST(Reattestation, TenThousandLeaveNothingButTheirContexts) {
  constexpr unsigned times = 10'000, warm_up = 200;
  const Machine s;
  LocalVerifierOptions options;
  options.evidence_cache = std::make_shared<EvidenceCache>(warm_up / 2);  // full before it begins
  auto verifier = make_local_verifier(policy_for({&s}), std::move(options)).value();
  std::set<Bytes> binders;  // a binder is the context's, on one connection
  auto attester = std::make_shared<Teller>([&](const EvidenceRequest& r) {
    EXPECT_TRUE(binders.insert(bytes(r.binder.bytes())).second) << "a context came twice";
    return cwt(s.claims(r.binder), s.attestation_key);
  });
  Line line(client(verifier), server(s.identity, attester));
  auto plan = confirming();
  plan.plan.every = std::chrono::seconds(1);
  line.open(Role::client, plan);
  line.open(Role::server);
  const auto& report = line.client.channel->attestation();
  std::size_t before = 0;
  for (unsigned i = 1; i <= warm_up + times; ++i) {
    ASSERT_TRUE(line.run([&] { return report.attested == i; }))
        << (line.client.error ? line.client.error->message() : "");
    line.now = *report.due;
    if (i != warm_up) continue;
    binders.clear();
    before = heap_in_use();
    EXPECT_EQ(line.server.channel->spent_contexts(), warm_up);
  }
  const std::size_t spent = line.server.channel->spent_contexts();
  EXPECT_EQ(spent, warm_up + times);
  EXPECT_EQ(line.client.channel->spent_contexts(), 0U) << "own ones are forgotten once they are answered";
  EXPECT_EQ(binders.size(), times) << "none was used twice";
  binders.clear();
  // A digest of 16 bytes, its node and its bucket; 64 KB for whatever else moves.
  const std::size_t after = heap_in_use();
  EXPECT_LE(after, before + 64 * times + 65'536);
  std::cout << times << " re-attestations: heap " << before << " bytes before, " << after
            << " after; spent contexts: " << spent << ", " << spent * 16 << " bytes\n";
}

}  // namespace
}  // namespace seatls::attacks
