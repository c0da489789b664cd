// The attester configfs-tsm on guests of made-up platforms, up to whole handshakes.
#include "attest/tsm/attester.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <thread>

#include "fake/tls_pair.h"
#include "fake/tsm_driver.h"
#include "seatls/simulated_snp.h"
#include "seatls/simulated_tdx.h"
#include "seatls/verifiers.h"

namespace seatls::attest::tsm {
namespace {

using fake::TsmFiles;
using fake::TsmKernel;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Maker is a made-up platform, and a policy that accepts what runs there.
struct Maker {
  explicit Maker(SimulatedTee kind) : tee(kind) {
    const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256)->public_key().spki();
    made = make_simulated({.tee = tee, .tiks = {key}, .platform = {}, .measurement = {}}).value();
    policy.id = "guest";
    policy.schemes = {std::string(name(tee))};
    policy.danger.simulated_roots = {bytes(crypto::parse_pem_certificates(made.root_pem)->front().der())};
    if (tee == SimulatedTee::tdx) {
      policy.tdx.tcb.collateral = {IntelCollateral::parse(made.collateral).value()};
      policy.tdx.mr_td = expect::Exactly<Bytes>{SimulatedTdxOptions{}.mr_td};
      for (std::size_t i = 0; i < 4; ++i)
        policy.tdx.rtmr[i] = expect::Exactly<Bytes>{SimulatedTdxOptions{}.rtmr[i]};
    } else {
      policy.snp.measurement = expect::Exactly<Bytes>{SimulatedSnpOptions{}.measurement};
      policy.snp.tcb[SnpProduct::genoa].reported = SnpTcb{};
    }
  }
  [[nodiscard]] TsmKernel::Driver driver() const {
    return fake::simulated_driver(tee, made.platform).value();
  }

  SimulatedTee tee;
  Simulated made;
  Policy policy;
};

// Guest is a confidential VM: its kernel, and an endpoint with a key.
struct Guest {
  explicit Guest(TsmKernel::Driver driver) : kernel(std::move(driver)) {}
  [[nodiscard]] Result<std::shared_ptr<Attester>> attester(std::optional<unsigned> level = {}) {
    return make_attester({files, std::string(TsmFiles::root), [](std::chrono::milliseconds) {}},
                         {.tiks = {tik()}, .path = "", .privlevel = level});
  }
  [[nodiscard]] Spki tik() const { return identity.key.public_key().spki(); }
  [[nodiscard]] EvidenceRequest request(Attester& from) const {
    return {from.schemes().front(), danger::binder_from_bytes(Bytes(32, 0xb1), Hash::sha256, tik())};
  }
  [[nodiscard]] Result<Cmw> ask(Attester& attester, EvidenceRequest request) const {
    std::promise<Result<Cmw>> promise;
    attester.attest(std::move(request), [&](Result<Cmw> cmw) { promise.set_value(std::move(cmw)); });
    return promise.get_future().get();
  }

  fake::TlsIdentity identity = fake::certified();
  TsmKernel kernel;
  TsmFiles files{kernel};
};

fake::TlsSetup server(const Guest& guest, std::shared_ptr<Attester> attester) {
  fake::TlsSetup setup;
  setup.identity = guest.identity;
  setup.config.emplace();
  setup.config->role = Role::server;
  setup.config->attester = std::move(attester);
  return setup;
}

fake::TlsSetup client(const Policy& policy) {
  fake::TlsSetup setup;
  setup.config.emplace();
  setup.config->role = Role::client;
  setup.config->require.emplace();
  setup.config->require->accept = {Tier::affirming, Tier::warning};
  setup.config->require->verifier = make_local_verifier(policy).value();
  return setup;
}

class TsmGuest : public ::testing::TestWithParam<SimulatedTee> {};
INSTANTIATE_TEST_SUITE_P(Tees, TsmGuest, ::testing::Values(SimulatedTee::tdx, SimulatedTee::sev_snp));

TEST_P(TsmGuest, IsAttestedInTheHandshake) {
  const Maker maker(GetParam());
  Guest guest(maker.driver());
  const auto attester = guest.attester();
  ASSERT_TRUE(attester) << attester.error().message();
  fake::TlsPair pair(client(maker.policy), server(guest, *attester));
  pair.run_until_settled();
  ASSERT_TRUE(pair.established()) << (pair.client->error() ? pair.client->error()->message() : "");
  const auto report = pair.client->report();
  ASSERT_TRUE(report && report->peer);
  EXPECT_EQ(report->peer->result()->key, KeyProvenance::measured);
  EXPECT_THAT(guest.kernel.entries(), IsEmpty());
}

TEST_P(TsmGuest, IsRefusedOnAnotherMakersHardware) {
  const Maker maker(GetParam()), other(GetParam());
  Guest guest(other.driver());
  const auto attester = guest.attester();
  ASSERT_TRUE(attester) << attester.error().message();
  fake::TlsPair pair(client(maker.policy), server(guest, *attester));
  pair.run_until_settled();
  ASSERT_FALSE(pair.established());
  EXPECT_TRUE(pair.client->error());
}

TEST_P(TsmGuest, TheDriverTellsTheScheme) {
  const Maker maker(GetParam());
  Guest guest(maker.driver());
  const auto attester = guest.attester().value();
  EXPECT_EQ(attester->schemes().front().argument,
            AttestationScheme{SchemeTable::defaults().find(name(GetParam())).value()}.argument);
  EXPECT_EQ(attester->longest_binder(), 48U);
}

TEST_P(TsmGuest, KeysThatAreNotItsOwnAreRefused) {
  const Maker maker(GetParam());
  Guest guest(maker.driver());
  const auto attester = guest.attester().value();
  auto request = guest.request(*attester);
  request.binder =
      danger::binder_from_bytes(Bytes(32, 0xb1), Hash::sha256,
                                crypto::PrivateKey::generate(crypto::KeyType::p256)->public_key().spki());
  EXPECT_EQ(guest.ask(*attester, std::move(request)).error().code, Code::foreign_key);
  request = guest.request(*attester);
  request.scheme = AttestationScheme{VerifierIdentity{"somebody"}};
  EXPECT_EQ(guest.ask(*attester, std::move(request)).error().code, Code::misuse);
}

TsmKernel::Driver named(std::string name, std::optional<unsigned> floor = {}) {
  return {std::move(name),
          [](ByteView inblob, unsigned level) {
            Bytes out = bytes(inblob);
            out.push_back(static_cast<std::uint8_t>(level));
            return TsmKernel::Blobs{0, std::move(out), {}};
          },
          floor, false};
}

TEST(TsmAttester, KnowsTheDriversOfLinux) {
  for (const auto& [driver, scheme] :
       {std::pair{"tdx_guest", "tdx"}, {"sev_guest", "sev-snp"}, {"arm_cca_guest", "cca"}}) {
    Guest guest(named(driver));
    EXPECT_EQ(guest.attester().value()->schemes().front().argument,
              AttestationScheme{SchemeTable::defaults().find(scheme).value()}.argument);
  }
  Guest other(named("new_guest"));
  const auto refused = other.attester();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::attester_unavailable);
  EXPECT_THAT(refused.error().detail, HasSubstr("new_guest"));
}

