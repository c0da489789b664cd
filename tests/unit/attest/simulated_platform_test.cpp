// Made-up platforms that are kept: the same root, in this program or the next.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/x509.h"
#include "seatls/simulated_snp.h"

namespace seatls {
namespace {

using ::testing::HasSubstr;

constexpr SimulatedTee kinds[] = {SimulatedTee::tdx, SimulatedTee::sgx, SimulatedTee::sev_snp,
                                  SimulatedTee::nitro, SimulatedTee::cca};

// Trust domains and enclaves run on the same platforms.
bool is_intel(SimulatedTee tee) { return tee == SimulatedTee::tdx || tee == SimulatedTee::sgx; }

std::vector<Spki> keys() {
  return {crypto::PrivateKey::generate(crypto::KeyType::p256)->public_key().spki()};
}

Simulated made(SimulatedTee tee, SimulatedPlatform platform = {}) {
  return make_simulated({.tee = tee, .tiks = keys(), .platform = std::move(platform), .measurement = {}})
      .value();
}

std::string pem_of(const SimulatedPlatform& platform) { return text(platform.to_pem()->reveal()); }

TEST(SimulatedPlatform, IsKeptAndGoneOnWith) {
  for (const auto kind : kinds) {
    const auto first = made(kind);
    EXPECT_EQ(first.attester->schemes().front().argument,
              AttestationScheme{SchemeTable::defaults().find(name(kind)).value()}.argument);
    EXPECT_EQ(first.root_pem, first.platform.root_pem());
    EXPECT_EQ(first.collateral.empty(), !is_intel(kind));
    const std::string kept = pem_of(first.platform);
    const auto read = SimulatedPlatform::from_pem(kept);
    ASSERT_TRUE(read) << read.error().message();
    const auto second = made(kind, *read);
    EXPECT_EQ(second.root_pem, first.root_pem) << name(kind);
    EXPECT_EQ(pem_of(second.platform), kept);
    EXPECT_NE(made(kind).root_pem, first.root_pem) << "nobody else has that root";
  }
}

TEST(SimulatedPlatform, SaysThatItIsSimulated) {
  for (const auto kind : kinds) {
    const auto root = crypto::parse_pem_certificates(made(kind).root_pem)->front();
    EXPECT_THAT(root.subject_common_name(), HasSubstr("SEATLS-SIMULATED-")) << name(kind);
    EXPECT_EQ(simulated_tee(name(kind)), kind);
  }
  EXPECT_EQ(simulated_tee("psa"), std::nullopt);
}

TEST(SimulatedPlatform, IsOfOneKind) {
  for (const auto kind : kinds)
    for (const auto other : kinds) {
      if (kind == other || (is_intel(kind) && is_intel(other))) continue;
      const auto refused =
          make_simulated({.tee = kind, .tiks = keys(), .platform = made(other).platform, .measurement = {}});
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, Code::configuration);
      EXPECT_THAT(refused.error().detail, HasSubstr("SEATLS-SIMULATED-"));
    }
  SimulatedSnpOptions milan;
  milan.product = SnpProduct::milan;
  milan.tiks = keys();
  milan.platform = made(SimulatedTee::sev_snp).platform;
  EXPECT_EQ(make_simulated_snp(milan).error().code, Code::configuration) << "the default is Genoa";
}

TEST(SimulatedPlatform, RefusesWhatIsNone) {
  const std::string whole = pem_of(made(SimulatedTee::tdx).platform);
  const auto other = pem_of(made(SimulatedTee::tdx).platform);
  const auto second = [](const std::string& pem) { return pem.find("-----BEGIN CERTIFICATE", 1); };
  const std::string bad[] = {
      "",
      "rubbish",
      whole.substr(0, whole.find("-----BEGIN PRIVATE")),   // no key at all
      whole.substr(0, whole.rfind("-----BEGIN PRIVATE")),  // no key of the last
      whole.substr(0, second(whole)) + other.substr(0, other.find("-----BEGIN PRIVATE")) +
          whole.substr(whole.rfind("-----BEGIN PRIVATE")),  // another certificate's key
  };
  for (const auto& pem : bad) {
    const auto refused = SimulatedPlatform::from_pem(pem);
    ASSERT_FALSE(refused) << pem;
    EXPECT_EQ(category(refused.error().code), Category::decode) << refused.error().message();
  }
  EXPECT_EQ(SimulatedPlatform().to_pem().error().code, Code::misuse);
  // One issuer of the two.
  const auto root = SimulatedPlatform::from_pem(whole.substr(0, second(whole)));
  ASSERT_TRUE(root);
  EXPECT_EQ(make_simulated({.tee = SimulatedTee::tdx, .tiks = keys(), .platform = *root, .measurement = {}})
                .error()
                .code,
            Code::configuration);
}

TEST(SimulatedPlatform, MeasurementsHaveTheirSize) {
  for (const auto kind : kinds)
    EXPECT_EQ(make_simulated({.tee = kind, .tiks = keys(), .platform = {}, .measurement = Bytes(31, 1)})
                  .error()
                  .code,
              Code::configuration)
        << name(kind);
}

}  // namespace
}  // namespace seatls
