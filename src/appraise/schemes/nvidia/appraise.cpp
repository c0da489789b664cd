#include "appraise/schemes/nvidia/appraise.h"

#include <algorithm>

#include "appraise/ar4si.h"
#include "appraise/schemes/nvidia/rim.h"
#include "base/encoding.h"

namespace seatls::appraise::nvidia {
namespace {

// Of a decoder that is off: NVIDIA's own verifier leaves it out then (index 35 of a manifest).
constexpr unsigned decoder_measurement = 36;

std::string key_of(unsigned index) { return "nvidia.measurements." + std::to_string(index); }

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

std::string listed(const std::vector<unsigned>& numbers) {
  std::string out;
  for (const unsigned n : numbers) out += (out.empty() ? "" : ", ") + std::to_string(n);
  return out;
}

// Judge judges one device.
class Judge {
 public:
  Judge(const DeviceClaims& device, std::size_t number, const Context& context, Findings& findings)
      : device_(device),
        number_(number),
        policy_(context.policy.nvidia),
        now_(context.now),
        findings_(findings) {}

  Assessment judge() {
    a_.vector[TrustClaim::instance_identity] = ar4si::instance_recognized;
    judge_hardware(device_.simulated, a_);
    judge_architecture();
    if (has_driver()) judge_version("driver", policy_.driver, device_.report.driver_version());
    judge_version("vbios", policy_.vbios, device_.report.vbios_version());
    take_manifests();
    judge_measurements();
    if (good_) {
      a_.vector[TrustClaim::executables] = ar4si::executables_approved_at_boot;
      a_.vector[TrustClaim::configuration] = ar4si::configuration_approved;
    }
    return std::move(a_);
  }

 private:
  // A switch has firmware, and no driver that it would measure.
  [[nodiscard]] bool has_driver() const { return device_.architecture != "LS10"; }

  void refuse(TrustClaim claim, Code code, std::string detail, std::string_view field) {
    a_.vector[claim] = ar4si::contraindicated;
    good_ = false;
    findings_.refuse(Stage::policy, code, std::move(detail), place(number_, field));
  }

  void judge_architecture() {
    const auto& accepted = policy_.architectures;
    if (device_.architecture.empty())
      refuse(TrustClaim::hardware, Code::reference_mismatch,
             "\"" + device_.chip + "\" is no chip of a known architecture", "architecture");
    else if (accepted.empty())
      refuse(TrustClaim::hardware, Code::policy_unset, "nvidia.architectures accepts none", "architecture");
    else if (std::ranges::find(accepted, device_.architecture) == accepted.end())
      refuse(TrustClaim::hardware, Code::reference_mismatch,
             "is " + device_.architecture + ", which nvidia.architectures does not name", "architecture");
  }

  void judge_version(const std::string& name, const Expect<std::string>& expected, const std::string& value) {
    const std::string key = "nvidia." + name;
    if (!expected.is_set()) {
      refuse(TrustClaim::executables, Code::policy_unset, key + " accepts no version", name);
    } else if (expected.is_any()) {
      a_.dangers.push_back("expect.any: " + key);
    } else if (const auto values = expected.values();
               value.empty() ||
               std::ranges::none_of(values, [&](const std::string& v) { return upper(v) == upper(value); })) {
      refuse(
          TrustClaim::executables, Code::reference_mismatch,
          (value.empty() ? "is not stated" : "is \"" + value + "\"") + "; " + key + " does not accept that",
          name);
    }
  }

  // manifest_of returns the policy's manifest for a version, if it holds one.
  [[nodiscard]] const NvidiaRim* manifest_of(const std::string& version) const {
    const auto found = std::ranges::find_if(policy_.rims, [&](const NvidiaRim& rim) {
      return upper(rim.impl().version) == upper(version) &&
             architecture_of(rim.impl().product) == device_.architecture;
    });
    return version.empty() || found == policy_.rims.end() ? nullptr : &*found;
  }

  void take_manifest(const std::string& name, const std::string& version) {
    const auto* rim = manifest_of(version);
    if (rim == nullptr) {
      lacking_ += (lacking_.empty() ? "" : " and of ") + name + " " + version;
      return;
    }
    if (auto verified = verify_rim(*rim, now_); !verified) {
      const auto error = std::move(verified).error().in("manifest of " + name + " " + version);
      refuse(TrustClaim::executables, error.code, error.detail, error.path);
      return;
    }
    for (const auto& [index, values] : rim->impl().active)
      if (!golden_.emplace(index, &values).second)
        refuse(TrustClaim::executables, Code::collateral_invalid,
               "the manifests of driver and VBIOS both claim measurement " + std::to_string(index),
               "manifest of " + name + " " + version);
    inactive_.insert(inactive_.end(), rim->impl().inactive.begin(), rim->impl().inactive.end());
    a_.claims.emplace_back("rim." + name, rim->impl().tag_id);
  }

  void take_manifests() {
    if (has_driver()) take_manifest("driver", device_.report.driver_version());
    take_manifest("vbios", device_.report.vbios_version());
  }

