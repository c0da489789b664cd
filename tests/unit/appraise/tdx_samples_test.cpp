// Quotes of real TDX machines and what their collectors, and other verifiers, say of them: MANIFEST.json.
#include <gmock/gmock.h>

#include "appraise/schemes/intel/collateral.h"
#include "appraise/schemes/intel/pck.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "support/manifest.h"
#include "unit/appraise/intel_kit.h"

namespace seatls::appraise {
namespace {

using nlohmann::json;
using seatls::testing::moment;
using seatls::testing::sample;
using seatls::testing::unix_time;
using ::testing::HasSubstr;
using testing::judge;
using testing::policy_of;
using testing::reasons_of;

struct TdxSample {
  std::string id;
  Bytes quote;
  json expected;                                         // of the quote
  std::vector<std::pair<std::string, json>> collateral;  // text, expected
};

std::vector<TdxSample> load() {
  const auto manifest = seatls::testing::manifest();
  std::vector<TdxSample> out;
  for (const auto& s : manifest["samples"]) {
    const std::string id = s["id"];
    if (!s.contains("expected") || !s["expected"].contains("quotes")) continue;
    if (!s["expected"]["quotes"].is_object()) continue;
    for (const auto& [file, expected] : s["expected"]["quotes"].items()) {
      if (expected["tee_type"] != "0x81") continue;
      TdxSample one{id, sample(id + "/" + file), expected, {}};
      if (s["expected"].contains("collateral"))
        for (const auto& [name, about] : s["expected"]["collateral"].items())
          one.collateral.emplace_back(text(sample(id + "/" + name)), about);
      out.push_back(std::move(one));
    }
  }
  return out;
}

class TdxSamples : public ::testing::Test {
 protected:
  void SetUp() override {
    SEATLS_NEEDS_SAMPLES();
    list = load();
    ASSERT_GE(list.size(), 10U);
  }
  const TdxSample& named(const std::string& id) {
    for (const auto& s : list)
      if (s.id == id) return s;
    ADD_FAILURE() << id;
    return list.front();
  }
  std::vector<TdxSample> list;
};

TEST_F(TdxSamples, EveryFieldIsWhatTheManifestSays) {
  for (const auto& s : list) {
    SCOPED_TRACE(s.id);
    const auto q = intel::parse_quote(s.quote);
    ASSERT_TRUE(q) << q.error().message();
    ASSERT_NE(q->td(), nullptr);
    const auto& td = *q->td();
    const auto expect_hex = [&](const char* key, const auto& field) {
      EXPECT_EQ(base::to_hex(field), s.expected[key].get<std::string>()) << key;
    };
    EXPECT_EQ(q->version, s.expected["version"].get<unsigned>());
    EXPECT_EQ(q->padding, s.expected["trailing_bytes"].get<std::size_t>());
    expect_hex("qe_vendor_id", q->qe_vendor);
    expect_hex("tee_tcb_svn", td.tee_tcb_svn);
    expect_hex("mr_seam", td.mr_seam);
    expect_hex("mr_signer_seam", td.mr_signer_seam);
    expect_hex("seam_attributes", td.seam_attributes);
    expect_hex("td_attributes", td.td_attributes);
    expect_hex("xfam", td.xfam);
    expect_hex("mr_td", td.mr_td);
    expect_hex("mr_config_id", td.mr_config_id);
    expect_hex("mr_owner", td.mr_owner);
    expect_hex("mr_owner_config", td.mr_owner_config);
    for (std::size_t i = 0; i < 4; ++i) expect_hex(("rtmr" + std::to_string(i)).c_str(), td.rtmr[i]);
    expect_hex("report_data", td.report_data);
    EXPECT_EQ(td.debug(), s.expected["debug"].get<bool>());
    if (s.expected.contains("tee_tcb_svn2")) expect_hex("tee_tcb_svn2", td.tee_tcb_svn2);
    if (s.expected.contains("mr_service_td")) expect_hex("mr_service_td", td.mr_service_td);
    EXPECT_EQ(q->certification_type, s.expected["cert_data_type"].get<unsigned>());
    EXPECT_EQ(q->qe_report.isv_svn, s.expected["qe_isv_svn"].get<unsigned>());
    if (s.id == "tdx/v4-intel-qvl-sample") continue;  // its certification data is no chain in PEM
    const auto chain = intel::read_pck_chain(q->certification);
    ASSERT_TRUE(chain) << chain.error().message();
    const auto pck = intel::read_pck(chain->front());
    ASSERT_TRUE(pck) << pck.error().message();
    EXPECT_EQ(base::to_hex(pck->fmspc), s.expected["fmspc"].get<std::string>());
    EXPECT_EQ(pck->certificate.issuer_common_name(), s.expected["pck_issuer"].get<std::string>());
  }
}

// Another verifier's verdicts (dcap-qvl) over each quote with each of its collaterals.
TEST_F(TdxSamples, TheVerdictsAgreeWithAnotherVerifiers) {
  unsigned judged = 0;
  for (const auto& s : list) {
    const auto q = intel::parse_quote(s.quote).value();
    for (const auto& [collateral, about] : s.collateral) {
      if (s.id == "tdx/v4-intel-qvl-sample") continue;
      SCOPED_TRACE(s.id);
      const Policy policy = policy_of(*q.td(), {collateral});
      const auto at = [&](Time t) { return judge("tdx", s.quote, policy, q.td()->report_data, t); };
      const auto result = at(unix_time(about["verify_at_unix"]));
      if (about["valid"].get<bool>()) {
        EXPECT_EQ(result.first_fatal(), nullptr) << reasons_of(result);
        EXPECT_EQ(result.tier(), Tier::affirming);
        EXPECT_EQ(testing::claim_of(result, "tdx.tcb.status"), about["tcb_status"].get<std::string>());
        EXPECT_EQ(result->key, KeyProvenance::measured);
      } else {
        EXPECT_EQ(testing::code_of(result), Code::tcb_rejected) << reasons_of(result);
      }
      const auto from = moment(about["window_from"]), to = moment(about["window_to"]);
      EXPECT_EQ(testing::code_of(at(to + std::chrono::seconds(1))), Code::collateral_stale);
      EXPECT_EQ(testing::code_of(at(from - std::chrono::seconds(1))), Code::collateral_stale);
      EXPECT_EQ(testing::claim_of(result, "tdx.tcb.evaluation"),
                std::to_string(about["tcb_evaluation_data_number"].get<int>()));
      ++judged;
    }
  }
  EXPECT_GE(judged, 6U);
}

TEST_F(TdxSamples, WithoutCollateralNothingIsAccepted) {
  for (const auto& s : list) {
    if (s.id == "tdx/v4-intel-qvl-sample") continue;
    SCOPED_TRACE(s.id);
    const auto q = intel::parse_quote(s.quote).value();
    const auto result = judge("tdx", s.quote, policy_of(*q.td(), {}), q.td()->report_data,
                              moment(s.expected["chain_valid_from"]) + std::chrono::hours(24));
    EXPECT_EQ(testing::code_of(result), Code::collateral_missing) << reasons_of(result);
    EXPECT_EQ(testing::has_reason(result, Code::debug_enabled), s.expected["debug"].get<bool>());
  }
}

TEST_F(TdxSamples, IntelsOwnSampleIsBelowAnotherRoot) {
  const auto& s = named("tdx/v4-intel-qvl-sample");
  const auto q = intel::parse_quote(s.quote).value();
  const auto result = judge("tdx", s.quote, policy_of(*q.td(), {s.collateral.front().first}),
                            q.td()->report_data, unix_time(s.collateral.front().second["verify_at_unix"]));
  EXPECT_NE(result.first_fatal(), nullptr);
  EXPECT_EQ(result.tier(), Tier::contraindicated);
}

TEST_F(TdxSamples, ABitInTheSignedBodyIsASignatureError) {
  for (const auto& s : list) {
    if (s.id == "tdx/v4-intel-qvl-sample") continue;
    SCOPED_TRACE(s.id);
    const auto q = intel::parse_quote(s.quote).value();
    std::vector<std::string> collateral;
    for (const auto& c : s.collateral) collateral.push_back(c.first);
    const Time at = s.collateral.empty() ? moment(s.expected["chain_valid_from"]) + std::chrono::hours(24)
                                         : unix_time(s.collateral.front().second["verify_at_unix"]);
    const Policy policy = policy_of(*q.td(), collateral);
    const std::size_t body = q.version == 5 ? 54 : 48;
    for (const std::size_t place : {body + 136, q.signed_part.size() + 4, q.signed_part.size() + 4 + 63}) {
      Bytes changed = s.quote;
      changed[place] ^= 1;
      const auto result = judge("tdx", changed, policy, q.td()->report_data, at);
      EXPECT_EQ(testing::code_of(result), Code::signature_invalid) << place << reasons_of(result);
    }
    // r = 0, s = 0, r >= n.
    for (const auto& [offset, fill] :
         {std::pair{std::size_t{0}, 0}, std::pair{std::size_t{32}, 0}, std::pair{std::size_t{0}, 0xff}}) {
      Bytes changed = s.quote;
      std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(q.signed_part.size() + 4 + offset), 32,
                  static_cast<std::uint8_t>(fill));
      EXPECT_EQ(testing::code_of(judge("tdx", changed, policy, q.td()->report_data, at)),
                Code::signature_invalid);
    }
  }
}

TEST_F(TdxSamples, AnotherAttestationKeyIsNotVouchedFor) {
  const auto& s = named("tdx/v4-dcapqvl");
  const auto q = intel::parse_quote(s.quote).value();
  const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  const auto signature =
      key.sign(crypto::SignatureAlgorithm::ecdsa_p256_sha256, q.signed_part, crypto::EcdsaForm::fixed)
          .value();
  const auto point = key.public_key().point().value();
  Bytes changed = s.quote;
  auto to = changed.begin() + static_cast<std::ptrdiff_t>(q.signed_part.size() + 4);
  to = std::ranges::copy(signature, to).out;
  to = std::ranges::copy(point.x, to).out;
  std::ranges::copy(point.y, to);
  const auto result = judge("tdx", changed, policy_of(*q.td(), {s.collateral.front().first}),
                            q.td()->report_data, unix_time(s.collateral.front().second["verify_at_unix"]));
  EXPECT_EQ(testing::code_of(result), Code::evidence_inconsistent) << reasons_of(result);
}

TEST_F(TdxSamples, TheChainOfAnotherPlatform) {
  const auto &s = named("tdx/v4-dcapqvl"), &other = named("tdx/v5-td15ex");
  auto q = intel::parse_quote(s.quote).value();
  const auto theirs = intel::parse_quote(other.quote).value();
  Bytes changed = s.quote;
  const auto at = std::ranges::search(changed, q.certification).begin();
  const auto place = changed.erase(at, at + static_cast<std::ptrdiff_t>(q.certification.size()));
  changed.insert(place, theirs.certification.begin(), theirs.certification.end());
  const auto grow = [&](std::size_t offset) {
    std::uint32_t size = 0;
    for (int i = 3; i >= 0; --i) size = size << 8 | changed[offset + static_cast<std::size_t>(i)];
    size += static_cast<std::uint32_t>(theirs.certification.size() - q.certification.size());
    for (unsigned i = 0; i < 4; ++i) changed[offset + i] = static_cast<std::uint8_t>(size >> (8 * i));
  };
  const std::size_t data = q.signed_part.size() + 4;
  grow(q.signed_part.size());
  grow(data + 128 + 2);
  grow(data + 128 + 6 + 384 + 64 + 2 + q.qe_auth_data.size() + 2);
  const auto result =
      judge("tdx", changed, policy_of(*q.td(), {other.collateral.front().first}), q.td()->report_data,
            unix_time(other.collateral.front().second["verify_at_unix"]));
  EXPECT_EQ(testing::code_of(result), Code::signature_invalid) << reasons_of(result);
  EXPECT_THAT(result.first_fatal()->path, HasSubstr("qe_report_signature"));
}

TEST_F(TdxSamples, CollateralThatWasChanged) {
  const auto& s = named("tdx/v4-dcapqvl");
  const auto q = intel::parse_quote(s.quote).value();
  const Time at = unix_time(s.collateral.front().second["verify_at_unix"]);
  const auto with = [&](const std::string& key, const std::function<void(std::string&)>& change) {
    auto object = json::parse(s.collateral.front().first);
    std::string value = object[key];
    change(value);
    object[key] = value;
    return judge("tdx", s.quote, policy_of(*q.td(), {object.dump()}), q.td()->report_data, at);
  };
  const auto replace = [](const char* from, const char* to) {
    return [=](std::string& in) { in.replace(in.find(from), std::string(from).size(), to); };
  };
  EXPECT_EQ(testing::code_of(with("tcb_info", replace("\"svn\":2", "\"svn\":1"))), Code::collateral_invalid);
  EXPECT_EQ(testing::code_of(with("qe_identity", replace("\"isvprodid\":2", "\"isvprodid\":3"))),
            Code::collateral_invalid);
  EXPECT_EQ(testing::code_of(with("tcb_info", replace("\"fmspc\":\"B0C06F", "\"fmspc\":\"B0C06E"))),
            Code::collateral_missing);
  // A list with another signature is as good as none.
  EXPECT_EQ(testing::code_of(with("pck_crl", [](std::string& h) { h.back() = h.back() == '0' ? '1' : '0'; })),
            Code::collateral_invalid);
  EXPECT_EQ(
      testing::code_of(with("root_ca_crl", [](std::string& h) { h.back() = h.back() == '0' ? '1' : '0'; })),
      Code::collateral_invalid);
}

// FMSPC 00806F050000 in January 2026 demands more than a module of 2024 and 2023 has.
TEST_F(TdxSamples, NewerCollateralAgainstOlderQuotes) {
  const auto& newer = named("tdx/v4-flashbots-2025-12");
  for (const char* id : {"tdx/v4-gcp-cos113-ccel", "azure/tdx-coco-v1"}) {
    const auto& s = named(id);
    const auto q = intel::parse_quote(s.quote).value();
    const auto result =
        judge("tdx", s.quote, policy_of(*q.td(), {newer.collateral.front().first}), q.td()->report_data,
              unix_time(newer.collateral.front().second["verify_at_unix"]));
    EXPECT_EQ(testing::code_of(result), Code::tcb_rejected) << id << reasons_of(result);
    EXPECT_THAT(result.first_fatal()->detail, HasSubstr("OutOfDate")) << id;
  }
}

TEST_F(TdxSamples, EveryPrefixIsRefused) {
  for (const auto& s : list) {
    const auto q = intel::parse_quote(s.quote).value();
    const std::size_t whole = s.quote.size() - q.padding;
    for (std::size_t n = 0; n < whole; ++n)
      ASSERT_FALSE(intel::parse_quote(ByteView(s.quote).first(n))) << s.id << " " << n;
    EXPECT_TRUE(intel::parse_quote(ByteView(s.quote).first(whole)));
  }
}

}  // namespace
}  // namespace seatls::appraise
