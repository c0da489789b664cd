// Evidence of real VMs of Azure, as the samples' manifest lists it, and policies that fit it.
#pragma once

#include "appraise/schemes/azure/parse.h"
#include "appraise/schemes/snp/verify.h"
#include "support/manifest.h"
#include "support/verdict.h"
#include "unit/appraise/intel_kit.h"

namespace seatls::testing::azure_samples {

namespace azure = appraise::azure;

// Case is one file with evidence, and what is known of it.
struct Case {
  std::string id, file;
  Bytes raw;
  nlohmann::json expected, group;
  std::vector<IntelCollateral> collateral;
  Time at{};  // at which it must hold

  [[nodiscard]] std::string name() const { return id + "/" + file; }
  [[nodiscard]] Bytes binder() const { return hex(expected["tpm_extra_data"]); }
};

inline std::vector<Case> cases() {
  std::vector<Case> list;
  for (const auto& group : groups_of("azure/", "azure"))
    for (const auto& [file, expected] : group["expected"]["azure"].items()) {
      if (!expected.contains("tpm_extra_data")) continue;  // an HCL report alone
      Case c{group["id"].get<std::string>(), file, {}, expected, group, {}, {}};
      c.raw = sample(c.name());
      // The chain of a TDX platform tells when it held; for SEV-SNP others judged at a time of their own.
      c.at = Time(std::chrono::seconds{1793291215});
      if (group["expected"].contains("quotes"))
        c.at = moment(group["expected"]["quotes"]["quote.bin"]["chain_valid_from"]) + std::chrono::hours(24);
      if (group["expected"].contains("collateral"))
        for (const auto& [name, about] : group["expected"]["collateral"].items()) {
          c.collateral.push_back(IntelCollateral::parse(sample_text(c.id + "/" + name)).value());
          c.at = unix_time(about["verify_at_unix"]);
        }
      list.push_back(std::move(c));
    }
  return list;
}

inline azure::Evidence parsed(const Bytes& raw) {
  return *azure::parse(Cmw(CmwRecord{*SchemeTable::defaults().find("azure"), raw, 0})).value();
}

// policy_for accepts exactly this evidence. The virtual TPM certified no key: that is allowed.
inline Policy policy_for(const azure::Evidence& e, const std::vector<IntelCollateral>& collateral) {
  Policy p;
  if (const auto* quote = e.td_quote()) {
    p = appraise::testing::policy_of(*quote->td(), {});
    p.tdx.tcb.collateral = collateral;
    p.azure.tees = {"tdx"};
  } else {
    const auto claims = appraise::snp::claims_of(*e.snp());
    const auto& r = claims.report;
    const auto exactly = [](const auto& field) {
      return Expect<Bytes>(expect::Exactly<Bytes>{Bytes(field.begin(), field.end())});
    };
    p.snp.measurement = exactly(r.measurement);
    p.snp.host_data = exactly(r.host_data);
    p.snp.id_key_digest = exactly(r.id_key_digest);
    p.snp.author_key_digest = exactly(r.author_key_digest);
    p.snp.family_id = exactly(r.family_id);
    p.snp.image_id = exactly(r.image_id);
    p.snp.permit = r.policy & (seatls::snp::policy_smt | seatls::snp::policy_migrate_ma);
    p.snp.permit_provisional_firmware = true;
    p.snp.guest_svn_at_least = r.guest_svn;
    if (claims.product && claims.tcbs) p.snp.tcb[*claims.product].reported = claims.tcbs->reported;
    p.azure.tees = {"sev-snp"};
  }
  p.id = "samples";
  p.schemes = {"azure"};
  for (const auto& v : e.pcrs) p.azure.pcrs[v.bank][v.pcr] = expect::Exactly<Bytes>{v.value};
  for (const auto& [member, value] : e.hcl.variable.configuration)
    p.azure.vm[member] = expect::Exactly<std::string>{value};
  p.danger.allow_unproven_tik = true;
  return p;
}

inline Verdict judge(const Bytes& raw, const Policy& policy, const Bytes& binder, Time at) {
  return testing::judge("azure", raw, {policy, binder, nullptr, "", at});
}

}  // namespace seatls::testing::azure_samples
