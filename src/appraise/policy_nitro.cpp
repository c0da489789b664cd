#include "appraise/policy_nitro.h"

#include <charconv>

#include "appraise/toml_reader.h"

namespace seatls::appraise {
namespace {

constexpr unsigned most_pcrs = 32;
constexpr std::size_t pcr_size = 48;
constexpr std::chrono::seconds longest_age{std::chrono::hours{3}};  // as long as the certificates hold

std::map<unsigned, Expect<Bytes>> read_pcrs(TomlReader& r, const Section& s) {
  std::map<unsigned, Expect<Bytes>> out;
  if (!s.present()) return out;
  for (const auto& [key, node] : *s.table) {
    unsigned index = 0;
    const std::string_view digits = key.str();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (error != std::errc() || digits != std::to_string(index))
      r.mistake(TomlReader::line_of(node), s.full(digits), "is not the number of a PCR",
                "write lines such as 0 = [\"HEX\"]");
    else
      out[index] = r.digests(s, digits);
  }
  return out;
}

}  // namespace

NitroPolicy read_nitro(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"pcrs", "user_data", "max_age", "key"});
  NitroPolicy p;
  p.pcrs = read_pcrs(r, r.section(s, "pcrs"));
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
    if (!expected.is_set() || (!expected.is_any() && expected.values().empty()))
      mistake(key, "no value is accepted", "list the accepted values, or write \"expect.any\"");
    for (const Bytes& value : expected.values())
      if (value.size() != pcr_size)
        mistake(key, "a value has " + std::to_string(value.size()) + " bytes", "write 96 hex digits");
  }
  if (p.max_age.count() <= 0 || p.max_age > longest_age)
    mistake("nitro.max_age", std::to_string(p.max_age.count()) + " seconds",
            "write \"5m\" or so; at most \"3h\", as long as the certificates hold");
}

}  // namespace seatls::appraise
