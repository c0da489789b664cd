// Policies that accept what good quotes of TDX and SGX say.
#include "appraise/context.h"
#include "appraise/schemes/sgx/parse.h"
#include "appraise/schemes/tdx/parse.h"
#include "base/encoding.h"
#include "cli/learn.h"
#include "cli/learn_sections.h"

namespace seatls::cli {
namespace {

namespace intel = appraise::intel;

std::string listed(std::string_view key, ByteView value) {
  return std::string(key) + " = [\"" + base::to_hex(value) + "\"]\n";
}

// What nobody filled need not be named.
std::string given(std::string_view key, ByteView value) {
  return appraise::is_zero(value) ? "" : listed(key, value);
}

constexpr std::string_view collateral =
    "# What Intel publishes about this model of platform: docs/usage/policy.md tells the format.\n"
    "collateral = [\"collateral.json\"]\n";

}  // namespace

std::string tdx_section(const intel::TdReport& td) {
  std::string out = "[tdx]\n" + std::string(collateral);
  out +=
      "# The virtual firmware, and what was measured since: configuration, boot loader and kernel, "
      "programs.\n";
  out += listed("mr_td", td.mr_td);
  for (std::size_t i = 0; i < td.rtmr.size(); ++i) out += listed("rtmr" + std::to_string(i), td.rtmr[i]);
  out += given("mr_config_id", td.mr_config_id);
  out += given("mr_owner", td.mr_owner);
  out += given("mr_owner_config", td.mr_owner_config);
  if (td.body != intel::TdBody::td_1_0) out += given("mr_service_td", td.mr_service_td);
  out += listed("td_attributes", td.td_attributes);
  out += listed("xfam", td.xfam);
  return out;
}

Result<std::string> learn_tdx(const Cmw& evidence) {
  SEATLS_TRY(const auto parsed, appraise::tdx::parse(evidence));
  auto out = tdx_section(parsed->td());
  if (parsed->td().debug())
    out +=
        "\n[danger]\nallow_debug = true                    # the host can read the trust domain's memory\n";
  return out;
}

Result<std::string> learn_sgx(const Cmw& evidence) {
  SEATLS_TRY(const auto parsed, appraise::sgx::parse(evidence));
  const auto& enclave = parsed->enclave();
  std::string out = "[sgx]\n" + std::string(collateral);
  out += "# The enclave: its code, and what it started with.\n";
  out += listed("mr_enclave", enclave.mr_enclave);
  out += given("config_id", enclave.config_id);
  out += listed("attributes", enclave.attributes);
  if (enclave.debug())
    out += "\n[danger]\nallow_debug = true                    # the host can read the enclave's memory\n";
  return out;
}

}  // namespace seatls::cli
