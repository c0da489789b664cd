// A made-up device: every refusal, each with everything else in order. These run without the samples.
#include <gmock/gmock.h>

#include "appraise/schemes/nvidia/report.h"
#include "fake/nvidia_device.h"
#include "seatls/verifiers.h"
#include "support/source_dir.h"
#include "support/verdict.h"

namespace seatls::testing {
namespace {

using fake::NvidiaDevice;
using ::testing::Contains;
using ::testing::HasSubstr;

const Time now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());

struct World : JudgedWorld {
  explicit World(NvidiaDevice made = NvidiaDevice()) : JudgedWorld("nvidia"), device(std::move(made)) {
    policy.danger.simulated_roots = {bytes(device.root->der())};
    auto& p = policy.nvidia;
    p.architectures = {"HOPPER"};
    p.driver = expect::OneOf<std::string>{{"590.12"}};
    p.vbios = expect::OneOf<std::string>{{"96.00.A5.00.01"}};
    for (const auto& [index, value] : device.measurements)
      p.measurements[index] = expect::OneOf<Bytes>{{value}};
    JudgedWorld::now = seatls::testing::now;
  }
  [[nodiscard]] Bytes evidence() const { return device.evidence(binder); }

  NvidiaDevice device;
};

TEST(Nvidia, AGoodDeviceIsAccepted) {
  World world;
  const auto a = world.judge(world.evidence());
  ASSERT_TRUE(a) << Verdict{{}, world.reasons}.told();
  EXPECT_FALSE(a->speaks_of_key);
  EXPECT_EQ(a->vector.worst(), Tier::warning) << "no hardware stands behind it";
  EXPECT_THAT(a->dangers, Contains(HasSubstr("simulated_roots")));
  EXPECT_THAT(a->claims, Contains(std::pair<std::string, std::string>("nvidia.0.driver", "590.12")));
}

TEST(Nvidia, TheRootMustBeNamed) {
  World world;
  world.policy.danger.simulated_roots.clear();
  world.expect_refused(world.evidence(), {Code::untrusted_attestation_key});
  const NvidiaDevice other;
  world.policy.danger.simulated_roots = {bytes(other.root->der())};
  world.expect_refused(world.evidence(), {Code::untrusted_attestation_key});
}

TEST(Nvidia, ARootOfAnotherNameIsNone) {
  World world;
  crypto::CertificateSpec spec;
  spec.is_ca = true;
  spec.common_name = "NVIDIA Device Identity CA";
  world.device.root.emplace(crypto::make_self_signed(spec, world.device.root_key).value());
  spec.common_name = "GH100 A01 GSP BROM";
  world.device.device.emplace(crypto::make_certificate(spec, world.device.device_key.public_key(),
                                                       {*world.device.root, world.device.root_key})
                                  .value());
  world.device.certify();
  world.policy.danger.simulated_roots = {bytes(world.device.root->der())};
  world.expect_refused(world.evidence(), {Code::untrusted_attestation_key});
}

TEST(Nvidia, AnotherBinderIsRefused) {
  World world;
  world.expect_refused(world.device.evidence(Bytes(32, 1)), {Code::binder_mismatch});
  world.binder = Bytes(48, 0xb1);
  world.expect_refused(world.device.evidence(Bytes(32, 0xb1)), {Code::binder_mismatch});
}

TEST(Nvidia, ASignatureOfAnotherKeyIsRefused) {
  World world;
  world.device.key = crypto::PrivateKey::generate(crypto::KeyType::p384).value();
  world.expect_refused(world.evidence(), {Code::signature_invalid});
}

TEST(Nvidia, TheFirmwareIsTheOneThatTheKeyWasMadeFor) {
  NvidiaDevice device;
  device.certified_firmware = Bytes(48, 0x66);
  device.certify();
  device.fields[20] = Bytes(48, 0x66);
  World world(std::move(device));
  world.expect_accepted(world.evidence());
  world.device.fields[20] = Bytes(48, 0x67);
  world.expect_refused(world.evidence(), {Code::evidence_inconsistent});
  world.device.fields[20] = Bytes(48, 0x66);
  world.device.certified_firmware.reset();
  world.device.certify();
  world.expect_refused(world.evidence(), {Code::evidence_inconsistent});
}

TEST(Nvidia, AnUnknownChipIsOfNoArchitecture) {
  World world(NvidiaDevice("GA100"));
  EXPECT_FALSE(world.judge(world.evidence()));
  EXPECT_THAT((Verdict{{}, world.reasons}.told()), HasSubstr("\"GA100\""));
}

TEST(Nvidia, ASwitchHasNoDriver) {
  NvidiaDevice device("LS_10");
  device.fields = {{6, bytes(std::string_view("96.10.55.00.01"))}};
  World world(std::move(device));
  world.policy.nvidia.architectures = {"LS10"};
  world.policy.nvidia.driver = {};
  world.policy.nvidia.vbios = expect::OneOf<std::string>{{"96.10.55.00.01"}};
  world.expect_accepted(world.evidence());
}

TEST(Nvidia, MeasurementsAreThoseOfThePolicy) {
  World world;
  world.device.measurements[2] = Bytes(48, 0x99);
  world.expect_refused(world.evidence(), {Code::reference_mismatch});
  world.device.measurements.erase(2);
  world.expect_refused(world.evidence(), {Code::reference_mismatch});
  world.device.measurements[2] = Bytes(48, 2);
  world.device.measurements[9] = Bytes(48, 0);
  world.expect_refused(world.evidence(), {Code::policy_unset});
  world.policy.nvidia.measurements[9] = expect::Any{};
  const auto a = world.judge(world.evidence());
  ASSERT_TRUE(a);
  EXPECT_THAT(a->dangers, Contains("expect.any: nvidia.measurements.9"));
}

// A device says nothing of the TLS key: by itself it proves nothing of a peer.
TEST(Nvidia, AloneItDoesNotSpeakForAKey) {
  const World world;
  const auto mistakes = validate(world.policy);
  EXPECT_TRUE(mistakes.empty()) << mistakes.front().message();
  OfflineCredential credential;
  credential.bytes = world.evidence();
  credential.binder = world.binder;
  credential.at = now;
  auto result = appraise_offline(world.policy, credential).value();
  ASSERT_NE(result.first_fatal(), nullptr);
  EXPECT_EQ(result->scheme, "nvidia") << "raw evidence is recognised";
  EXPECT_EQ(result.first_fatal()->code, Code::key_unproven);
  Policy policy = world.policy;
  policy.danger.allow_unproven_tik = true;
  result = appraise_offline(policy, credential).value();
  EXPECT_EQ(result.first_fatal(), nullptr);
  EXPECT_EQ(result->key, KeyProvenance::none);
  EXPECT_THAT(result->dangers, Contains("allow_unproven_tik"));
}

TEST(Nvidia, ReportsAreReadStrictly) {
  const NvidiaDevice device;
  const Bytes nonce(32, 0xb1);
  const Bytes good = device.report(nonce);
  ASSERT_TRUE(appraise::nvidia::parse_report(good));
  const auto refused = [&](std::size_t at, std::uint8_t value) {
    Bytes bad = good;
    bad[at] = value;
    return !appraise::nvidia::parse_report(bad);
  };
  EXPECT_TRUE(refused(0, 0x10)) << "another version";
  EXPECT_TRUE(refused(1, 0xe1)) << "another request";
  EXPECT_TRUE(refused(2, 0)) << "a request without signature";
  EXPECT_TRUE(refused(3, 1)) << "a request for one measurement";
  EXPECT_TRUE(refused(37, 0x12));
  EXPECT_TRUE(refused(38, 0x61));
  EXPECT_TRUE(refused(41, 3)) << "fewer blocks than there are";
  EXPECT_TRUE(refused(41, 5));
  EXPECT_TRUE(refused(45, 0)) << "no index";
  EXPECT_TRUE(refused(45, 2)) << "an index twice";
  EXPECT_TRUE(refused(46, 2)) << "another specification";
  for (std::size_t n = 0; n < good.size(); ++n)
    ASSERT_FALSE(appraise::nvidia::parse_report(ByteView(good).first(n))) << n;
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(appraise::nvidia::parse_report(longer));
  EXPECT_EQ(appraise::nvidia::parse_report(device.report(nonce))->driver_version(), "590.12");
}

TEST(NvidiaPolicyText, EveryMistake) {
  const std::string head = "id = \"x\"\nschemes = [\"nvidia\"]\n[nvidia]\n";
  const std::pair<std::string, std::string> rows[] = {
      {"", "nvidia.architectures: no architecture is accepted"},
      {"architectures = [\"AMPERE\"]\n", "there is no architecture \"AMPERE\""},
      {"architectures = [\"HOPPER\"]\n", "nvidia.rims: nothing says what a device may measure"},
      {"architectures = [\"HOPPER\"]\n", "nvidia.driver: no version is accepted"},
      {"architectures = [\"HOPPER\"]\n", "nvidia.vbios: no version is accepted"},
      {"rims = [\"CMakeLists.txt\"]\n", "nvidia.rims"},
      {"rim = \"x\"\n", "nvidia.rim: there is no such key"},
      {"[nvidia.measurements]\n0 = \"expect.any\"\n", "there are measurements 1 to 255"},
      {"[nvidia.measurements]\n1 = \"aa\"\n", "nvidia.measurements.1: a value has 1 bytes"},
  };
  for (const auto& [text, wanted] : rows) {
    std::string told;
    for (const auto& m : check_policy_text(head + text, source_dir().string(), "p.toml").mistakes)
      told += m.message() + "\n";
    EXPECT_THAT(told, HasSubstr(wanted)) << text;
  }
  EXPECT_TRUE(
      check_policy_text(
          head + "architectures = [\"LS10\"]\nvbios = \"96\"\n[nvidia.measurements]\n1 = \"expect.any\"\n",
          ".", "p.toml")
          .policy)
      << "a switch has no driver";
}

}  // namespace
}  // namespace seatls::testing
