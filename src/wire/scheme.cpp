#include "seatls/scheme.h"

#include <algorithm>

#include "base/encoding.h"

namespace seatls {
namespace {

// A peer chooses these names, and people read them in logs and terminals: what is not printable
// ASCII is escaped, and what is long is cut.
std::string printable(std::string_view name) {
  constexpr std::size_t kShown = 120;
  std::string out;
  for (const char c : name.substr(0, kShown)) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '\\')
      out += c;
    else
      out += "\\x" + base::to_hex({&byte, 1});
  }
  if (name.size() > kShown) out += "... (" + std::to_string(name.size()) + " bytes)";
  return out;
}

}  // namespace

std::string describe(const AttestationScheme& scheme) {
  if (const auto* verifier = std::get_if<VerifierIdentity>(&scheme.argument))
    return "result of " + printable(verifier->name);
  const auto& type = std::get<EvidenceType>(scheme.argument);
  if (const auto* format = std::get_if<ContentFormat>(&type))
    return "evidence content-format " + std::to_string(format->id);
  return "evidence " + printable(std::get<MediaType>(type).name);
}

const SchemeTable& SchemeTable::defaults() {
  static const SchemeTable table = [] {
    SchemeTable t;
    t.set("software", ContentFormat{263});
    t.set("tpm2", MediaType{"application/vnd.seatls.tpm2+cbor"});
    t.set("tdx", MediaType{"application/vnd.seatls.tdx-quote"});
    t.set("sev-snp", MediaType{"application/vnd.amd.sev-snp.attestation-report"});
    t.set("sgx", MediaType{"application/vnd.seatls.sgx-quote"});
    t.set("nitro", MediaType{"application/vnd.seatls.nitro-document"});
    t.set("azure", MediaType{"application/vnd.seatls.azure+cbor"});
    t.set("cca", MediaType{"application/eat-collection; profile=\"tag:arm.com,2023:cca_platform#1.0.0\""});
    t.set("psa", ContentFormat{10003});
    t.set("nvidia", MediaType{"application/vnd.seatls.nvidia-evidence+json"});
    t.set("event-log", MediaType{"application/vnd.seatls.event-log"});
    t.set("compound", ContentFormat{273});
    return t;
  }();
  return table;
}

std::optional<EvidenceType> SchemeTable::find(std::string_view name) const {
  for (const auto& [row, type] : rows_)
    if (row == name) return type;
  return std::nullopt;
}

std::optional<std::string> SchemeTable::name_of(const EvidenceType& type) const {
  for (const auto& [row, known] : rows_)
    if (known == type) return row;
  return std::nullopt;
}

void SchemeTable::set(std::string name, EvidenceType type) {
  const auto row = std::find_if(rows_.begin(), rows_.end(), [&](const auto& r) { return r.first == name; });
  if (row == rows_.end())
    rows_.emplace_back(std::move(name), std::move(type));
  else
    row->second = std::move(type);
}

std::vector<std::string> SchemeTable::names() const {
  std::vector<std::string> out;
  out.reserve(rows_.size());
  for (const auto& row : rows_) out.push_back(row.first);
  return out;
}

}  // namespace seatls
