// As many sessions as may be open, and more: what is refused costs nothing, and time makes room again.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "kit.h"

namespace seatls::service {
namespace {

using std::chrono::seconds;

constexpr auto* new_session = "/challenge-response/v1/newSession";

std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

class Capacity : public ::testing::Test {
 protected:
  void SetUp() override { kit.activate("machines", machine.policy()); }
  // keep has sessions kept elsewhere. Policies stay where they are.
  void keep(std::shared_ptr<Store> store) {
    auto parts = *kit.api->parts();
    kit.store = parts.store = std::move(store);
    kit.api->replace(std::move(parts));
  }
  [[nodiscard]] std::size_t open() const { return kit.store->open_sessions(kit.now).value(); }

  void expect_refused(std::size_t times) const {
    for (std::size_t i = 0; i < times; ++i) {
      const auto refused = kit.ask("POST", new_session);
      ASSERT_EQ(refused.status(), 503u);
      EXPECT_EQ(refused.header("Retry-After"), "5");
      EXPECT_EQ(refused.response.type, "application/problem+json");
    }
  }
  void fill_and_let_expire(std::size_t limit) {
    const auto first = kit.open();
    for (std::size_t i = 1; i < limit; ++i) ASSERT_EQ(kit.ask("POST", new_session).status(), 201u) << i;
    EXPECT_EQ(open(), limit);
    const auto before = resident_bytes();
    expect_refused(limit / 10);
    EXPECT_EQ(open(), limit);
    // Coarse: a refused session that stayed would be some 1 KB, and its nonce.
    EXPECT_LT(resident_bytes(), before + (std::size_t{64} << 20U));
    // Those that are open are served all the same.
    EXPECT_EQ(kit.submit(first.id, machine.evidence(first.nonce)).status(), 200u);
    EXPECT_EQ(kit.ask("POST", new_session).status(), 503u) << "it is open until it expires, to be read";

    kit.now += seconds(149);
    expect_refused(1);
    kit.now += seconds(2);
    EXPECT_EQ(open(), 0u);
    EXPECT_EQ(kit.store->sweep(kit.now).value(), limit);
    EXPECT_EQ(kit.ask("POST", new_session).status(), 201u);
    EXPECT_EQ(open(), 1u);
  }

  Machine machine;
  Kit kit;
};

TEST_F(Capacity, TenThousandSessionsAndMoreInMemory) { fill_and_let_expire(StoreLimits().sessions); }

TEST_F(Capacity, TheSameInAFile) {
  const auto file =
      std::filesystem::temp_directory_path() / ("seatls-capacity-" + std::to_string(::getpid()) + ".db");
  keep(open_store("sqlite:" + file.string(), {.sessions = 300}).value());
  fill_and_let_expire(300);
  kit.store.reset();
  auto parts = *kit.api->parts();
  parts.store = open_store("memory:").value();
  kit.api->replace(std::move(parts));
  for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
}

// Without a sweep, too: whoever comes makes room.
TEST_F(Capacity, ExpiredSessionsMakeRoomByThemselves) {
  keep(open_store("memory:", {.sessions = 3}).value());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(kit.ask("POST", new_session).status(), 201u);
  expect_refused(2);
  kit.now += seconds(151);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(kit.ask("POST", new_session).status(), 201u);
  expect_refused(1);
}

// Nonces outlive their sessions: that they are remembered is bounded, and none is forgotten early for it.
TEST_F(Capacity, SpentNoncesAreBoundedAndNotForgottenForOthers) {
  keep(open_store("memory:", {.sessions = 100, .spent = seconds(3600), .nonces = 4}).value());
  const auto given = std::string(new_session) + "?nonce=" + base::to_base64url(Bytes(32, 7));
  EXPECT_EQ(kit.ask("POST", given).status(), 201u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(kit.ask("POST", new_session).status(), 201u);
  expect_refused(2);
  kit.now += seconds(151);
  EXPECT_EQ(kit.store->sweep(kit.now).value(), 4u);
  expect_refused(2);
  EXPECT_EQ(kit.ask("POST", given).status(), 409u);
  kit.now += seconds(3600);
  EXPECT_EQ(kit.store->sweep(kit.now).value(), 0u);
  EXPECT_EQ(kit.ask("POST", given).status(), 201u) << "evidence of then is too old by itself";
}

}  // namespace
}  // namespace seatls::service
