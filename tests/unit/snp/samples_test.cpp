// Reports of real processors, as the samples' manifest lists them: every field that it states, its verdict,
// and its recipes for negatives.
#include <gtest/gtest.h>

#include <algorithm>

#include "appraise/schemes/snp/parse.h"
#include "unit/snp/samples.h"

namespace seatls::appraise::snp {
namespace {

using seatls::testing::hex;
using seatls::testing::moment;
using seatls::testing::sample;
using seatls::testing::Verdict;
using seatls::testing::snp::Case;
using seatls::testing::snp::cases;
using seatls::testing::snp::judge;
using seatls::testing::snp::number;
using seatls::testing::snp::policy_for;
using seatls::testing::snp::product;

Verdict judge(const Case& c, const Bytes& evidence) {
  return judge(evidence, policy_for(c), hex(c.expected["report_data"]),
               c.expected["verify_at_unix"].get<std::int64_t>());
}

Bytes joined(const Bytes& a, const Bytes& b) {
  Bytes out = a;
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

std::string claim(const Assessment& a, std::string_view name) {
  for (const auto& [key, value] : a.claims)
    if (key == "sev-snp." + std::string(name)) return value;
  return "(absent)";
}

TEST(SnpSamples, FieldsAreThoseThatTheManifestStates) {
  SEATLS_NEEDS_SAMPLES();
  int read = 0;
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    const auto r = parse_report(c.report);
    ASSERT_TRUE(r) << r.error().message();
    const auto& e = c.expected;
    EXPECT_EQ(r->version, number(e["version"]));
    EXPECT_EQ(r->guest_svn, number(e["guest_svn"]));
    EXPECT_EQ(r->policy, number(e["policy"]));
    EXPECT_EQ((r->policy & seatls::snp::policy_debug) != 0, e["policy_debug"].get<bool>());
    EXPECT_EQ((r->policy & seatls::snp::policy_migrate_ma) != 0, e["policy_migrate_ma"].get<bool>());
    EXPECT_EQ((r->policy & seatls::snp::policy_smt) != 0, e["policy_smt"].get<bool>());
    EXPECT_EQ(r->vmpl, number(e["vmpl"]));
    EXPECT_EQ(r->signature_algo, number(e["sig_algo"]));
    EXPECT_EQ(r->platform_info, number(e["platform_info"]));
    EXPECT_EQ(name(r->signing_key), e["signing_key"].get<std::string>());
    const auto same = [&](const auto& field, const char* key) {
      EXPECT_EQ(base::to_hex(field), e[key].get<std::string>()) << key;
    };
    same(r->family_id, "family_id");
    same(r->image_id, "image_id");
    same(r->current_tcb, "current_tcb");
    same(r->report_data, "report_data");
    same(r->measurement, "measurement");
    same(r->host_data, "host_data");
    same(r->id_key_digest, "id_key_digest");
    same(r->report_id, "report_id");
    same(r->reported_tcb, "reported_tcb");
    same(r->chip_id, "chip_id");
    same(r->committed_tcb, "committed_tcb");
    same(r->launch_tcb, "launch_tcb");
    EXPECT_EQ(r->cpuid.has_value(), e.contains("cpuid_fam"));
    if (r->cpuid && e.contains("cpuid_fam")) {
      EXPECT_EQ(r->cpuid->family, number(e["cpuid_fam"]));
      EXPECT_EQ(r->cpuid->model, number(e["cpuid_mod"]));
      EXPECT_EQ(r->cpuid->stepping, number(e["cpuid_step"]));
      EXPECT_EQ(product_of(*r->cpuid), product(c));
    }
    ++read;
  }
  EXPECT_GE(read, 5);
}

TEST(SnpSamples, VerdictsAreThoseThatTheManifestStates) {
  SEATLS_NEEDS_SAMPLES();
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    auto verdict = judge(c, joined(c.report, c.table));
    if (c.expected["policy_debug"].get<bool>()) {
      EXPECT_FALSE(verdict.assessment);
      ASSERT_EQ(verdict.reasons.size(), 1U) << verdict.told();
      EXPECT_EQ(verdict.reasons[0].code, Code::debug_enabled);
      auto policy = policy_for(c);
      policy.danger.allow_debug = true;
      verdict = judge(joined(c.report, c.table), policy, hex(c.expected["report_data"]),
                      c.expected["verify_at_unix"].get<std::int64_t>());
    }
    ASSERT_EQ(verdict.assessment.has_value(), c.expected["valid"].get<bool>()) << verdict.told();
    if (!verdict.assessment) continue;
    EXPECT_EQ(claim(*verdict.assessment, "product"), c.expected["product"].get<std::string>());
    EXPECT_EQ(claim(*verdict.assessment, "root"), "ARK-" + c.expected["product"].get<std::string>());
    EXPECT_EQ(verdict.assessment->key, KeyProvenance::measured);
    EXPECT_EQ(verdict.assessment->vector.worst(), Tier::affirming);
  }
}

TEST(SnpSamples, ChangedReportsFailTheirSignature) {
  SEATLS_NEEDS_SAMPLES();
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    const auto expect_signature_error = [&](const char* what, const auto& change) {
      Bytes report = c.report;
      change(report);
      const auto verdict = judge(c, joined(report, c.table));
      ASSERT_FALSE(verdict.reasons.empty()) << what;
      EXPECT_EQ(verdict.reasons[0].code, Code::signature_invalid) << what << ": " << verdict.told();
      EXPECT_FALSE(verdict.assessment) << what;
    };
    const auto fill = [](Bytes& r, std::size_t at, std::uint8_t value) {
      std::fill_n(r.begin() + static_cast<std::ptrdiff_t>(at), 48, value);
    };
    expect_signature_error("measurement", [](Bytes& r) { r[0x90] ^= 1; });
    expect_signature_error("R", [](Bytes& r) { r[0x2A0] ^= 1; });
    expect_signature_error("S", [](Bytes& r) { r[0x2E8 + 47] ^= 0x80; });
    expect_signature_error("R is 0", [&](Bytes& r) { fill(r, 0x2A0, 0); });
    expect_signature_error("S is 0", [&](Bytes& r) { fill(r, 0x2E8, 0); });
    expect_signature_error("R is not below the order", [&](Bytes& r) { fill(r, 0x2A0, 0xFF); });
    expect_signature_error("R is longer than the curve", [](Bytes& r) { r[0x2A0 + 48] = 1; });
  }
}

