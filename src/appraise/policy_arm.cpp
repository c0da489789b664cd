#include "appraise/policy_arm.h"

#include "appraise/toml_reader.h"

namespace seatls::appraise {
namespace {

constexpr std::size_t personalization_size = 64, implementation_id_size = 32;

}  // namespace

CcaPolicy read_cca(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"cpak", "initial_measurement", "extensible_measurements", "personalization",
                       "components", "config", "key"});
  CcaPolicy p;
  p.cpak_from_corim = r.text_is(s, "cpak", corim_text);
  if (!p.cpak_from_corim) p.cpak = r.public_keys(s, "cpak");
  p.initial_measurement = r.references(s, "initial_measurement");
  p.extensible_measurements =
      r.registers(r.section(s, "extensible_measurements"), TomlReader::Corim::may_tell);
  p.personalization = r.references(s, "personalization");
  p.components = r.references(s, "components");
  p.config = r.references(s, "config");
  p.key = r.provenance(s);
  return p;
}

void check_cca(const Policy& policy, const Tell& mistake) {
  const CcaPolicy& p = policy.cca;
  if (p.cpak.empty() && !p.cpak_from_corim && policy.danger.simulated_roots.empty())
    mistake("cca.cpak", "nothing says whose platforms are trusted",
            "set cca.cpak = [\"cpak.pem\"], the public keys that sign platform tokens");
  check_named("cca.initial_measurement", p.initial_measurement, mistake);
  check_named("cca.components", p.components, mistake);
  check_named("cca.config", p.config, mistake);
  check_digest("cca.initial_measurement", p.initial_measurement, mistake);
  check_digest("cca.components", p.components, mistake);
  for (const auto& [index, expected] : p.extensible_measurements) {
    const std::string key = "cca.extensible_measurements." + std::to_string(index);
    if (index > 3)
      mistake(key, "a realm has the registers 0 to 3", "use one of them");
    else
      check_digest(key, expected, mistake);
  }
  check_size("cca.personalization", p.personalization, personalization_size, mistake);
}

PsaPolicy read_psa(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"iak", "implementation_id", "components", "signers", "client_id", "key"});
  PsaPolicy p;
  p.iak_from_corim = r.text_is(s, "iak", corim_text);
  if (!p.iak_from_corim) p.iak = r.public_keys(s, "iak");
  p.implementation_id = r.digests(s, "implementation_id");
  p.components = r.references(s, "components");
  p.signers = r.references(s, "signers");
  p.client_id = r.numbers(s, "client_id", INT32_MIN, INT32_MAX);
  p.key = r.provenance(s);
  return p;
}

void check_psa(const Policy& policy, const Tell& mistake) {
  const PsaPolicy& p = policy.psa;
  if (p.iak.empty() && !p.iak_from_corim && policy.danger.simulated_roots.empty())
    mistake("psa.iak", "nothing says whose devices are trusted",
            "set psa.iak = [\"iak.pem\"], the public keys that sign their tokens");
  check_named("psa.implementation_id", p.implementation_id, mistake);
  check_size("psa.implementation_id", p.implementation_id, implementation_id_size, mistake);
  if (!p.components.is_set() && !p.signers.is_set())
    mistake("psa.components", "no software is accepted",
            "list the accepted measurements: components = [\"HEX\"]; or who signs them, with signers");
  check_digest("psa.components", p.components, mistake);
  check_digest("psa.signers", p.signers, mistake);
  if (!p.client_id.is_set())
    mistake("psa.client_id", "no caller is accepted",
            "write the accepted ones, client_id = [-1], or \"expect.any\" to accept any, visibly");
}

}  // namespace seatls::appraise
