#include "appraise/policy_nvidia.h"

#include <algorithm>
#include <array>

#include "appraise/toml_reader.h"

namespace seatls::appraise {
namespace {

constexpr std::array<std::string_view, 3> known_architectures = {"HOPPER", "BLACKWELL", "LS10"};
constexpr unsigned most_index = 255;

void check_version(const std::string& key, const Expect<std::string>& expected, const Tell& mistake) {
  if (expected.is_any() || !expected.values().empty()) return;
  mistake(key, "no version is accepted",
          "list the accepted versions as results show them, or write \"expect.any\" to accept any, visibly");
}

}  // namespace

NvidiaPolicy read_nvidia(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"architectures", "rims", "measurements", "driver", "vbios", "crls"});
  NvidiaPolicy p;
  p.architectures = r.texts(s, "architectures");
  for (const auto& [path, content] : r.files(s, "rims")) {
    if (auto rim = NvidiaRim::parse(content))
      p.rims.push_back(std::move(*rim));
    else
      r.mistake(r.line(s.full("rims")), s.full("rims"), path + ": " + rim.error().message(),
                "name manifests as NVIDIA's RIM service hands them out: docs/usage/policy.md");
  }
  p.measurements = r.registers(r.section(s, "measurements"));
  p.driver = r.names(s, "driver");
  p.vbios = r.names(s, "vbios");
  p.crls = r.crls(s, "crls");
  return p;
}

void check_nvidia(const NvidiaPolicy& p, const Tell& mistake) {
  if (p.architectures.empty())
    mistake("nvidia.architectures", "no architecture is accepted",
            "write architectures = [\"HOPPER\"]; there are HOPPER, BLACKWELL and LS10");
  for (const auto& name : p.architectures)
    if (std::ranges::find(known_architectures, name) == known_architectures.end())
      mistake("nvidia.architectures", "there is no architecture \"" + name + "\"",
              "they are: HOPPER, BLACKWELL, LS10");
  if (p.rims.empty() && p.measurements.empty())
    mistake("nvidia.rims", "nothing says what a device may measure",
            "set rims = [\"driver.xml\", \"vbios.xml\"], the manifests of the accepted versions, or "
            "[nvidia.measurements]");
  for (const auto& [index, expected] : p.measurements) {
    const std::string key = "nvidia.measurements." + std::to_string(index);
    if (index == 0 || index > most_index) mistake(key, "there are measurements 1 to 255", "use one of them");
    check_named(key, expected, mistake);
    check_digest(key, expected, mistake);
  }
  // A switch has no driver: where it is the only one accepted, none must be named.
  const bool has_driver = p.architectures != std::vector<std::string>{"LS10"};
  if (has_driver) check_version("nvidia.driver", p.driver, mistake);
  check_version("nvidia.vbios", p.vbios, mistake);
}

}  // namespace seatls::appraise
