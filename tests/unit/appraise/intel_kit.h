// What the tests of Intel quotes share: a policy that fits a quote, and the whole pipeline over it.
#pragma once

#include <string>

#include "appraise/pipeline.h"
#include "appraise/schemes/intel/quote.h"
#include "crypto/hash.h"

namespace seatls::appraise::testing {

template <std::size_t N>
Bytes raw(const std::array<std::uint8_t, N>& field) {
  return {field.begin(), field.end()};
}

// policy_of accepts exactly what this TD reports; nothing is "any".
inline Policy policy_of(const intel::TdReport& td, const std::vector<std::string>& collateral) {
  const auto exactly = [](const auto& field) { return Expect<Bytes>(expect::Exactly<Bytes>{raw(field)}); };
  Policy p;
  p.id = "test";
  p.schemes = {"tdx"};
  for (const auto& json : collateral) p.tdx.tcb.collateral.push_back(IntelCollateral::parse(json).value());
  p.tdx.mr_td = exactly(td.mr_td);
  for (std::size_t i = 0; i < 4; ++i) p.tdx.rtmr[i] = exactly(td.rtmr[i]);
  p.tdx.mr_config_id = exactly(td.mr_config_id);
  p.tdx.mr_owner = exactly(td.mr_owner);
  p.tdx.mr_owner_config = exactly(td.mr_owner_config);
  if (td.body != intel::TdBody::td_1_0) p.tdx.mr_service_td = exactly(td.mr_service_td);
  p.tdx.td_attributes = exactly(td.td_attributes);
  p.tdx.xfam = exactly(td.xfam);
  return p;
}

// judge runs everything that an endpoint runs over `evidence`, whose REPORTDATA must be `report_data`.
inline AttestationResult judge(const std::string& scheme, const Bytes& evidence, const Policy& policy,
                               ByteView report_data, Time at) {
  const auto& table = SchemeTable::defaults();
  const EvidenceType type = table.find(scheme).value();
  const Cmw cmw(CmwRecord{type, evidence, cmw_indicator::evidence});
  const AttestationScheme negotiated{type};
  const Bytes digest = crypto::digest(Hash::sha256, evidence);
  return run({.scheme = negotiated,
              .table = table,
              .credential = cmw,
              .digest = digest,
              .context = {policy, report_data, nullptr, "", at}});
}

inline Code code_of(const AttestationResult& result) {
  return result.first_fatal() == nullptr ? Code::internal : result.first_fatal()->code;
}

inline std::string reasons_of(const AttestationResult& result) {
  std::string out;
  for (const auto& r : result->reasons)
    out += std::string(name(r.code)) + (r.fatal ? "" : " (told)") + " at " + r.path + ": " + r.detail + "\n";
  return out;
}

inline bool has_reason(const AttestationResult& result, Code code) {
  for (const auto& r : result->reasons)
    if (r.fatal && r.code == code) return true;
  return false;
}

inline std::string claim_of(const AttestationResult& result, const std::string& claim) {
  for (const auto& [key, value] : result->claims)
    if (key == claim) return value;
  return "";
}

}  // namespace seatls::appraise::testing