TEST(TsmAttester, AsksForTheLevelThatTheKernelAllows) {
  const auto level_of = [](std::optional<unsigned> floor, std::optional<unsigned> wished) {
    Guest guest(named("sev_guest", floor));
    const auto attester = guest.attester(wished).value();
    return guest.ask(*attester, guest.request(*attester))->record()->value.back();
  };
  EXPECT_EQ(level_of(0U, {}), 0);
  EXPECT_EQ(level_of(2U, {}), 2) << "below a service module nothing lower is taken";
  EXPECT_EQ(level_of(1U, 3U), 3);
  for (const auto& [floor, wished] : {std::pair{std::optional(2U), 1U}, {std::optional<unsigned>(), 0U}}) {
    Guest guest(named("sev_guest", floor));
    const auto refused = guest.attester(wished);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::configuration);
    EXPECT_THAT(refused.error().path, HasSubstr("privlevel"));
  }
}

TEST(TsmAttester, NeedsAKey) {
  Guest guest(named("tdx_guest"));
  const auto refused = make_attester({guest.files, std::string(TsmFiles::root), {}},
                                     {.tiks = {}, .path = "", .privlevel = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::configuration);
}

// A host that takes its time keeps nobody waiting but those who asked.
TEST(TsmAttester, ReturnsBeforeTheReportIsThere) {
  std::promise<void> let_go;
  auto driver = named("tdx_guest");
  driver.report_new = [waiting = let_go.get_future().share(), real = driver.report_new](ByteView in,
                                                                                        unsigned level) {
    waiting.wait();
    return real(in, level);
  };
  Guest guest(std::move(driver));
  const auto attester = guest.attester().value();
  std::promise<std::thread::id> answered;
  attester->attest(guest.request(*attester), [&](const Result<Cmw>& made) {
    EXPECT_TRUE(made);
    answered.set_value(std::this_thread::get_id());
  });
  let_go.set_value();
  EXPECT_NE(answered.get_future().get(), std::this_thread::get_id());
}

TEST(TsmAttester, AnswersEveryRequestOnce) {
  std::promise<void> let_go;
  auto driver = named("tdx_guest");
  driver.report_new = [waiting = let_go.get_future().share(), real = driver.report_new](ByteView in,
                                                                                        unsigned level) {
    waiting.wait();
    return real(in, level);
  };
  Guest guest(std::move(driver));
  auto attester = guest.attester().value();
  std::atomic<int> made = 0, dropped = 0;
  for (int i = 0; i < 5; ++i)
    attester->attest(guest.request(*attester), [&](const Result<Cmw>& cmw) {
      EXPECT_TRUE(cmw || cmw.error().code == Code::attester_unavailable);
      ++(cmw ? made : dropped);
    });
  auto ending = std::async(std::launch::async, [&] { attester.reset(); });
  let_go.set_value();
  ending.get();
  EXPECT_EQ(made + dropped, 5);
}

TEST(TsmAttester, AFailureOfTheKernelIsTheAttesters) {
  const Maker maker(SimulatedTee::tdx);
  Guest guest(maker.driver());
  const auto attester = guest.attester().value();
  guest.files.before = [](std::string_view call, const std::string& path) -> std::optional<int> {
    return call == "read" && path.ends_with("outblob") ? std::optional(EIO) : std::nullopt;
  };
  fake::TlsPair pair(client(maker.policy), server(guest, attester));
  pair.run_until_settled();
  ASSERT_TRUE(pair.server->error());
  EXPECT_EQ(pair.server->error()->code, Code::attester_unavailable);
  EXPECT_THAT(pair.server->error()->detail, HasSubstr("/outblob"));
}

}  // namespace
}  // namespace seatls::attest::tsm
