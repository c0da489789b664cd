// Reports of NVIDIA among the samples, each with the certificates of its key, and a policy for it.
#pragma once

#include <string>
#include <vector>

#include "appraise/schemes/nvidia/parse.h"
#include "appraise/schemes/nvidia/rim.h"
#include "support/manifest.h"
#include "support/verdict.h"

namespace seatls::testing::nvidia {

// Case is what the manifest expects of one report.
struct Case {
  std::string name;  // "nvidia/hopper-sdk/hopper_evidence.json[0]"
  Bytes evidence;    // as it is judged: JSON as it is, a report in hex with its chain behind it
  nlohmann::json expected;
};

inline Case case_of(const std::string& group, const std::string& name, const nlohmann::json& expected) {
  const std::string file = name.substr(0, name.find('['));
  Bytes evidence = sample(group + "/" + file);
  if (file.ends_with(".txt")) {
    const bool expired = file.find("Expired") != std::string::npos;
    const std::string chain = group.ends_with("switch-ls10") ? "switchCertChain.txt"
                              : expired                      ? "hopperCertChainExpired.txt"
                                                             : "hopperCertChain.txt";
    evidence.push_back('\n');
    const Bytes pem = sample(group + "/" + chain);
    evidence.insert(evidence.end(), pem.begin(), pem.end());
  }
  return {group + "/" + name, std::move(evidence), expected};
}

inline std::vector<Case> cases() {
  std::vector<Case> list;
  for (const auto& group : groups_of("nvidia/", "reports"))
    for (const auto& [name, expected] : group["expected"]["reports"].items())
      list.push_back(case_of(group["id"].get<std::string>(), name, expected));
  return list;
}

// At what time the samples are judged: the collection's own.
inline Time now() { return base::from_rfc3339("2026-11-21T12:00:00Z").value(); }

inline appraise::nvidia::Evidence read(const Bytes& evidence) {
  return *appraise::nvidia::parse(Cmw(CmwRecord{MediaType{"x/y"}, evidence, 0})).value();
}

inline NvidiaRim rim(const std::string& file) { return NvidiaRim::parse(sample_text(file)).value(); }

// policy_for accepts exactly what this evidence reports, value by value.
inline Policy policy_for(const Bytes& evidence) {
  Policy p;
  p.id = "test";
  p.schemes = {"nvidia"};
  p.nvidia.architectures = {"HOPPER", "BLACKWELL", "LS10"};
  const auto device = read(evidence).devices.front();
  p.nvidia.driver = expect::OneOf<std::string>{{device.report.driver_version()}};
  p.nvidia.vbios = expect::OneOf<std::string>{{device.report.vbios_version()}};
  for (const auto& [index, m] : device.report.measurements)
    p.nvidia.measurements[index] = expect::OneOf<Bytes>{{m.value}};
  return p;
}

inline Verdict judge(const Bytes& evidence, const Policy& policy, const Bytes& binder, Time at = now()) {
  return testing::judge("nvidia", evidence, {policy, binder, nullptr, "", at});
}

}  // namespace seatls::testing::nvidia
