#include "appraise/policy_nitro.h"

#include "appraise/toml_reader.h"

namespace seatls::appraise {
namespace {

constexpr unsigned most_pcrs = 32;
constexpr std::size_t pcr_size = 48;
constexpr std::chrono::seconds longest_age{std::chrono::hours{3}};  // as long as the certificates hold

}  // namespace

NitroPolicy read_nitro(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"pcrs", "user_data", "max_age", "key"});
  NitroPolicy p;
  p.pcrs = r.registers(r.section(s, "pcrs"));
  p.user_data = r.digests(s, "user_data");
  p.max_age = r.duration(s, "max_age").value_or(p.max_age);
  p.key = r.provenance(s);
  return p;
}

void check_nitro(const NitroPolicy& p, const Tell& mistake) {
  if (p.pcrs.empty())
    mistake("nitro.pcrs", "no PCR is judged",
            "add [nitro.pcrs] with lines such as 0 = [\"HEX\"]; \"expect.any\" accepts any value, visibly");
  for (const auto& [pcr, expected] : p.pcrs) {
    const std::string key = "nitro.pcrs." + std::to_string(pcr);
    if (pcr >= most_pcrs) mistake(key, "there are PCRs 0 to 31", "use one of them");
    check_named(key, expected, mistake);
    check_size(key, expected, pcr_size, mistake);
  }
  if (p.max_age.count() <= 0 || p.max_age > longest_age)
    mistake("nitro.max_age", std::to_string(p.max_age.count()) + " seconds",
            "write \"5m\" or so; at most \"3h\", as long as the certificates hold");
}

}  // namespace seatls::appraise
