// Reports of real GPUs and switches: what verifies, what does not, and what a policy makes of them.
#include <gmock/gmock.h>

#include "unit/nvidia/samples.h"

namespace seatls::testing::nvidia {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NvidiaSamples : public ::testing::Test {
 protected:
  void SetUp() override { SEATLS_NEEDS_SAMPLES(); }
  static Case switch_case() {
    const auto all = cases();
    return *std::ranges::find(all, "nvidia/switch-ls10/switchAttestationReport.txt", &Case::name);
  }
  static Case hopper_case() {
    const auto all = cases();
    return *std::ranges::find(all, "nvidia/hopper-sdk/hopper_evidence.json[0]", &Case::name);
  }
  // with_byte flips a bit of a report in hex.
  static Bytes with_byte(Bytes evidence, std::size_t offset) {
    auto& digit = evidence[2 * offset + 1];
    digit = digit == '0' ? '1' : '0';
    return evidence;
  }
};

TEST_F(NvidiaSamples, SayWhatTheManifestExpects) {
  ASSERT_GE(cases().size(), 10U);
  for (const auto& c : cases()) {
    const Bytes nonce = hex(c.expected["nonce"]);
    const auto verdict = judge(c.evidence, policy_for(c.evidence), nonce);
    const auto device = read(c.evidence).devices.front();
    EXPECT_EQ(device.report.nonce, nonce) << c.name;
    EXPECT_EQ(device.chain.size(), 5U) << c.name;
    if (c.expected["valid"].is_boolean() && !c.expected["valid"].get<bool>()) {
      EXPECT_EQ(verdict.fatal().front(), "signature_invalid") << c.name << "\n" << verdict.told();
    } else {
      ASSERT_TRUE(verdict.assessment) << c.name << "\n" << verdict.told();
      EXPECT_FALSE(verdict.assessment->speaks_of_key);
      EXPECT_EQ(verdict.assessment->vector[TrustClaim::executables], 3) << c.name;
      EXPECT_EQ(verdict.assessment->instance.size(), 2U);
    }
  }
}

TEST_F(NvidiaSamples, AnotherNonceIsRefused) {
  const auto c = hopper_case();
  EXPECT_THAT(judge(c.evidence, policy_for(c.evidence), Bytes(32, 7)).fatal(),
              ElementsAre("binder_mismatch"));
  Bytes longer = hex(c.expected["nonce"]);
  longer.resize(48, 0);
  EXPECT_THAT(judge(c.evidence, policy_for(c.evidence), longer).fatal(), ElementsAre("binder_mismatch"));
}

// The request is signed along with the answer: another question cannot be put in front of it.
TEST_F(NvidiaSamples, EveryByteOfAReportIsSigned) {
  const auto c = switch_case();
  const auto policy = policy_for(c.evidence);
  const Bytes nonce = hex(c.expected["nonce"]);
  const std::size_t size = sample("nvidia/switch-ls10/switchAttestationReport.txt").size() / 2;
  std::size_t signatures = 0;
  for (std::size_t i = 0; i < size; i += 7) {
    const auto verdict = judge(with_byte(c.evidence, i), policy, nonce);
    ASSERT_FALSE(verdict.assessment) << "byte " << i;
    signatures += verdict.has(Code::signature_invalid) ? 1 : 0;
    EXPECT_TRUE(verdict.has(Code::signature_invalid) || verdict.has(Code::evidence_malformed))
        << i << "\n"
        << verdict.told();
  }
  EXPECT_GT(signatures, size / 14) << "most bytes are read, and refused for their signature";
}

TEST_F(NvidiaSamples, ACutReportIsNotRead) {
  const std::string text = sample_text("nvidia/switch-ls10/switchAttestationReport.txt");
  for (std::size_t n = 0; n < text.size(); n += 2)
    ASSERT_FALSE(appraise::nvidia::parse(
        Cmw(CmwRecord{MediaType{"x/y"}, bytes(std::string_view(text).substr(0, n)), 0})))
        << n;
}

TEST_F(NvidiaSamples, AReportWithoutItsChainIsReadAndRefused) {
  const Bytes report = sample("nvidia/switch-ls10/switchAttestationReport.txt");
  const auto c = switch_case();
  const auto verdict = judge(report, policy_for(report), hex(c.expected["nonce"]));
  EXPECT_EQ(verdict.fatal().front(), "untrusted_attestation_key") << verdict.told();
}

TEST_F(NvidiaSamples, TheChainOfAnotherDeviceDoesNotVerifyTheReport) {
  const auto c = hopper_case();
  Bytes evidence = sample("nvidia/hopper-report/hopperAttestationReport.txt");
  const Bytes chain = sample("nvidia/hopper-negatives/hopperCertChain.txt");
  evidence.insert(evidence.end(), chain.begin(), chain.end());
  const auto nonce = read(evidence).devices.front().report.nonce;
  EXPECT_THAT(judge(evidence, policy_for(evidence), nonce).fatal(),
              ElementsAre("signature_invalid", "evidence_inconsistent"))
      << "and the key is for other firmware";
}

TEST_F(NvidiaSamples, AChainThatDoesNotEndAtNvidiaIsRefused) {
  const auto c = switch_case();
  std::string text = seatls::text(c.evidence);
  // Without the provisioner's certificate nothing leads from the device to the root.
  const auto second = text.find("-----BEGIN", text.find("-----BEGIN", text.find("-----BEGIN") + 1) + 1);
  const auto third = text.find("-----BEGIN", second + 1);
  text.erase(second, third - second);
  const auto verdict = judge(bytes(std::string_view(text)), policy_for(c.evidence), hex(c.expected["nonce"]));
  EXPECT_THAT(verdict.fatal(), ElementsAre("untrusted_attestation_key")) << verdict.told();
}

TEST_F(NvidiaSamples, WhatStandsAroundTheReportMustAgreeWithIt) {
  const auto c = hopper_case();
  const Bytes nonce = hex(c.expected["nonce"]);
  const auto changed = [&](const std::string& key, const std::string& value) {
    auto list = nlohmann::json::parse(c.evidence);
    list[0][key] = value;
    return bytes(std::string_view(list.dump()));
  };
  EXPECT_THAT(judge(changed("arch", "BLACKWELL"), policy_for(c.evidence), nonce).fatal(),
              ElementsAre("evidence_inconsistent"));
  EXPECT_THAT(judge(changed("nonce", std::string(64, '0')), policy_for(c.evidence), nonce).fatal(),
              ElementsAre("evidence_inconsistent"));
  EXPECT_TRUE(judge(changed("more", "x"), policy_for(c.evidence), nonce).assessment);
}

TEST_F(NvidiaSamples, AreReadAsAVerifierIsAskedToo) {
  const auto c = hopper_case();
  auto list = nlohmann::json::parse(c.evidence);
  list[0].erase("arch");
  list[0].erase("nonce");
  const nlohmann::json asked = {{"arch", "HOPPER"}, {"nonce", c.expected["nonce"]}, {"evidence_list", list}};
  const Bytes evidence = bytes(std::string_view(asked.dump()));
  EXPECT_TRUE(judge(evidence, policy_for(c.evidence), hex(c.expected["nonce"])).assessment);
}

TEST_F(NvidiaSamples, OneDeviceIsNotTwo) {
  const auto c = hopper_case();
  auto list = nlohmann::json::parse(c.evidence);
  list.push_back(list[0]);
  const auto verdict =
      judge(bytes(std::string_view(list.dump())), policy_for(c.evidence), hex(c.expected["nonce"]));
  EXPECT_THAT(verdict.fatal(), ElementsAre("evidence_inconsistent")) << verdict.told();
}

TEST_F(NvidiaSamples, TwoDevicesAreJudgedEach) {
  const auto c = hopper_case();
  auto list = nlohmann::json::parse(c.evidence);
  list.push_back(nlohmann::json::parse(sample_text("nvidia/hopper-sdk/evidence_hopper_590_12.json"))[0]);
  const Bytes evidence = bytes(std::string_view(list.dump()));
  auto policy = policy_for(c.evidence);
  const auto both = read(evidence);
  for (const auto& [index, m] : both.devices[1].report.measurements) {
    auto values = policy.nvidia.measurements[index].values();
    values.push_back(m.value);
    policy.nvidia.measurements[index] = expect::OneOf<Bytes>{values};
  }
  const auto verdict = judge(evidence, policy, hex(c.expected["nonce"]));
  ASSERT_TRUE(verdict.assessment) << verdict.told();
  EXPECT_EQ(verdict.assessment->instance.size(), 4U);
}

TEST_F(NvidiaSamples, WhatThePolicyDoesNotNameIsRefused) {
  const auto c = hopper_case();
  const Bytes nonce = hex(c.expected["nonce"]);
  const auto refused = [&](const std::function<void(NvidiaPolicy&)>& change) {
    auto policy = policy_for(c.evidence);
    change(policy.nvidia);
    const auto verdict = judge(c.evidence, policy, nonce);
    EXPECT_FALSE(verdict.assessment);
    return verdict.told();
  };
  EXPECT_THAT(refused([](auto& p) { p.architectures = {"LS10"}; }), HasSubstr("is HOPPER, which"));
  EXPECT_THAT(refused([](auto& p) { p.architectures.clear(); }),
              HasSubstr("policy_unset at nvidia[0] > architecture"));
  EXPECT_THAT(refused([](auto& p) { p.driver = {}; }), HasSubstr("policy_unset at nvidia[0] > driver"));
  EXPECT_THAT(refused([](auto& p) { p.driver = expect::FromCorim{}; }),
              HasSubstr("reference_mismatch at nvidia[0] > driver"));
  EXPECT_THAT(refused([](auto& p) { p.driver = expect::OneOf<std::string>{{"535.1"}}; }),
              HasSubstr("is \"590.12\"; nvidia.driver does not accept that"));
  EXPECT_THAT(refused([](auto& p) { p.vbios = expect::OneOf<std::string>{{"96"}}; }),
              HasSubstr("is \"96.00.A5.00.01\"; nvidia.vbios does not"));
  EXPECT_THAT(refused([](auto& p) { p.measurements.erase(5); }),
              HasSubstr("nvidia.measurements does not name the measurements 5"));
  EXPECT_THAT(refused([](auto& p) { p.measurements[5] = {}; }),
              HasSubstr("policy_unset at nvidia[0] > measurement 5"));
  EXPECT_THAT(refused([](auto& p) { p.measurements[5] = expect::OneOf<Bytes>{{Bytes(48, 9)}}; }),
              HasSubstr("reference_mismatch at nvidia[0] > measurement 5"));
  EXPECT_THAT(refused([](auto& p) { p.measurements[200] = expect::Any{}; }),
              HasSubstr("judges it, and the report does not have it"));
}

TEST_F(NvidiaSamples, ASwitchIsHeldAgainstItsManifest) {
  const auto c = switch_case();
  const Bytes nonce = hex(c.expected["nonce"]);
  Policy policy = policy_for(c.evidence);
  policy.nvidia.measurements.clear();
  policy.nvidia.rims = {rim("nvidia/switch-ls10/switchVBIOSRim_NV_SWITCH_BIOS_5612_0002_890_9610550001.xml")};
  auto verdict = judge(c.evidence, policy, nonce);
  ASSERT_TRUE(verdict.assessment) << verdict.told();
  EXPECT_EQ(verdict.assessment->vector[TrustClaim::executables], 3);
  // The policy's own value comes first.
  policy.nvidia.measurements[1] = expect::OneOf<Bytes>{{Bytes(48, 1)}};
  EXPECT_THAT(judge(c.evidence, policy, nonce).fatal(), ElementsAre("reference_mismatch"));
  policy.nvidia.measurements.clear();
  // After its end the manifest is no reference any more.
  EXPECT_THAT(judge(c.evidence, policy, nonce, base::from_rfc3339("2030-01-01T00:00:00Z").value()).fatal(),
              ::testing::Contains("collateral_stale"));
  // Of another version there is none.
  policy.nvidia.rims = {rim("nvidia/hopper-report/NV_GPU_DRIVER_GH100_550.144.03.xml")};
  verdict = judge(c.evidence, policy, nonce);
  EXPECT_THAT(verdict.fatal(), ElementsAre("collateral_missing"));
  EXPECT_THAT(verdict.told(), HasSubstr("no manifest of vbios 96.10.55.00.01"));
}

TEST_F(NvidiaSamples, AMeasurementThatTheManifestDoesNotListIsRefused) {
  const auto c = switch_case();
  Policy policy = policy_for(c.evidence);
  policy.nvidia.measurements.clear();
  policy.nvidia.rims = {rim("nvidia/switch-ls10/switchVBIOSRim_NV_SWITCH_BIOS_5612_0002_890_9610550001.xml")};
  // Of what does not verify the policy still says what it would object to.
  const auto& active = policy.nvidia.rims[0].impl().active;
  const auto report = read(c.evidence).devices.front().report;
  for (const auto& [index, values] : active) {
    if (!report.measurements.contains(index)) continue;
    // Blocks of 55 bytes, in the order of their indices, behind the request and the response's header.
    const Bytes changed = with_byte(c.evidence, 37 + 8 + 55 * (index - 1) + 7);
    const auto verdict = judge(changed, policy, report.nonce);
    EXPECT_TRUE(verdict.has(Code::signature_invalid));
    EXPECT_TRUE(verdict.has(Code::reference_mismatch)) << index << "\n" << verdict.told();
  }
}

// A manifest that was good in its time, and a GPU of its version that measured something else.
TEST_F(NvidiaSamples, AGpuThatMeasuredSomethingElseIsRefused) {
  const auto all = cases();
  const auto c = *std::ranges::find(all, "nvidia/hopper-negatives/hopperAttestationReport.txt", &Case::name);
  Policy policy = policy_for(c.evidence);
  const Time then = base::from_rfc3339("2025-06-01T00:00:00Z").value();
  policy.nvidia.rims = {
      rim("nvidia/hopper-negatives/NV_GPU_VBIOS_1010_0200_882_96005E0001_measurement_mismatch.xml")};
  for (const auto& [index, values] : policy.nvidia.rims[0].impl().active)
    policy.nvidia.measurements.erase(index);
  const auto verdict = judge(c.evidence, policy, hex(c.expected["nonce"]), then);
  ASSERT_FALSE(verdict.assessment);
  for (const auto& code : verdict.fatal()) EXPECT_EQ(code, "reference_mismatch") << verdict.told();
}

TEST_F(NvidiaSamples, AGpuNeedsTheManifestsOfDriverAndVbios) {
  const auto c = hopper_case();
  Policy policy = policy_for(c.evidence);
  policy.nvidia.measurements.clear();
  const auto verdict = judge(c.evidence, policy, hex(c.expected["nonce"]));
  EXPECT_THAT(verdict.fatal(), ElementsAre("policy_unset"));
  EXPECT_THAT(verdict.told(), HasSubstr("driver 590.12 and of vbios 96.00.A5.00.01"));
}

TEST_F(NvidiaSamples, ManifestsAreSignedByNvidia) {
  struct Row {
    std::string file, code;
  };
  const Row rows[] = {
      {"hopper-report/NV_GPU_DRIVER_GH100_550.144.03.xml", "accepted"},
      {"switch-ls10/switchVBIOSRim_NV_SWITCH_BIOS_5612_0002_890_9610550001.xml", "accepted"},
      {"hopper-report/incorrect_signature_driver_rim.xml", "collateral_invalid"},
      {"hopper-report/incorrect_cert_chain_driver_rim.xml", "collateral_invalid"},
      {"hopper-negatives/NV_GPU_DRIVER_GH100_535.86.09_measurement_mismatch.xml", "collateral_invalid"},
      {"hopper-negatives/NV_GPU_VBIOS_1010_0200_882_96005E0001_measurement_mismatch.xml", "collateral_stale"},
      {"hopper-negatives/NV_GPU_DRIVER_GH100_570.124.03_expired.xml", "collateral_invalid"},
      {"switch-ls10/rim_invalid_signature.xml", "collateral_invalid"},
  };
  for (const auto& row : rows) {
    const auto verified = appraise::nvidia::verify_rim(rim("nvidia/" + row.file), now());
    EXPECT_EQ(verified ? "accepted" : std::string(name(verified.error().code)), row.code)
        << row.file << (verified ? "" : ": " + verified.error().message());
  }
}

// Every value that a manifest lists is covered by its signature.
TEST_F(NvidiaSamples, AChangedManifestIsNoManifest) {
  const std::string good = sample_text("nvidia/hopper-report/NV_GPU_DRIVER_GH100_550.144.03.xml");
  const auto changed = [&](const std::string& old, const std::string& by) {
    std::string text = good;
    const auto at = text.find(old);
    EXPECT_NE(at, std::string::npos) << old;
    const auto parsed = NvidiaRim::parse(text.replace(at, old.size(), by));
    if (!parsed) return std::string("unread");
    const auto verified = appraise::nvidia::verify_rim(*parsed, now());
    return verified ? std::string("accepted") : std::string(name(verified.error().code));
  };
  EXPECT_EQ(changed("colloquialVersion=\"550", "colloquialVersion=\"551"), "collateral_invalid");
  EXPECT_EQ(changed("active=\"True\"", "active=\"False\""), "collateral_invalid");
  EXPECT_EQ(changed("product=\"GH100\"", "product=\"GH200\""), "collateral_invalid");
  EXPECT_EQ(changed("</ns0:Payload>", "</ns0:Payload><x/>"), "collateral_invalid");
  EXPECT_EQ(changed("</ns0:Payload>", " </ns0:Payload>"), "collateral_invalid");
  EXPECT_EQ(changed("corpus=\"false\"", "corpus='false'"), "accepted")
      << "the same document in canonical form";
  EXPECT_EQ(changed("</ns0:Payload>", "<!-- --></ns0:Payload>"), "accepted") << "a comment says nothing";
  EXPECT_EQ(changed("xml-c14n11\"/><ds:SignatureMethod", "xml-c14n\"/><ds:SignatureMethod"),
            "collateral_invalid");
  EXPECT_EQ(changed("URI=\"\"", "URI=\"#x\""), "collateral_invalid");
  EXPECT_EQ(
      changed("<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>", ""),
      "collateral_invalid");
  EXPECT_EQ(changed("<ds:SignedInfo>", "<ds:SignedInfo Id=\"x\">"), "collateral_invalid");
  EXPECT_EQ(changed("<SoftwareIdentity", "<!DOCTYPE x [<!ENTITY y \"z\">]><SoftwareIdentity"), "unread");
  EXPECT_EQ(changed("</SoftwareIdentity>",
                    "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/></SoftwareIdentity>"),
            "unread");
  EXPECT_EQ(changed("<ns0:Payload", "<?x y?><ns0:Payload"), "unread");
  EXPECT_EQ(changed("</SoftwareIdentity>", ""), "unread");
  EXPECT_EQ(changed("index=\"1\"", "index=\"0\""), "unread");
  EXPECT_EQ(changed("index=\"1\"", "index=\"255\""), "unread");
}

// A whole other document cannot be put around the signed one.
TEST_F(NvidiaSamples, AWrappedManifestIsNoManifest) {
  const std::string good = sample_text("nvidia/hopper-report/NV_GPU_DRIVER_GH100_550.144.03.xml");
  const auto signature = good.find("<ds:Signature");
  const std::string inner = good.substr(0, signature) + "</SoftwareIdentity>";
  std::string forged = good.substr(0, signature);
  const auto at = forged.find("active=\"False\"");
  forged.replace(at, 14, "active=\"True\"");
  // The original moves into an object of the signature, which the reference leaves out.
  std::string sig = good.substr(signature);
  const auto end = sig.find("</ds:Signature>");
  sig.insert(end, "<ds:Object>" + inner + "</ds:Object>");
  const auto parsed = NvidiaRim::parse(forged + sig);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(appraise::nvidia::verify_rim(*parsed, now()).error().code, Code::collateral_invalid);
}

// Claims that nobody signed: the outer token of this form says so itself ("alg": "none").
TEST_F(NvidiaSamples, ClaimsWithoutASignatureAreNoEvidence) {
  const Bytes claims = sample("nvidia/dstack-h100-eat/gpu_attestation_h100.json");
  const auto verdict = judge(claims, policy_for(hopper_case().evidence), Bytes(32, 0x11));
  EXPECT_THAT(verdict.fatal(), ElementsAre("evidence_malformed")) << verdict.told();
}

}  // namespace
}  // namespace seatls::testing::nvidia
