// Quotes of real SGX machines, and what their collectors and other verifiers say of them.
#include <gmock/gmock.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "support/manifest.h"
#include "unit/appraise/intel_kit.h"

namespace seatls::appraise {
namespace {

using nlohmann::json;
using seatls::testing::sample;
using testing::code_of;
using ::testing::HasSubstr;
using testing::judge;
using testing::reasons_of;

class SgxSamples : public ::testing::Test {
 protected:
  void SetUp() override {
    SEATLS_NEEDS_SAMPLES();
    manifest = seatls::testing::manifest();
    quote = sample("sgx/v3-dcapqvl/quote.bin");
    collateral = text(sample("sgx/v3-dcapqvl/collateral.json"));
    about = expected("sgx/v3-dcapqvl")["collateral"]["collateral.json"];
    at = seatls::testing::unix_time(about["verify_at_unix"]);
    parsed = intel::parse_quote(quote).value();
    policy = policy_of(*parsed.enclave());
    policy.sgx.tcb.collateral = {IntelCollateral::parse(collateral).value()};
  }
  [[nodiscard]] json expected(const std::string& id) const {
    for (const auto& s : manifest["samples"])
      if (s["id"] == id) return s["expected"];
    return {};
  }
  static Policy policy_of(const intel::EnclaveReport& r) {
    Policy p;
    p.id = "test";
    p.schemes = {"sgx"};
    p.sgx.mr_enclave = expect::Exactly<Bytes>{testing::raw(r.mr_enclave)};
    p.sgx.config_id = expect::Exactly<Bytes>{testing::raw(r.config_id)};
    return p;
  }
  [[nodiscard]] AttestationResult result(const Policy& p) const {
    return judge("sgx", quote, p, parsed.enclave()->report_data, at);
  }

