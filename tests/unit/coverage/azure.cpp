// Evidence of Azure's confidential VMs.
#include "appraise/schemes/intel/td_report.h"
#include "unit/azure/samples.h"
#include "unit/coverage/table.h"

namespace seatls::testing::coverage {
namespace {

using azure_samples::Case;
using nlohmann::json;

// The samples are JSON with bytes as numbers, as hex (of the quote) or as base64url.
struct File {
  explicit File(const Case& c)
      : document(json::parse(text(c.raw))),
        attestation(document.contains("tpm_attestation") ? document["tpm_attestation"] : document),
        quote(attestation.contains("quote") ? attestation["quote"] : attestation["tpm_quote"]) {}

  static Bytes read(const json& value) {
    if (value.is_array()) return value.get<Bytes>();
    std::string digits = value.get<std::string>();
    if (auto octets = base::from_hex(digits)) return *octets;
    while (digits.ends_with('=')) digits.pop_back();
    return base::from_base64url(digits).value();
  }
  static void write(json& value, const Bytes& raw) {
    if (value.is_array())
      value = raw;
    else if (base::from_hex(value.get<std::string>()))
      value = base::to_hex(raw);
    else
      value = base::to_base64url(raw);
  }
  // edit changes the bytes of a member.
  template <class F>
  static void edit(json& value, F change) {
    Bytes raw = read(value);
    change(raw);
    write(value, raw);
  }
  static void flip(json& value, std::size_t at) {
    edit(value, [=](Bytes& raw) { raw.at(at) ^= 1; });
  }

  json& hcl_report() {
    for (const char* name : {"hcl_report", "report", "hcl_report_base64"})
      if (document.contains(name)) return document[name];
    return document;
  }
  json& td_quote() { return document[document.contains("td_quote") ? "td_quote" : "tdx_quote_base64"]; }
  [[nodiscard]] Bytes raw() const { return bytes(view(document.dump())); }

