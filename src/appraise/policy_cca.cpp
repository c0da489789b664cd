#include "appraise/policy_cca.h"

#include "appraise/toml_reader.h"

namespace seatls::appraise {
namespace {

constexpr std::size_t personalization_size = 64;

}  // namespace

CcaPolicy read_cca(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"cpak", "initial_measurement", "extensible_measurements", "personalization",
                       "components", "config", "key"});
  CcaPolicy p;
  for (const auto& path : r.texts(s, "cpak"))
    if (auto key = r.public_key(path, s.full("cpak"), r.line(s.full("cpak"))))
      p.cpak.push_back(std::move(*key));
  p.initial_measurement = r.digests(s, "initial_measurement");
  p.extensible_measurements = r.registers(r.section(s, "extensible_measurements"));
  p.personalization = r.digests(s, "personalization");
  p.components = r.digests(s, "components");
  p.config = r.digests(s, "config");
  p.key = r.provenance(s);
  return p;
}

void check_cca(const CcaPolicy& p, const Tell& mistake) {
  if (p.cpak.empty())
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

}  // namespace seatls::appraise