  json manifest, about;
  Bytes quote;
  std::string collateral;
  Time at{};
  intel::Quote parsed;
  Policy policy;
};

TEST_F(SgxSamples, EveryFieldIsWhatTheManifestSays) {
  for (const char* id : {"sgx/v3-dcapqvl", "sgx/v3-intel-qvl-sample", "sgx/v3-occlum-debug"}) {
    const auto says = expected(id)["quotes"]["quote.bin"];
    const auto q = intel::parse_quote(sample(std::string(id) + "/quote.bin"));
    ASSERT_TRUE(q) << q.error().message();
    ASSERT_NE(q->enclave(), nullptr);
    const auto& r = *q->enclave();
    for (const auto& [key, value] : says.items()) {
      if (key == "mr_enclave") {
        EXPECT_EQ(base::to_hex(r.mr_enclave), value.get<std::string>());
      }
      if (key == "mr_signer") {
        EXPECT_EQ(base::to_hex(r.mr_signer), value.get<std::string>());
      }
      if (key == "report_data") {
        EXPECT_EQ(base::to_hex(r.report_data), value.get<std::string>());
      }
      if (key == "isv_prod_id") {
        EXPECT_EQ(r.isv_prod_id, value.get<unsigned>());
      }
      if (key == "isv_svn") {
        EXPECT_EQ(r.isv_svn, value.get<unsigned>());
      }
      if (key == "debug") {
        EXPECT_EQ(r.debug(), value.get<bool>());
      }
      if (key == "cert_data_type") {
        EXPECT_EQ(q->certification_type, value.get<unsigned>());
      }
      if (key == "qe_isv_svn") {
        EXPECT_EQ(q->qe_report.isv_svn, value.get<unsigned>());
      }
    }
  }
}

TEST_F(SgxSamples, TheVerdictAgreesWithAnotherVerifiers) {
  const auto refused = result(policy);
  EXPECT_EQ(code_of(refused), Code::tcb_rejected) << reasons_of(refused);
  EXPECT_EQ(testing::claim_of(refused, "sgx.tcb.status"), about["tcb_status"].get<std::string>());
  EXPECT_EQ(testing::claim_of(refused, "sgx.tcb.advisories"), "INTEL-SA-00289, INTEL-SA-00615");
  Policy lenient = policy;
  lenient.sgx.tcb.tcb_status = {"ConfigurationAndSWHardeningNeeded"};
  EXPECT_EQ(code_of(result(lenient)), Code::tcb_rejected);  // two advisories are open
  lenient.sgx.tcb.advisories = expect::OneOf<std::string>{{"INTEL-SA-00289", "INTEL-SA-00615"}};
  const auto accepted = result(lenient);
  EXPECT_EQ(accepted.first_fatal(), nullptr) << reasons_of(accepted);
  EXPECT_EQ(accepted.tier(), Tier::affirming);
  EXPECT_EQ(accepted->key, KeyProvenance::measured);
  lenient.sgx.mr_enclave = expect::Any{};
  EXPECT_EQ(code_of(result(lenient)), Code::key_unproven);
  lenient.sgx.mr_enclave = expect::Exactly<Bytes>{Bytes(32)};
  EXPECT_EQ(code_of(result(lenient)), Code::reference_mismatch);
  lenient.sgx.mr_enclave = {};
  EXPECT_EQ(code_of(result(lenient)), Code::policy_unset);
  lenient.sgx.mr_signer = expect::Exactly<Bytes>{testing::raw(parsed.enclave()->mr_signer)};
  lenient.sgx.isv_prod_id = expect::Exactly<std::int64_t>{parsed.enclave()->isv_prod_id};
  lenient.sgx.isv_svn_at_least = parsed.enclave()->isv_svn;
  EXPECT_EQ(result(lenient).first_fatal(), nullptr) << reasons_of(result(lenient));
  *lenient.sgx.isv_svn_at_least += 1;
  EXPECT_EQ(code_of(result(lenient)), Code::reference_mismatch);
}

TEST_F(SgxSamples, StaleAndEarlyCollateral) {
  at = seatls::testing::moment(about["window_to"]) + std::chrono::seconds(1);
  EXPECT_EQ(code_of(result(policy)), Code::collateral_stale);
  at = seatls::testing::moment(about["window_from"]) - std::chrono::seconds(1);
  EXPECT_EQ(code_of(result(policy)), Code::collateral_stale);
}

TEST_F(SgxSamples, ChangedBytesAndPrefixes) {
  for (const std::size_t place : {std::size_t{48 + 64}, std::size_t{436}, std::size_t{436 + 63}}) {
    auto changed = quote;
    changed[place] ^= 1;
    EXPECT_EQ(code_of(judge("sgx", changed, policy, parsed.enclave()->report_data, at)),
              Code::signature_invalid);
  }
  for (std::size_t n = 0; n < quote.size(); ++n)
    ASSERT_FALSE(intel::parse_quote(ByteView(quote).first(n))) << n;
  for (std::size_t i = 0; i < quote.size() - parsed.certification.size(); ++i) {
    auto changed = quote;
    changed[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
    const auto judged = judge("sgx", changed, policy, parsed.enclave()->report_data, at);
    ASSERT_NE(judged.first_fatal(), nullptr) << i;
    ASSERT_NE(code_of(judged), Code::tcb_rejected) << i;  // never judged by a policy
  }
}

TEST_F(SgxSamples, ADebuggedEnclaveWithoutCollateral) {
  quote = sample("sgx/v3-occlum-debug/quote.bin");
  parsed = intel::parse_quote(quote).value();
  at = base::from_rfc3339("2024-01-01T00:00:00Z").value();
  const auto judged = result(policy_of(*parsed.enclave()));
  EXPECT_EQ(code_of(judged), Code::collateral_missing) << reasons_of(judged);
  EXPECT_TRUE(testing::has_reason(judged, Code::debug_enabled));
}

// Its TCB info is of version 2, and its certification data names no chain.
TEST_F(SgxSamples, IntelsOwnSampleIsRefused) {
  const auto theirs = text(sample("sgx/v3-intel-qvl-sample/collateral.json"));
  const auto refused = IntelCollateral::parse(theirs);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unknown_value) << refused.error().message();
  quote = sample("sgx/v3-intel-qvl-sample/quote.bin");
  parsed = intel::parse_quote(quote).value();
  EXPECT_EQ(code_of(result(policy)), Code::untrusted_attestation_key) << reasons_of(result(policy));
}

TEST_F(SgxSamples, AQuoteIsOfOneTeeOnly) {
  Policy both = policy;
  both.schemes = {"tdx", "sgx"};
  EXPECT_EQ(code_of(judge("tdx", quote, both, parsed.enclave()->report_data, at)), Code::evidence_malformed);
}

}  // namespace
}  // namespace seatls::appraise
