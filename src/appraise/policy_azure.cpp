#include "appraise/policy_azure.h"

#include <algorithm>
#include <set>

#include "appraise/policy_compound.h"
#include "appraise/toml_reader.h"

namespace seatls::appraise {
namespace {

constexpr std::size_t user_data_size = 64;

// read_member reads a value of a member as JSON writes it: true stands for "true".
Expect<std::string> read_member(TomlReader& r, const Section& s, std::string_view member) {
  const toml::node* node = r.find(s, member);
  if (const auto* flag = node->as_boolean())
    return expect::Exactly<std::string>{flag->get() ? "true" : "false"};
  return r.names(s, member);
}

std::map<std::string, Expect<std::string>> read_vm(TomlReader& r, const Section& s) {
  std::map<std::string, Expect<std::string>> out;
  if (!s.present()) return out;
  for (const auto& [key, node] : *s.table) out[std::string(key.str())] = read_member(r, s, key.str());
  return out;
}

}  // namespace

AzurePolicy read_azure(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"tees", "pcrs", "event_log", "vm", "user_data", "key"});
  AzurePolicy p;
  p.tees = r.texts(s, "tees");
  p.pcrs = r.banks(r.section(s, "pcrs"));
  p.require_event_log = r.required(s, "event_log");
  p.vm = read_vm(r, r.section(s, "vm"));
  p.user_data = r.digests(s, "user_data");
  p.key = r.provenance(s);
  return p;
}

void check_azure(const AzurePolicy& p, const Tell& mistake) {
  if (p.tees.empty())
    mistake("azure.tees", "no TEE is accepted",
            "write azure.tees = [\"sev-snp\"] or [\"tdx\"], and the section that judges it");
  std::set<std::string> seen;
  for (const auto& tee : p.tees) {
    if (tee != "sev-snp" && tee != "tdx")
      mistake("azure.tees", "there is no TEE \"" + tee + "\" below Azure's VMs", "write sev-snp or tdx");
    if (!seen.insert(tee).second)
      mistake("azure.tees", "\"" + tee + "\" stands there twice", "name each TEE once");
  }
  check_pcr_banks("azure.pcrs", p.pcrs, mistake);
  for (const auto& [member, expected] : p.vm)
    if (!expected.is_any() && expected.values().empty())
      mistake("azure.vm." + member, "no value is accepted",
              "write the accepted ones as results show them, e.g. secure-boot = [\"true\"]");
  check_size("azure.user_data", p.user_data, user_data_size, mistake);
}

bool judges_by_section(const Policy& policy, std::string_view tee) {
  return accepts_scheme(policy, "azure") &&
         std::ranges::find(policy.azure.tees, tee) != policy.azure.tees.end();
}

}  // namespace seatls::appraise
