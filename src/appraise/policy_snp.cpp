#include "appraise/policy_snp.h"

#include <algorithm>
#include <array>

#include "appraise/schemes/snp/appraise.h"
#include "appraise/toml_reader.h"

namespace seatls::appraise {
namespace {

namespace bits = seatls::snp;

constexpr std::array products = {std::pair{SnpProduct::milan, "milan"}, std::pair{SnpProduct::genoa, "genoa"},
                                 std::pair{SnpProduct::turin, "turin"}};
constexpr std::string_view provisional_firmware = "provisional_firmware";
constexpr std::uint64_t permissible = bits::policy_smt | bits::policy_migrate_ma | bits::policy_cxl;
constexpr std::uint64_t demandable = bits::policy_single_socket | bits::policy_mem_aes_256_xts |
                                     bits::policy_rapl_disabled | bits::policy_ciphertext_hiding |
                                     bits::policy_page_swap_disabled;
constexpr std::uint64_t demandable_platform =
    bits::platform_tsme | bits::platform_ecc | bits::platform_rapl_disabled |
    bits::platform_ciphertext_hiding | bits::platform_alias_check_complete | bits::platform_tio;

// read_bits reads a list of names, of those whose bits are in `known`.
std::uint64_t read_bits(TomlReader& r, const Section& s, std::string_view key,
                        std::span<const snp::NamedBit> names, std::uint64_t known,
                        std::string_view also = "") {
  std::uint64_t out = 0;
  for (const auto& word : r.texts(s, key)) {
    const auto bit = std::ranges::find(names, word, &snp::NamedBit::name);
    if (bit != names.end() && (bit->bit & known) != 0)
      out |= bit->bit;
    else if (also.empty() || word != also)
      r.mistake(
          r.line(s.full(key)), s.full(key), "\"" + word + "\" cannot stand here",
          "write some of: " + snp::names_of(known, names) + (also.empty() ? "" : ", ") + std::string(also));
  }
  return out;
}

std::optional<SnpTcb> read_tcb(TomlReader& r, const Section& parent, std::string_view key, bool has_fmc) {
  const Section s = r.section(parent, key);
  if (!s.present()) return std::nullopt;
  std::vector<std::string_view> known = {"bootloader", "tee", "snp", "microcode"};
  if (has_fmc) known.insert(known.begin(), "fmc");
  r.refuse_unknown(s, known);
  const auto component = [&](std::string_view name) {
    const auto value = r.number(s, name, 0, 255);
    if (!value && s.table->get(name) == nullptr)
      r.mistake(s.line, s.full(name), "the component is missing",
                "write all components; 0 accepts every level of one");
    return static_cast<std::uint8_t>(value.value_or(0));
  };
  SnpTcb out;
  if (has_fmc) out.fmc = component("fmc");
  out.bootloader = component("bootloader");
  out.tee = component("tee");
  out.snp = component("snp");
  out.microcode = component("microcode");
  return out;
}

std::map<SnpProduct, SnpTcbFloor> read_floors(TomlReader& r, const Section& s) {
  std::map<SnpProduct, SnpTcbFloor> out;
  r.refuse_unknown(s, {"milan", "genoa", "turin"});
  for (const auto& [product, name] : products) {
    const Section line = r.section(s, name);
    if (!line.present()) continue;
    r.refuse_unknown(line, {"reported", "committed", "current", "launch"});
    const bool fmc = product == SnpProduct::turin;
    out[product] = {.reported = read_tcb(r, line, "reported", fmc),
                    .committed = read_tcb(r, line, "committed", fmc),
                    .current = read_tcb(r, line, "current", fmc),
                    .launch = read_tcb(r, line, "launch", fmc)};
  }
  return out;
}

std::vector<unsigned> read_levels(TomlReader& r, const Section& s) {
  std::vector<unsigned> out;
  const toml::node* node = r.find(s, "vmpl");
  if (node == nullptr) return {0};
  const auto* list = node->as_array();
  if (list != nullptr)
    for (const auto& element : *list)
      if (const auto value = element.value_exact<std::int64_t>(); value && *value >= 0 && *value <= 3)
        out.push_back(static_cast<unsigned>(*value));
  if (list == nullptr || out.size() != list->size() || out.empty())
    r.mistake(TomlReader::line_of(*node), s.full("vmpl"), "is no list of privilege levels",
              "write some of 0 to 3, e.g. vmpl = [0]");
  return out;
}

}  // namespace

SnpPolicy read_snp(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"measurement", "host_data", "id_key_digest", "author_key_digest", "family_id",
                       "image_id", "vmpl", "guest_svn_at_least", "permit", "demand", "demand_platform", "tcb",
                       "vlek", "certificates", "crl", "key"});
  SnpPolicy p;
  p.measurement = r.references(s, "measurement");
  p.host_data = r.references(s, "host_data");
  p.id_key_digest = r.references(s, "id_key_digest");
  p.author_key_digest = r.references(s, "author_key_digest");
  p.family_id = r.references(s, "family_id");
  p.image_id = r.references(s, "image_id");
  p.vmpl = read_levels(r, s);
  p.guest_svn_at_least =
      static_cast<std::uint32_t>(r.number(s, "guest_svn_at_least", 0, 0xFFFFFFFF).value_or(0));
  p.permit = read_bits(r, s, "permit", snp::guest_policy_bits(), permissible, provisional_firmware);
  const auto permitted = r.texts(s, "permit");
  p.permit_provisional_firmware = std::ranges::find(permitted, provisional_firmware) != permitted.end();
  p.demand = read_bits(r, s, "demand", snp::guest_policy_bits(), demandable);
  p.demand_platform = read_bits(r, s, "demand_platform", snp::platform_bits(), demandable_platform);
  p.tcb = read_floors(r, r.section(s, "tcb"));
  p.vlek = r.names(s, "vlek");
  p.certificates = r.certificates(s, "certificates");
  p.crls = r.crls(s, "crl");
  p.key = r.provenance(s);
  return p;
}