TEST(SnpSamples, OtherReportDataIsRefused) {
  SEATLS_NEEDS_SAMPLES();
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    Bytes other = hex(c.expected["report_data"]);
    other[63] ^= 1;
    const auto verdict = judge(joined(c.report, c.table), policy_for(c), other,
                               c.expected["verify_at_unix"].get<std::int64_t>());
    ASSERT_FALSE(verdict.assessment);
    EXPECT_EQ(verdict.reasons[0].code, Code::binder_mismatch);
  }
}

TEST(SnpSamples, CertificatesHaveTheirTime) {
  SEATLS_NEEDS_SAMPLES();
  for (const auto& c : cases()) {
    SCOPED_TRACE(c.name);
    for (const auto at : {moment(c.expected["chain_valid_from"]).time_since_epoch().count() - 1,
                          moment(c.expected["chain_valid_to"]).time_since_epoch().count() + 1}) {
      const auto verdict =
          judge(joined(c.report, c.table), policy_for(c), hex(c.expected["report_data"]), at);
      ASSERT_FALSE(verdict.assessment);
      EXPECT_EQ(verdict.reasons[0].code, Code::untrusted_attestation_key) << verdict.told();
    }
  }
}

// A table with one VCEK.
Bytes table_of(const Bytes& vcek) {
  Bytes out = *base::from_hex("63da758de6644564adc5f4b93be8accd30000000");
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(vcek.size() >> shift));
  out.resize(48, 0);
  return joined(out, vcek);
}

