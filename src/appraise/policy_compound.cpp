#include "appraise/policy_compound.h"

#include <algorithm>
#include <array>

#include "appraise/registry.h"
#include "appraise/toml_reader.h"

namespace seatls::appraise {
namespace {

constexpr std::string_view event_log_scheme = "event-log";
// Schemes whose evidence signs registers that a log can explain.
constexpr std::array<std::string_view, 3> with_registers = {"tdx", "tpm2", "azure"};
constexpr std::size_t most_parts = 64;  // CmwLimits::entries
constexpr unsigned most_registers = 24;

bool holds(const std::vector<std::string>& schemes, std::string_view name) {
  return std::ranges::find(schemes, name) != schemes.end();
}

bool is_log(const CompoundPart& part) { return holds(part.schemes, event_log_scheme); }

void check_schemes(const std::string& key, const CompoundPart& part, const Tell& mistake) {
  std::string known;
  for (const auto& scheme : registry())
    if (!scheme.is_result && scheme.name != "compound")
      known += (known.empty() ? "" : ", ") + std::string(scheme.name);
  if (part.schemes.empty())
    mistake(key + ".schemes", "no scheme is accepted", "name at least one of: " + known);
  for (const auto& name : part.schemes) {
    const Scheme* scheme = find_scheme(name);
    if (scheme == nullptr)
      mistake(key + ".schemes", "there is no scheme \"" + name + "\"", "they are: " + known);
    else if (scheme->is_result || name == "compound")
      mistake(key + ".schemes", "\"" + name + "\" is no part of a compound", "they are: " + known);
  }
}

void check_log(const std::string& key, const CompoundPart& part, const CompoundPolicy& p,
               const Tell& mistake) {
  if (part.schemes.size() > 1)
    mistake(key + ".schemes", "an event log is no alternative to evidence that is signed",
            "give the log a part of its own: schemes = [\"event-log\"]");
  if (!part.of) {
    mistake(key + ".of", "nothing says which part signs the log's registers",
            "write of = \"LABEL\", the part whose evidence is tdx, tpm2 or azure");
    return;
  }
  const auto other = p.parts.find(*part.of);
  if (other == p.parts.end())
    mistake(key + ".of", "there is no part \"" + *part.of + "\"", "name a label of [compound.parts]");
  else if (!std::ranges::all_of(other->second.schemes, [](const std::string& name) {
             return std::ranges::find(with_registers, name) != with_registers.end();
           }))
    mistake(key + ".of", "the part \"" + *part.of + "\" may bring evidence that signs no registers",
            "name a part whose schemes are among tdx, tpm2 and azure");
}

}  // namespace

bool accepts_scheme(const Policy& policy, std::string_view name) {
  if (holds(policy.schemes, name)) return true;
  return holds(policy.schemes, "compound") &&
         std::ranges::any_of(policy.compound.parts,
                             [&](const auto& part) { return holds(part.second.schemes, name); });
}

CompoundPolicy read_compound(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"parts"});
  CompoundPolicy p;
  const Section parts = r.section(s, "parts");
  if (!parts.present()) return p;
  for (const auto& [label, node] : *parts.table) {
    const Section part = r.section(parts, label.str());
    r.refuse_unknown(part, {"schemes", "of"});
    if (part.present()) p.parts[std::string(label.str())] = {r.texts(part, "schemes"), r.text(part, "of")};
  }
  return p;
}

void check_compound(const CompoundPolicy& p, const Tell& mistake) {
  if (p.parts.empty())
    mistake("compound.parts", "no part is named, so that nothing is accepted",
            "add [compound.parts.LABEL] with schemes = [\"tdx\"] for each piece of evidence");
  if (p.parts.size() > most_parts)
    mistake("compound.parts", std::to_string(p.parts.size()) + " parts",
            "a collection holds at most " + std::to_string(most_parts));
  for (const auto& [label, part] : p.parts) {
    const std::string key = "compound.parts." + label;
    if (label.empty() || label == "__cmwc_t")
      mistake(key, "is no label of a part", "write a name such as \"cpu\"");
    check_schemes(key, part, mistake);
    if (is_log(part))
      check_log(key, part, p, mistake);
    else if (part.of)
      mistake(key + ".of", "only an event log is vouched for by another part",
              "leave it out: this evidence holds the binder itself");
  }
}

EventLogPolicy read_event_log(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"events"});
  return {r.registers(r.section(s, "events"))};
}

void check_event_log(const EventLogPolicy& p, const Tell& mistake) {
  for (const auto& [index, expected] : p.events) {
    const std::string key = "event_log.events." + std::to_string(index);
    if (index >= most_registers) mistake(key, "there are registers 0 to 23", "use one of them");
    check_named(key, expected, mistake);
    check_digest(key, expected, mistake);
  }
}

}  // namespace seatls::appraise
