#include "seatls/policy.h"

#include <algorithm>
#include <set>

#include "appraise/policy_arm.h"
#include "appraise/policy_azure.h"
#include "appraise/policy_compound.h"
#include "appraise/policy_corim.h"
#include "appraise/policy_intel.h"
#include "appraise/policy_nitro.h"
#include "appraise/policy_nvidia.h"
#include "appraise/policy_snp.h"
#include "appraise/registry.h"
#include "base/encoding.h"

namespace seatls {
namespace {

using appraise::Tell;

constexpr std::chrono::seconds most_clock_skew{300};
constexpr std::size_t most_names_bytes = 66;  // TPM2B_NAME

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& s : list) out += (out.empty() ? "" : ", ") + s;
  return out;
}

void check_schemes(const Policy& p, const Tell& mistake) {
  std::vector<std::string> known;
  for (const auto& scheme : appraise::registry())
    if (scheme.name != "event-log") known.emplace_back(scheme.name);  // it stands in compounds only
  if (p.schemes.empty())
    mistake("schemes", "no scheme is accepted", "name at least one of: " + joined(known));
  std::set<std::string> seen;
  for (const auto& name : p.schemes) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      mistake("schemes", "there is no scheme \"" + name + "\"", "the schemes are: " + joined(known));
    if (!seen.insert(name).second)
      mistake("schemes", "\"" + name + "\" stands there twice",
              "name each scheme once, the preferred one first");
  }
}

void check_tpm2(const Tpm2Policy& tpm2, const Tell& mistake) {
  if (tpm2.ak.empty() && tpm2.ak_ca.empty())
    mistake("tpm2.ak", "nothing says which attestation keys are trusted",
            "set tpm2.ak = [\"sha256:…\"] (a key) or tpm2.ak_ca = \"ca.pem\" (who certifies them)");
  if (!tpm2.ak_ca_crl.empty() && tpm2.ak_ca.empty())
    mistake("tpm2.ak_ca_crl", "a CRL without tpm2.ak_ca judges nothing", "set tpm2.ak_ca, or leave this out");
  appraise::check_pcr_banks("tpm2.pcrs", tpm2.pcrs, mistake);
}

void check_software(const Policy& p, const Tell& mistake) {
  if (!p.danger.software_evidence)
    mistake(
        "danger.software_evidence", "any program can make software evidence",
        "for development set danger.software_evidence = true; otherwise leave \"software\" out of schemes");
  if (p.software.ak.empty() && p.software.ak_pins.empty() && !p.software.signed_by_tik)
    mistake("software.ak", "nothing says which keys may sign",
            "set software.ak = [\"ak.pem\"], or [\"tik\"] for evidence signed by the attested key itself");
  if (!p.software.swname.is_set())
    mistake("software.swname", "no software name is accepted",
            "list the accepted names, or write \"expect.any\"");
}

void check_result(const ResultPolicy& result, const Tell& mistake) {
  if (result.verifiers.empty())
    mistake("result.verifiers", "no verifier is trusted",
            "set result.verifiers = [{ identity = \"verifier.example\", key = \"verifier.pem\" }]");
  std::set<std::string> seen;
  for (const auto& verifier : result.verifiers) {
    if (verifier.identity.empty() || verifier.identity.size() > 0xFFFF)
      mistake("result.verifiers", "an identity is empty or longer than 65535 bytes",
              "write the name that is negotiated, e.g. the verifier's DNS name");
    if (verifier.keys.empty())
      mistake("result.verifiers", "\"" + verifier.identity + "\" has no key", "set key = \"FILE.pem\"");
    if (!seen.insert(verifier.identity).second)
      mistake("result.verifiers", "\"" + verifier.identity + "\" stands there twice",
              "name it once; key takes a list of files");
  }
  if (!result.max_age || result.max_age->count() <= 0)
    mistake("result.max_age", "nothing says how old a result may be", "set result.max_age = \"10m\" or so");
  if (result.clock_skew.count() < 0 || result.clock_skew > most_clock_skew)
    mistake("result.clock_skew", std::to_string(result.clock_skew.count()) + " seconds",
            "allow at most 300s; keep the clocks in step instead");
}

}  // namespace

