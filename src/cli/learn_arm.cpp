// Policies that accept what good tokens of Arm say: CCA and PSA.
#include "appraise/context.h"
#include "appraise/schemes/cca/parse.h"
#include "appraise/schemes/psa/parse.h"
#include "base/encoding.h"
#include "cli/learn.h"

namespace seatls::cli {
namespace {

std::string listed(std::string_view key, const Bytes& value) {
  return std::string(key) + " = [\"" + base::to_hex(value) + "\"]\n";
}

std::string listed(const std::vector<appraise::arm::Component>& components) {
  std::string out = "components = [";
  for (const auto& c : components) {
    out += "\n  \"" + base::to_hex(c.value) + "\",";
    if (!c.type.empty() || !c.version.empty()) out += "  # " + c.type + " " + c.version;
  }
  return out + "\n]\n";
}

}  // namespace

Result<std::string> learn_cca(const Cmw& evidence) {
  SEATLS_TRY(const auto parsed, appraise::cca::parse(evidence));
  const auto& [platform, realm] = *parsed;
  std::string out = "[cca]\n" + std::string(cpak_of_its_maker) + "# What the realm started with.\n";
  out += listed("initial_measurement", realm.initial_measurement);
  if (!appraise::is_zero(realm.personalization)) out += listed("personalization", realm.personalization);
  out += "# The platform: its firmware, and how it is configured.\n" + listed(platform.components) +
         listed("config", platform.config);
  std::string registers;
  for (std::size_t i = 0; i < realm.extensible_measurements.size(); ++i)
    if (const auto& value = realm.extensible_measurements[i]; !appraise::is_zero(value))
      registers += listed(std::to_string(i), value);
  if (!registers.empty())
    out += "\n# What the realm measured since.\n[cca.extensible_measurements]\n" + registers;
  return out;
}

Result<std::string> learn_psa(const Cmw& evidence) {
  SEATLS_TRY(const auto parsed, appraise::psa::parse(evidence));
  const auto& token = *parsed;
  std::string out =
      "[psa]\n# The public key that signs this device's tokens: its maker publishes it.\n"
      "iak = [\"iak.pem\"]\n# The immutable root of trust.\n";
  out += listed("implementation_id", token.implementation_id);
  out += "# The software that was measured.\n" + listed(token.components);
  out +=
      "# Who asked for the token: negative numbers are callers outside of the secure world.\nclient_id = [" +
      std::to_string(token.client_id) + "]\n";
  return out;
}

}  // namespace seatls::cli
