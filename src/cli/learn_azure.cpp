// A policy that accepts what good evidence of an Azure VM says.
#include <algorithm>
#include <array>

#include "appraise/context.h"
#include "appraise/schemes/azure/parse.h"
#include "base/encoding.h"
#include "cli/learn.h"
#include "cli/learn_sections.h"
#include "codec/json.h"

namespace seatls::cli {
namespace {

namespace azure = appraise::azure;

// They tell one VM, or one start of it.
constexpr std::array of_one_vm = {std::string_view("vmUniqueId"), std::string_view("current-time")};

// TOML's basic strings are written as JSON's are.
Result<std::string> quoted(const std::string& text) { return codec::json::write(codec::json::Value(text)); }

Result<std::string> vm_table(const azure::VariableData& data) {
  std::string out;
  for (const auto& [member, value] : data.configuration) {
    if (std::ranges::find(of_one_vm, member) != of_one_vm.end()) continue;
    SEATLS_TRY(const auto key, quoted(member));
    SEATLS_TRY(const auto accepted, quoted(value));
    out += key + " = [" + accepted + "]\n";
  }
  return out.empty() ? out : "\n# What the paravisor says of the VM.\n[azure.vm]\n" + out;
}

// An attester may put the binder there, which is another one next time.
bool is_worth_naming(const azure::Evidence& e) {
  const auto& data = e.hcl.variable.user_data;
  if (!data || appraise::is_zero(*data)) return false;
  Bytes binder = e.quote.extra_data;
  binder.resize(data->size(), 0);
  return *data != binder;
}

bool has_debugger(const azure::Evidence& e) {
  if (const auto* quote = e.td_quote()) return quote->td()->debug();
  return (e.snp()->report.policy & seatls::snp::policy_debug) != 0;
}

}  // namespace

Result<std::string> learn_azure(const Cmw& evidence) {
  SEATLS_TRY(const auto parsed, azure::parse(evidence));
  const azure::Evidence& e = *parsed;
  std::string hardware;
  if (const auto* quote = e.td_quote()) {
    hardware = tdx_section(*quote->td());
  } else {
    SEATLS_TRY(hardware, snp_section(*e.snp()));
  }
  SEATLS_TRY(const auto vm, vm_table(e.hcl.variable));
  std::string out =
      "[azure]\ntees = [\"" + std::string(e.td_quote() != nullptr ? "tdx" : "sev-snp") + "\"]\n";
  if (is_worth_naming(e)) out += "user_data = [\"" + base::to_hex(*e.hcl.variable.user_data) + "\"]\n";
  out += vm + "\n" + pcr_tables("azure", e.pcrs);
  out += "\n# The processor below, whose measurement is the paravisor's.\n" + hardware;
  std::string dangers;
  if (!e.certified) dangers += "allow_unproven_tik = true             # the virtual TPM certified no key\n";
  if (has_debugger(e))
    dangers += "allow_debug = true                    # the host can read the VM's memory\n";
  return dangers.empty() ? out : out + "\n[danger]\n" + dangers;
}

}  // namespace seatls::cli
