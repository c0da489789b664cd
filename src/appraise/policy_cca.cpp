#include "appraise/policy_cca.h"

#include "appraise/toml_reader.h"

namespace seatls::appraise {
namespace {

constexpr std::size_t personalization_size = 64;

bool is_digest(const Bytes& value) { return value.size() == 32 || value.size() == 48 || value.size() == 64; }

std::map<unsigned, Expect<Bytes>> read_registers(TomlReader& r, const Section& s) {
  std::map<unsigned, Expect<Bytes>> out;
  r.refuse_unknown(s, {"0", "1", "2", "3"});
  for (const unsigned index : {0U, 1U, 2U, 3U})
    if (auto expected = r.digests(s, std::to_string(index)); expected.is_set())
      out[index] = std::move(expected);
  return out;
}

}  // namespace

CcaPolicy read_cca(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"cpak", "initial_measurement", "extensible_measurements", "personalization",
                       "components", "config", "key"});
  CcaPolicy p;
  for (const auto& path : r.texts(s, "cpak"))
    if (auto key = r.public_key(path, s.full("cpak"), r.line(s.full("cpak"))))
      p.cpak.push_back(std::move(*key));
  p.initial_measurement = r.digests(s, "initial_measurement");
  p.extensible_measurements = read_registers(r, r.section(s, "extensible_measurements"));
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
  const auto demanded = [&](std::string_view key, const Expect<Bytes>& expected) {
    if (!expected.is_set())
      mistake("cca." + std::string(key), "no value is accepted",
              "list the accepted values in hex, or write \"expect.any\" to accept any, visibly");
  };
  demanded("initial_measurement", p.initial_measurement);
  demanded("components", p.components);
  demanded("config", p.config);
  const auto digests = [&](const std::string& key, const Expect<Bytes>& expected) {
    for (const Bytes& value : expected.values())
      if (!is_digest(value))
        mistake(key, "a value has " + std::to_string(value.size()) + " bytes", "digests have 32, 48 or 64");
  };
  digests("cca.initial_measurement", p.initial_measurement);
  digests("cca.components", p.components);
  for (const auto& [index, expected] : p.extensible_measurements) {
    const std::string key = "cca.extensible_measurements." + std::to_string(index);
    digests(key, expected);
    if (index > 3) mistake(key, "a realm has the registers 0 to 3", "use one of them");
  }
  for (const Bytes& value : p.personalization.values())
    if (value.size() != personalization_size)
      mistake("cca.personalization", "a value has " + std::to_string(value.size()) + " bytes",
              "write 128 hex digits");
}

}  // namespace seatls::appraise
