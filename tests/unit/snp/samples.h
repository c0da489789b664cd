// Reports of real processors, as the samples' manifest lists them, and policies that fit them.
#pragma once

#include <algorithm>

#include "crypto/x509.h"
#include "support/manifest.h"
#include "support/verdict.h"

namespace seatls::testing::snp {

// Case is one report, what came with it, and what is known of it.
struct Case {
  std::string name;
  Bytes report, table;
  std::vector<Bytes> certificates;  // DER
  nlohmann::json expected;
};

inline std::vector<Bytes> certificates_of(const Bytes& file) {
  if (auto der = crypto::Certificate::from_der(file)) return {file};
  std::vector<Bytes> list;
  if (const auto pem = crypto::parse_pem_certificates(text(file)))
    for (const auto& c : *pem) list.push_back(bytes(c.der()));
  return list;
}

inline std::vector<Case> cases() {
  std::vector<Case> list;
  for (const auto& group : groups_of("snp/", "reports"))
    for (const auto& [file, expected] : group["expected"]["reports"].items()) {
      Case c;
      c.name = group["id"].get<std::string>() + "/" + file;
      c.expected = expected;
      for (const auto& row : group["files"]) {
        const auto path = row["file"].get<std::string>(), role = row["role"].get<std::string>();
        if (path.ends_with("/" + file)) c.report = sample(path);
        if (path.ends_with("/auxblob.bin")) c.table = sample(path);
        if (role == "collateral" || role == "trust-anchor")
          std::ranges::move(certificates_of(sample(path)), std::back_inserter(c.certificates));
      }
      list.push_back(std::move(c));
    }
  return list;
}

inline std::uint64_t number(const nlohmann::json& value) {
  return value.is_string() ? std::stoull(value.get<std::string>(), nullptr, 16) : value.get<std::uint64_t>();
}
inline std::uint8_t part(const nlohmann::json& parts, const char* name) {
  return parts.contains(name) ? parts[name].get<std::uint8_t>() : std::uint8_t{0};
}

inline SnpProduct product(const Case& c) {
  const auto written = c.expected["product"].get<std::string>();
  return written == "Milan" ? SnpProduct::milan : written == "Genoa" ? SnpProduct::genoa : SnpProduct::turin;
}

// policy_for accepts exactly this report, apart from a debugger.
inline Policy policy_for(const Case& c) {
  const auto& e = c.expected;
  const auto given = [&](const char* field) { return Expect<Bytes>(expect::Exactly<Bytes>{hex(e[field])}); };
  Policy p;
  p.id = "samples";
  p.schemes = {"sev-snp"};
  p.snp.measurement = given("measurement");
  p.snp.host_data = given("host_data");
  p.snp.id_key_digest = given("id_key_digest");
  p.snp.author_key_digest = expect::Any{};
  p.snp.family_id = given("family_id");
  p.snp.image_id = given("image_id");
  p.snp.vmpl = {e["vmpl"].get<unsigned>()};
  p.snp.permit = number(e["policy"]) &
                 (seatls::snp::policy_smt | seatls::snp::policy_migrate_ma | seatls::snp::policy_cxl);
  p.snp.permit_provisional_firmware = true;
  p.snp.vlek = expect::Any{};
  const auto& parts = e["reported_tcb_parts"];
  p.snp.tcb[product(c)].reported = SnpTcb{part(parts, "fmc"), part(parts, "bl"), part(parts, "tee"),
                                          part(parts, "snp"), part(parts, "ucode")};
  p.snp.certificates = c.certificates;
  return p;
}

inline Verdict judge(const Bytes& evidence, const Policy& policy, const Bytes& report_data, std::int64_t at) {
  return testing::judge("sev-snp", evidence,
                        {policy, report_data, nullptr, "", Time(std::chrono::seconds(at))});
}

}  // namespace seatls::testing::snp