  json document;
  json& attestation;
  json& quote;
};

Verdict judge(const Case& c, const Bytes& raw, const Policy& policy) {
  return azure_samples::judge(raw, policy, c.binder(), c.at);
}

// What refuses apart from collateral that no sample brings along.
std::string first_but_collateral(const Verdict& verdict) {
  for (const auto& code : verdict.fatal())
    if (code != name(Code::collateral_missing)) return code;
  return first_of(verdict);
}

// What others say: the vTPM's part by one row, and the processor's by another, for which a TDX platform needs
// collateral.
void cover_verdict(const Case& c, const Policy& policy, Table& table) {
  const bool complete = c.id.find("tdx") == std::string::npos || !c.collateral.empty();
  const auto verdict = judge(c, c.raw, policy);
  const std::string given = outcome_of(verdict);
  for (const auto& says : c.group["verification"]) {
    const auto files = files_of(says);
    if (!files.starts_with(c.file)) continue;
    table.verdict({c.name(), files == c.file ? "hash, quote, PCRs" : files.substr(c.file.size() + 1),
                   who_of(says) + ": " + says["result"].get<std::string>(), given,
                   given == (complete ? "accepted" : "collateral_missing")});
  }
}

void cover_recipes(const Case& c, const std::vector<Case>& all, Table& table) {
  // What the policy says of the values is not asked: the first reason is one of the chain.
  const auto policy = azure_samples::policy_for(azure_samples::parsed(c.raw), c.collateral);
  const auto outcome = [&](const File& file) { return first_but_collateral(judge(c, file.raw(), policy)); };
  const auto with = [&](auto change) {
    File file(c);
    change(file);
    return outcome(file);
  };
  const bool tdx = c.expected["hcl"]["report_type"] == "TDX";
  table.recipe(c.name(), "bit of the variable data", "evidence_inconsistent", {with([](File& f) {
                 // The last digit of "user-data": JSON stays JSON.
                 File::edit(f.hcl_report(), [](Bytes& raw) {
                   const auto size = std::size_t{raw[1232]} + (std::size_t{raw[1233]} << 8U);
                   raw[1236 + size - 3] ^= 1;
                 });
               })});
  table.recipe(
      c.name(), "another nonce", "binder_mismatch",
      {first_but_collateral(azure_samples::judge(c.raw, policy, Bytes(c.binder().size(), 0xA5), c.at)),
       first_but_collateral(azure_samples::judge(c.raw, policy, Bytes(64, 0), c.at))});
  table.recipe(c.name(), "bit of the quote, of its signature", "signature_invalid",
               {with([](File& f) { File::flip(f.quote["message"], 44); }),
                with([](File& f) { File::flip(f.quote["signature"], 100); })});
  table.recipe(c.name(), "two PCRs swapped, one changed", "evidence_inconsistent",
               {with([](File& f) { std::swap(f.quote["pcrs"][0], f.quote["pcrs"][7]); }),
                with([](File& f) { File::flip(f.quote["pcrs"][4], 0); })});
  table.recipe(c.name(), "bit of the processor's report", tdx ? "evidence_inconsistent" : "signature_invalid",
               {with([&](File& f) { File::flip(f.hcl_report(), tdx ? 32 + 528 : 32 + 0x90); })});
  if (tdx)
    table.recipe(c.name(), "bit of the TDX quote", "evidence_inconsistent",
                 {with([](File& f) { File::flip(f.td_quote(), 48 + 136); })});
  // The report of another VM, with the key that it names; for TDX with its quote.
  for (const auto& other : all) {
    if (other.id == c.id || (other.expected["hcl"]["report_type"] == "TDX") != tdx) continue;
    const auto foreign = azure_samples::parsed(other.raw);
    File theirs(other);
    const Bytes report = File::read(theirs.hcl_report());
    const auto swapped = [&](File& f) {
      File::write(f.hcl_report(), report);
      if (tdx) File::write(f.td_quote(), File::read(theirs.td_quote()));
      f.attestation.erase("ak_certificate_pem");
    };
    table.recipe(c.name(), "HCL report of " + other.name(), "signature_invalid", {with(swapped)});
  }
}

// Reports alone: the hash binds, and the processor's signature is judged where its certificate came along.
void cover_reports(Table& table) {
  for (const auto& group : groups_of("azure/", "azure"))
    for (const auto& [file, expected] : group["expected"]["azure"].items()) {
      if (expected.contains("tpm_extra_data")) continue;
      const auto name = group["id"].get<std::string>() + "/" + file;
      const auto report = appraise::azure::parse_hcl_report(sample(name)).value();
      const Bytes hash = report.expected_report_data();
      const bool binds = report.td() != nullptr ? std::ranges::equal(hash, report.td()->report_data)
                                                : std::ranges::equal(hash, report.snp()->report_data);
      table.verdict({name, "hash", "python: " + std::string(expected["valid_binding"] ? "binds" : "does not"),
                     binds ? "binds" : "does not", binds == expected["valid_binding"].get<bool>()});
      if (report.snp() == nullptr) continue;
      // As plain SEV-SNP evidence, with the VCEK that lies beside it.
      Policy policy;
      const auto pem = sample_text(group["id"].get<std::string>() + "/certs.pem");
      const auto certificates = crypto::parse_pem_certificates(pem).value();
      for (const auto& certificate : certificates)
        policy.snp.certificates.push_back(bytes(certificate.der()));
      for (const auto& says : group["verification"]) {
        if (files_of(says) != file + " SNP report") continue;
        const auto at = recorded_time(says).value_or(1727779699);
        const auto verdict = testing::judge("sev-snp", report.hardware_raw,
                                            {policy, hash, nullptr, "", Time(std::chrono::seconds(at))});
        table.verdict({name, "SNP report + certs.pem",
                       who_of(says) + ": " + says["result"].get<std::string>(), first_of(verdict),
                       !verdict.assessment.has_value()});
      }
    }
}

}  // namespace

void cover_azure(Table& table) {
  const auto all = azure_samples::cases();
  for (const auto& c : all) {
    cover_verdict(c, azure_samples::policy_for(azure_samples::parsed(c.raw), c.collateral), table);
    cover_recipes(c, all, table);
  }
  cover_reports(table);
}

}  // namespace seatls::testing::coverage
