// Reports of SEV-SNP.
#include "appraise/schemes/snp/parse.h"
#include "unit/coverage/table.h"
#include "unit/snp/samples.h"

namespace seatls::testing::coverage {
namespace {

using snp::Case;

Bytes joined(const Bytes& a, const Bytes& b) {
  Bytes out = a;
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

// table_of is a certificate table with one VCEK.
Bytes table_of(const Bytes& vcek) {
  Bytes out = *base::from_hex("63da758de6644564adc5f4b93be8accd30000000");
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(vcek.size() >> shift));
  out.resize(48, 0);
  return joined(out, vcek);
}

std::int64_t time_of(const Case& c) { return c.expected["verify_at_unix"].get<std::int64_t>(); }

Verdict judge(const Case& c, const Bytes& evidence, std::int64_t at) {
  auto policy = snp::policy_for(c);
  policy.danger.allow_debug = c.expected["policy_debug"].get<bool>();
  return snp::judge(evidence, policy, hex(c.expected["report_data"]), at);
}

// What others say of a report with a certificate: "report.bin + vcek.der".
void cover_verdict(const Case& c, const nlohmann::json& says, Table& table) {
  const auto result = says["result"].get<std::string>();
  const auto files = files_of(says);
  const auto at = recorded_time(says).value_or(time_of(c));
  const bool forged = files.find("invalid") != std::string::npos;
  const auto group = c.name.substr(0, c.name.rfind('/'));
  const auto evidence =
      forged ? joined(c.report, table_of(sample(group + "/" + files.substr(files.find("+ ") + 2))))
             : joined(c.report, c.table);
  const auto verdict = judge(c, evidence, at);
  // go-sev-guest was not given the ASVK that the sample brings along: it has no say there.
  const bool no_say = result.find("missing intermediate certificate authority") != std::string::npos;
  table.verdict({c.name, files.substr(files.find("+ ") + 2),
                 who_of(says) + ": " + result.substr(0, result.find_first_of(".;")) +
                     (no_say ? " (it was not given the ASVK)" : ""),
                 outcome_of(verdict), no_say || verdict.assessment.has_value() == result.starts_with("OK")});
}

void cover_recipes(const Case& c, Table& table) {
  const auto outcome = [&](const Bytes& report) {
    return first_of(judge(c, joined(report, c.table), time_of(c)));
  };
  const auto changed = [&](std::size_t at, std::size_t count, int fill) {
    Bytes report = c.report;
    if (fill < 0)
      report[at] ^= 1;
    else
      std::fill_n(report.begin() + static_cast<std::ptrdiff_t>(at), count, static_cast<std::uint8_t>(fill));
    return outcome(report);
  };
  if (c.expected["policy_debug"].get<bool>())
    table.recipe(c.name, "debug, not allowed", "debug_enabled",
                 {outcome_of(snp::judge(joined(c.report, c.table), snp::policy_for(c),
                                        hex(c.expected["report_data"]), time_of(c)))});
  table.recipe(c.name, "bit of the signed body", "signature_invalid", {changed(0x90, 1, -1)});
  table.recipe(c.name, "bad signature value", "signature_invalid",
               {changed(0x2A0, 1, -1), changed(0x2E8, 1, -1), changed(0x2A0, 48, 0), changed(0x2E8, 48, 0),
                changed(0x2A0, 48, 0xFF), changed(0x2A0 + 48, 1, 1)});
  Bytes other = hex(c.expected["report_data"]);
  other[63] ^= 1;
  table.recipe(c.name, "another binder", "binder_mismatch",
               {first_of(snp::judge(joined(c.report, c.table), snp::policy_for(c), other, time_of(c)))});
  table.recipe(c.name, "cut anywhere", "evidence_malformed",
               prefixes(c.report, [](const Bytes& cut) { return appraise::snp::parse_report(cut).ok(); }));
  table.recipe(c.name, "out of the chain's time", "untrusted_attestation_key",
               {first_of(judge(c, joined(c.report, c.table),
                               moment(c.expected["chain_valid_from"]).time_since_epoch().count() - 1)),
                first_of(judge(c, joined(c.report, c.table),
                               moment(c.expected["chain_valid_to"]).time_since_epoch().count() + 1))});
}

void swapped_vcek(const Case& c, const std::vector<Case>& all, Table& table) {
  if (c.expected["signing_key"] != "VCEK") return;
  for (const auto& other : all) {
    if (other.name == c.name || other.expected["product"] != c.expected["product"]) continue;
    for (const auto& der : other.certificates) {
      const auto certificate = crypto::Certificate::from_der(der).value();
      if (certificate.subject_common_name() != "SEV-VCEK") continue;
      const auto verdict = judge(c, joined(c.report, table_of(der)), time_of(c));
      table.recipe(c.name, "VCEK of " + other.name, "signature_invalid", {first_of(verdict)});
    }
  }
}

}  // namespace

void cover_snp(Table& table) {
  const auto all = snp::cases();
  for (const auto& c : all) {
    for (const auto& group : manifest()["samples"])
      if (c.name.starts_with(group["id"].get<std::string>() + "/"))
        for (const auto& says : group["verification"])
          if (files_of(says).starts_with(c.name.substr(c.name.rfind('/') + 1) + " + "))
            cover_verdict(c, says, table);
    cover_recipes(c, table);
    swapped_vcek(c, all, table);
  }
}

}  // namespace seatls::testing::coverage