Result<KeyPin> parse_key_pin(std::string_view pin) {
  const auto colon = pin.find(':');
  const auto kind = pin.substr(0, colon);
  const auto value = base::from_hex(colon == std::string_view::npos ? "" : pin.substr(colon + 1));
  const auto refuse = [&](std::string why) {
    return Error{Code::configuration, "\"" + std::string(pin) + "\": " + std::move(why), ""};
  };
  if (kind == "sha256") {
    if (!value || value->size() != 32)
      return refuse("after \"sha256:\" stand 64 hex digits, the SHA-256 of the key's DER SPKI");
    return KeyPin{KeyPin::Kind::spki_sha256, *value};
  }
  if (kind == "name") {
    if (!value || value->size() < 2 + 32 || value->size() > most_names_bytes)
      return refuse("after \"name:\" stand the hex digits of a TPM Name, 34 bytes for SHA-256");
    return KeyPin{KeyPin::Kind::tpm_name, *value};
  }
  return refuse("a key is pinned by \"sha256:HEX\" (of its SPKI) or \"name:HEX\" (its TPM Name)");
}

std::string to_text(const KeyPin& pin) {
  return (pin.kind == KeyPin::Kind::spki_sha256 ? "sha256:" : "name:") + base::to_hex(pin.value);
}

std::string PolicyMistake::message() const {
  std::string out = file.empty() ? "policy" : file;
  if (line != 0) out += ":" + std::to_string(line);
  out += ": ";
  if (!key.empty()) out += key + ": ";
  return out + what + ". Remedy: " + remedy + ".";
}

std::vector<PolicyMistake> validate(const Policy& policy) {
  std::vector<PolicyMistake> list;
  const Tell mistake = [&](std::string key, std::string what, std::string remedy) {
    list.push_back({"", 0, std::move(key), std::move(what), std::move(remedy), Code::configuration});
  };
  if (policy.id.empty())
    mistake("id", "the policy has no name", "set id = \"…\"; every result names the policy that judged");
  check_schemes(policy, mistake);
  const auto accepted = [&](std::string_view name) { return appraise::accepts_scheme(policy, name); };
  if (accepted("tpm2")) check_tpm2(policy.tpm2, mistake);
  if (accepted("software")) check_software(policy, mistake);
  if (accepted("azure")) appraise::check_azure(policy.azure, mistake);
  const auto judged = [&](std::string_view tee) {
    return accepted(tee) || appraise::judges_by_section(policy, tee);
  };
  if (judged("tdx")) appraise::check_tdx(policy.tdx, mistake);
  if (accepted("sgx")) appraise::check_sgx(policy.sgx, mistake);
  if (judged("sev-snp")) appraise::check_snp(policy.snp, mistake);
  if (accepted("nitro")) appraise::check_nitro(policy.nitro, mistake);
  if (accepted("cca")) appraise::check_cca(policy, mistake);
  if (accepted("psa")) appraise::check_psa(policy, mistake);
  if (accepted("nvidia")) appraise::check_nvidia(policy.nvidia, mistake);
  if (accepted("compound")) appraise::check_compound(policy.compound, mistake);
  appraise::check_event_log(policy.event_log, mistake);
  if (accepted("result")) check_result(policy.result, mistake);
  appraise::check_corim(policy, mistake);
  for (const auto& id : policy.machine) {
    const auto colon = id.find(':');
    if (colon == 0 || colon == std::string::npos || colon + 1 == id.size())
      mistake("machine.id", "\"" + id + "\" names no instance",
              "write KIND:VALUE as results show it, e.g. \"ak:sha256:…\" or \"ueid:01…\"");
  }
  return list;
}

}  // namespace seatls
