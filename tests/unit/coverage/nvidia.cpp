// Reports of NVIDIA's devices, and the manifests that they are held against.
#include "unit/coverage/table.h"
#include "unit/nvidia/samples.h"

namespace seatls::testing::coverage {
namespace {

using nvidia::Case;

// The certificates of these devices hold by their dates; that NVIDIA has withdrawn them is told by OCSP.
bool holds(const nlohmann::json& valid) { return !valid.is_boolean() || valid.get<bool>(); }

void cover_report(const Case& c, Table& table) {
  const auto& valid = c.expected["valid"];
  const auto verdict = nvidia::judge(c.evidence, nvidia::policy_for(c.evidence), hex(c.expected["nonce"]));
  table.verdict(
      {c.name, "at the collection's time",
       valid.is_boolean() ? (valid.get<bool>() ? "valid" : "invalid") : "valid by its dates; on hold by OCSP",
       outcome_of(verdict), holds(valid) == verdict.assessment.has_value()});
}

// in_hex returns the report of a text sample, byte by byte changeable.
Bytes changed_at(Bytes evidence, std::size_t byte, char digit) {
  auto& d = evidence[2 * byte + 1];
  d = d == static_cast<std::uint8_t>(digit) ? '1' : static_cast<std::uint8_t>(digit);
  return evidence;
}

void cover_recipes(const Case& c, Table& table) {
  if (c.name.find(".txt") == std::string::npos || !c.expected["valid"].is_boolean() ||
      !c.expected["valid"].get<bool>())
    return;
  const Bytes nonce = hex(c.expected["nonce"]);
  const auto policy = nvidia::policy_for(c.evidence);
  const auto report = nvidia::read(c.evidence).devices.front().report;
  const std::size_t signature = report.signed_part.size();
  constexpr std::size_t first_measurement = 37 + 8 + 7;
  table.recipe(c.name, "bit of the signed body", "signature_invalid",
               {first_of(nvidia::judge(changed_at(c.evidence, first_measurement, '0'), policy, nonce))});
  std::set<std::string> outcomes;
  outcomes.insert(first_of(nvidia::judge(changed_at(c.evidence, signature + 95, '0'), policy, nonce)));
  for (const std::size_t half : {0U, 48U}) {
    for (const char digit : {'0', 'f'}) {
      Bytes bad = c.evidence;
      std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(2 * (signature + half)), 96,
                  static_cast<std::uint8_t>(digit));
      outcomes.insert(first_of(nvidia::judge(bad, policy, nonce)));
    }
  }
  table.recipe(c.name, "bad signature value", "signature_invalid", outcomes);
  const auto other = nvidia::judge(c.evidence, policy, Bytes(32, 7));
  table.recipe(c.name, "another binder", "binder_mismatch", {first_of(other)});
  outcomes.clear();
  for (std::size_t n = 0; n < 2 * (signature + 96); ++n) {
    const Bytes cut(c.evidence.begin(), c.evidence.begin() + static_cast<std::ptrdiff_t>(n));
    outcomes.insert(appraise::nvidia::parse(Cmw(CmwRecord{MediaType{"x/y"}, cut, 0}))
                        ? "accepted at " + std::to_string(n)
                        : "evidence_malformed");
  }
  table.recipe(c.name, "cut anywhere", "evidence_malformed", outcomes);
}

void cover_manifests(const nlohmann::json& group, Table& table) {
  const auto id = group["id"].get<std::string>() + "/";
  for (const auto& says : group["verification"]) {
    const auto file = files_of(says);
    if (!file.ends_with(".xml")) continue;
    const auto result = says["result"].get<std::string>();
    const auto verified = appraise::nvidia::verify_rim(nvidia::rim(id + file), nvidia::now());
    // Another root than NVIDIA's is none of the XML signature's business.
    const bool theirs = result.starts_with("XMLDSig ok") && file.find("incorrect") == std::string::npos &&
                        file.find("expired") == std::string::npos;
    table.verdict(
        {id + file, "manifest, at the collection's time", who_of(says) + ": " + result.substr(0, 40),
         verified ? "accepted" : std::string(name(verified.error().code)), theirs == verified.ok()});
  }
}

}  // namespace

void cover_nvidia(Table& table) {
  for (const auto& c : nvidia::cases()) {
    cover_report(c, table);
    cover_recipes(c, table);
  }
  for (const auto& group : manifest()["samples"])
    if (group["id"].get<std::string>().starts_with("nvidia/")) cover_manifests(group, table);
  const auto claims = sample("nvidia/dstack-h100-eat/gpu_attestation_h100.json");
  Policy policy;
  policy.schemes = {"nvidia"};
  const auto verdict = nvidia::judge(claims, policy, Bytes(32, 0x11));
  table.verdict({"nvidia/dstack-h100-eat/gpu_attestation_h100.json", "as evidence",
                 "unsigned claims: must be refused", outcome_of(verdict), !verdict.assessment});
}

}  // namespace seatls::testing::coverage