void check_snp(const SnpPolicy& p, const Tell& mistake) {
  if (!p.measurement.is_set())
    mistake("sev-snp.measurement", "no launch measurement is accepted",
            "list the accepted ones: sev-snp.measurement = [\"HEX\"], 96 hex digits each");
  check_size("sev-snp.measurement", p.measurement, 48, mistake);
  check_size("sev-snp.host_data", p.host_data, 32, mistake);
  check_size("sev-snp.id_key_digest", p.id_key_digest, 48, mistake);
  check_size("sev-snp.author_key_digest", p.author_key_digest, 48, mistake);
  check_size("sev-snp.family_id", p.family_id, 16, mistake);
  check_size("sev-snp.image_id", p.image_id, 16, mistake);
  if (p.vmpl.empty() || std::ranges::any_of(p.vmpl, [](unsigned level) { return level > 3; }))
    mistake("sev-snp.vmpl", "no privilege level from 0 to 3 is accepted", "write vmpl = [0]");
  if ((p.permit & ~permissible) != 0)
    mistake("sev-snp.permit", "names a bit that is not permitted here",
            "write some of: " + snp::names_of(permissible, snp::guest_policy_bits()) +
                "; a debugger is danger.allow_debug");
  if (p.tcb.empty())
    mistake("sev-snp.tcb", "no level of firmware is accepted",
            "add [sev-snp.tcb.milan] (genoa, turin) with reported = { bootloader = 4, tee = 0, snp = 24, "
            "microcode = 219 }");
  for (const auto& [product, name] : products)
    if (const auto floor = p.tcb.find(product); floor != p.tcb.end() && !floor->second.reported)
      mistake("sev-snp.tcb." + std::string(name),
              "\"reported\" is missing, the level that the key stands for",
              "write reported = { … } as results show it in sev-snp.tcb.reported");
}

}  // namespace seatls::appraise