TEST(SnpSamples, TheVcekOfAnotherChipIsNoneOfThisOne) {
  SEATLS_NEEDS_SAMPLES();
  std::vector<std::pair<std::string, Bytes>> veks;
  for (const auto& c : cases())
    for (const auto& der : c.certificates)
      if (is_vek(*crypto::Certificate::from_der(der))) veks.emplace_back(c.name, der);
  ASSERT_GE(veks.size(), 3U);
  int swapped = 0;
  for (const auto& c : cases())
    for (const auto& [name, der] : veks) {
      if (name == c.name || c.expected["signing_key"] != "VCEK") continue;
      if (crypto::Certificate::from_der(der)->subject_common_name() != "SEV-VCEK") continue;
      const auto verdict = judge(c, joined(c.report, table_of(der)));
      ASSERT_FALSE(verdict.assessment) << c.name << " with the VCEK of " << name;
      EXPECT_EQ(verdict.reasons[0].code, Code::signature_invalid) << verdict.told();
      EXPECT_TRUE(verdict.has(Code::evidence_inconsistent)) << verdict.told();
      ++swapped;
    }
  EXPECT_GE(swapped, 2);
}

TEST(SnpSamples, CertificatesThatNobodySignedAreRefused) {
  SEATLS_NEEDS_SAMPLES();
  for (auto& c : cases()) {
    if (!c.name.starts_with("snp/milan-coco/")) continue;
    for (const char* file : {"vcek-invalid-legacy.der", "vcek-invalid-new.der"}) {
      const auto verdict =
          judge(c, joined(c.report, table_of(sample(std::string("snp/milan-coco/") + file))));
      ASSERT_FALSE(verdict.assessment) << file;
      EXPECT_TRUE(verdict.has(Code::untrusted_attestation_key) || verdict.has(Code::evidence_malformed))
          << file << ": " << verdict.told();
    }
  }
}

TEST(SnpSamples, WithoutACertificateTheReasonSaysWhereItIs) {
  SEATLS_NEEDS_SAMPLES();
  for (auto& c : cases()) {
    if (c.expected["signing_key"] != "VCEK" || c.expected["version"] == 2) continue;
    auto policy = policy_for(c);
    policy.snp.certificates.clear();
    const auto verdict = judge(c.report, policy, hex(c.expected["report_data"]),
                               c.expected["verify_at_unix"].get<std::int64_t>());
    ASSERT_FALSE(verdict.assessment);
    EXPECT_EQ(verdict.reasons[0].code, Code::collateral_missing);
    EXPECT_NE(verdict.reasons[0].detail.find("https://kdsintf.amd.com/vcek/v1/" +
                                             c.expected["product"].get<std::string>() + "/" +
                                             c.expected["chip_id"].get<std::string>() + "?blSPL="),
              std::string::npos)
        << verdict.reasons[0].detail;
  }
}

TEST(SnpSamples, PrefixesAreRefused) {
  SEATLS_NEEDS_SAMPLES();
  for (const auto& c : cases())
    for (std::size_t n = 0; n < c.report.size(); ++n)
      ASSERT_FALSE(parse_report(ByteView(c.report).first(n))) << c.name << " cut to " << n;
}

// The one certificate of a Turin that there is: no report comes with it.
TEST(SnpSamples, TurinVcek) {
  SEATLS_NEEDS_SAMPLES();
  const auto certificate = crypto::Certificate::from_der(sample("snp/certs-roots/vcek_turin.der"));
  ASSERT_TRUE(certificate);
  const auto vek = read_vek(*certificate);
  ASSERT_TRUE(vek) << vek.error().message();
  EXPECT_EQ(vek->kind, SigningKey::vcek);
  EXPECT_EQ(vek->product, SnpProduct::turin);
  EXPECT_EQ(vek->tcb, (SnpTcb{.microcode = 9}));
  EXPECT_EQ(base::to_hex(vek->hwid), "1e550a8ee5cf9f4d");
}

}  // namespace
}  // namespace seatls::appraise::snp