  // judge_measurements: the policy's own values first, then those of the manifests. Only where the manifests
  // of everything that the device runs are there is one that none of them claims left to NVIDIA.
  void judge_measurements() {
    const auto& measured = device_.report.measurements;
    std::vector<unsigned> unnamed;
    for (const auto& [index, m] : measured) {
      const auto own = policy_.measurements.find(index);
      const auto golden = golden_.find(index);
      if (own != policy_.measurements.end())
        judge_own(index, own->second, m.value);
      else if (golden != golden_.end())
        judge_golden(index, *golden->second, m.value);
      else if (!lacking_.empty() || std::ranges::find(inactive_, index) == inactive_.end())
        unnamed.push_back(index);
    }
    if (!unnamed.empty())
      refuse(TrustClaim::executables, policy_.rims.empty() ? Code::policy_unset : Code::collateral_missing,
             (lacking_.empty() ? "the manifests do not name"
                               : "nvidia.rims holds no manifest of " + lacking_ +
                                     ", and nvidia.measurements does not name") +
                 " the measurements " + listed(unnamed),
             "measurements");
    for (const auto& [index, values] : golden_)
      if (!measured.contains(index) && !is_moot(index))
        refuse(TrustClaim::executables, Code::reference_mismatch,
               "the manifest names it, and the report does not have it", measurement(index));
    for (const auto& [index, expected] : policy_.measurements)
      if (!measured.contains(index))
        refuse(TrustClaim::executables, Code::reference_mismatch,
               key_of(index) + " judges it, and the report does not have it", measurement(index));
  }

  void judge_own(unsigned index, const Expect<Bytes>& expected, const Bytes& value) {
    if (judge_named(key_of(index), expected, value, place(number_, measurement(index)), findings_,
                    a_.dangers) != Met::refused)
      return;
    a_.vector[TrustClaim::executables] = ar4si::contraindicated;
    good_ = false;
  }

  void judge_golden(unsigned index, const std::vector<Bytes>& accepted, const Bytes& value) {
    if (is_moot(index) || std::ranges::find(accepted, value) != accepted.end()) return;
    refuse(TrustClaim::executables, Code::reference_mismatch,
           "is " + base::to_hex(value) + "; the manifest does not list it", measurement(index));
  }

  [[nodiscard]] bool is_moot(unsigned index) const {
    return index == decoder_measurement && has_driver() && device_.report.nvdec0_disabled();
  }
  [[nodiscard]] static std::string measurement(unsigned index) {
    return "measurement " + std::to_string(index);
  }

  const DeviceClaims& device_;
  const std::size_t number_;
  const NvidiaPolicy& policy_;
  const Time now_;
  Findings& findings_;
  Assessment a_;
  std::map<unsigned, const std::vector<Bytes>*> golden_;  // of the manifests that were taken
  std::vector<unsigned> inactive_;
  std::string lacking_;  // versions that no manifest was found of
  bool good_ = true;
};

void tell_claims(const DeviceClaims& d, const std::string& prefix, Assessment& a) {
  const auto tell = [&](const std::string& claim, std::string value) {
    a.claims.emplace_back(prefix + claim, std::move(value));
  };
  tell("architecture", d.architecture);
  tell("chip", d.chip);
  tell("attestation_key", d.attestation_key);
  tell("device_key", d.device_key);
  if (const auto driver = d.report.driver_version(); !driver.empty()) tell("driver", driver);
  tell("vbios", d.report.vbios_version());
  if (const auto* fwid = d.report.field(Field::fwid)) tell("fwid", base::to_hex(*fwid));
  for (const auto& [index, m] : d.report.measurements)
    if (!is_zero(m.value)) tell("measurements." + std::to_string(index), base::to_hex(m.value));
}

Assessment judge(const Claims& claims, const Context& context, Findings& findings) {
  Assessment whole;
  whole.speaks_of_key = false;
  for (std::size_t i = 0; i < claims.devices.size(); ++i) {
    Assessment a = Judge(claims.devices[i], i, context, findings).judge();
    whole.vector = i == 0 ? a.vector : ar4si::worse(whole.vector, a.vector);
    for (auto& danger : a.dangers)
      if (std::ranges::find(whole.dangers, danger) == whole.dangers.end())
        whole.dangers.push_back(std::move(danger));
    const std::string prefix = "nvidia." + std::to_string(i) + ".";
    tell_claims(claims.devices[i], prefix, whole);
    for (auto& [name, value] : a.claims) whole.claims.emplace_back(prefix + name, std::move(value));
    // The attestation key goes with the firmware, and the device's own stays.
    for (const auto& key : {claims.devices[i].attestation_key, claims.devices[i].device_key})
      whole.instance.push_back("ak:" + key);
  }
  return whole;
}

}  // namespace

Assessment appraise(const VerifiedClaims& verified, const Context& context, Findings& findings) {
  Assessment a = judge(*verified, context, findings);
  a.fingerprint = verified->fingerprint;
  return a;
}

void foresee(const ParsedEvidence& evidence, const Context& context, Findings& findings) {
  (void)judge(claims_of(*evidence), context, findings);
}

}  // namespace seatls::appraise::nvidia
