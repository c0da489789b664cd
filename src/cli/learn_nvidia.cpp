// A policy that accepts what good reports of NVIDIA's GPUs or switches say.
#include <algorithm>
#include <set>

#include "appraise/schemes/nvidia/verify.h"
#include "base/encoding.h"
#include "cli/learn.h"

namespace seatls::cli {
namespace {

std::string list_of(const std::set<std::string>& values) {
  std::string out;
  for (const auto& value : values) out += (out.empty() ? "\"" : ", \"") + value + "\"";
  return "[" + out + "]\n";
}

}  // namespace

Result<std::string> learn_nvidia(const Cmw& evidence) {
  SEATLS_TRY(const auto parsed, appraise::nvidia::parse(evidence));
  std::set<std::string> architectures, drivers, versions;
  std::map<unsigned, std::set<std::string>> measurements;
  for (const auto& d : appraise::nvidia::claims_of(*parsed).devices) {
    if (d.architecture.empty())
      return Error{Code::usage, "\"" + d.chip + "\" is no chip of a known architecture", "evidence"};
    architectures.insert(d.architecture);
    if (const auto driver = d.report.driver_version(); !driver.empty()) drivers.insert(driver);
    versions.insert(d.report.vbios_version());
    for (const auto& [index, m] : d.report.measurements) measurements[index].insert(base::to_hex(m.value));
  }
  std::string out = "[nvidia]\narchitectures = " + list_of(architectures);
  if (!drivers.empty()) out += "driver = " + list_of(drivers);
  out += "vbios = " + list_of(versions) +
         "# NVIDIA's manifests of these versions say more than one device does: rims = [\"driver.xml\", "
         "\"vbios.xml\"],\n# and no measurements.\n\n[nvidia.measurements]\n";
  for (const auto& [index, values] : measurements) out += std::to_string(index) + " = " + list_of(values);
  return out;
}

}  // namespace seatls::cli
