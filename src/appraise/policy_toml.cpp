// The keys of a policy file: docs/usage/policy.md tells each one.
#include <algorithm>
#include <charconv>
#include <filesystem>

#include "appraise/policy_alone.h"
#include "appraise/policy_arm.h"
#include "appraise/policy_azure.h"
#include "appraise/policy_compound.h"
#include "appraise/policy_corim.h"
#include "appraise/policy_intel.h"
#include "appraise/policy_nitro.h"
#include "appraise/policy_nvidia.h"
#include "appraise/policy_snp.h"
#include "appraise/toml_reader.h"
#include "seatls/policy.h"

namespace seatls {
namespace {

using appraise::Section;
using appraise::TomlReader;

std::optional<std::uint64_t> firmware(TomlReader& r, const Section& s) {
  const auto value = r.text(s, "firmware_at_least");
  if (!value) return std::nullopt;
  std::uint64_t number = 0;
  const std::string_view digits = std::string_view(*value).substr(std::min<std::size_t>(2, value->size()));
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (value->starts_with("0x") && error == std::errc() && end == digits.data() + digits.size()) return number;
  r.mistake(r.line(s.full("firmware_at_least")), s.full("firmware_at_least"),
            "\"" + *value + "\" is no firmware version",
            "write it as results show it, e.g. \"0x2019102300163636\"");
  return std::nullopt;
}

void add_pin(TomlReader& r, const std::string& value, const std::string& key, std::vector<KeyPin>& pins) {
  if (auto pin = parse_key_pin(value))
    pins.push_back(std::move(*pin));
  else
    r.mistake(r.line(key), key, pin.error().detail, "`seatls key show` prints it");
}

Tpm2Policy tpm2(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"ak", "ak_ca", "ak_ca_crl", "ek_ca", "pcrs", "event_log", "firmware_at_least", "key"});
  Tpm2Policy p;
  for (const auto& value : r.texts(s, "ak")) add_pin(r, value, "tpm2.ak", p.ak);
  p.ak_ca = r.certificates(s, "ak_ca");
  p.ak_ca_crl = r.crls(s, "ak_ca_crl");
  p.ek_ca = r.certificates(s, "ek_ca");
  p.pcrs = r.banks(r.section(s, "pcrs"));
  p.firmware_at_least = firmware(r, s);
  p.key = r.provenance(s);
  p.require_event_log = r.required(s, "event_log");
  return p;
}

SoftwarePolicy software(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"ak", "swname", "measurements", "key"});
  SoftwarePolicy p;
  for (const auto& value : r.texts(s, "ak")) {
    if (value == "tik")
      p.signed_by_tik = true;
    else if (value.starts_with("sha256:"))
      add_pin(r, value, "software.ak", p.ak_pins);
    else if (auto key = r.public_key(value, "software.ak", r.line("software.ak")))
      p.ak.push_back(std::move(*key));
  }
  p.swname = r.names(s, "swname");
  p.measurements = r.digests(s, "measurements");
  p.key = r.provenance(s);
  return p;
}

TrustedVerifier trusted_verifier(TomlReader& r, const toml::table& row, unsigned line) {
  const Section s{&row, "result.verifiers", line};
  r.refuse_unknown(s, {"identity", "key"});
  TrustedVerifier verifier{r.text(s, "identity").value_or(""), {}};
  for (const auto& path : r.texts(s, "key"))
    if (auto key = r.public_key(path, "result.verifiers", line)) verifier.keys.push_back(std::move(*key));
  return verifier;
}

ResultPolicy result(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"verifiers", "max_age", "clock_skew", "audience", "submods"});
  ResultPolicy p;
  if (const toml::node* node = r.find(s, "verifiers")) {
    const auto* rows = node->as_array();
    const auto is_table = [](const toml::node& n) { return n.is_table(); };
    if (rows == nullptr || !std::all_of(rows->begin(), rows->end(), is_table))
      r.wrong_type(*node, "result.verifiers",
                   "[{ identity = \"verifier.example\", key = \"verifier.pem\" }]");
    else
      for (const auto& row : *rows)
        p.verifiers.push_back(trusted_verifier(r, *row.as_table(), TomlReader::line_of(row)));
  }
  p.max_age = r.duration(s, "max_age");
  p.clock_skew = r.duration(s, "clock_skew").value_or(p.clock_skew);
  p.audience = r.text(s, "audience");
  p.submods = r.texts(s, "submods");
  return p;
}

DangerousAllowances dangers(TomlReader& r, const Section& s) {
  r.refuse_unknown(s, {"software_evidence", "allow_unproven_tik", "allow_unbound_result", "allow_debug",
                       "simulated_roots"});
  return {.software_evidence = r.flag(s, "software_evidence"),
          .allow_unproven_tik = r.flag(s, "allow_unproven_tik"),
          .allow_unbound_result = r.flag(s, "allow_unbound_result"),
          .allow_debug = r.flag(s, "allow_debug"),
          .simulated_roots = r.certificates(s, "simulated_roots")};
}

Policy read(TomlReader& r, const toml::table& root) {
  const Section top{&root, "", 0};
  r.refuse_unknown(
      top, {"id", "schemes", "key", "tpm2", "tdx", "sgx", "sev-snp", "nitro", "cca", "psa", "azure", "nvidia",
            "software", "compound", "event_log", "result", "machine", "corim", "danger"});
  Policy p;
  p.id = r.text(top, "id").value_or("");
  p.schemes = r.texts(top, "schemes");
  p.key = r.provenance(top);
  const auto of_scheme = [&](std::string_view scheme) {
    Section s = r.section(top, scheme);
    const bool used = appraise::accepts_scheme(p, scheme) || appraise::judges_by_section(p, scheme);
    if (s.present() && !used)
      r.mistake(s.line, std::string(scheme),
                "stands here, but neither schemes nor a part of a compound names it",
                "add \"" + std::string(scheme) + "\" to schemes, or leave the table out");
    return s;
  };
  // First, since its parts name schemes too.
  if (const auto s = of_scheme("compound"); s.present()) p.compound = appraise::read_compound(r, s);
  if (const auto s = r.section(top, "event_log"); s.present()) {
    p.event_log = appraise::read_event_log(r, s);
    if (!appraise::accepts_scheme(p, "event-log"))
      r.mistake(s.line, "event_log", "stands here, but no part of a compound is an event log",
                "add a part with schemes = [\"event-log\"], or leave the table out");
  }
  // It says which other sections are used.
  if (const auto s = of_scheme("azure"); s.present()) p.azure = appraise::read_azure(r, s);
  if (const auto s = of_scheme("tpm2"); s.present()) p.tpm2 = tpm2(r, s);
  if (const auto s = of_scheme("software"); s.present()) p.software = software(r, s);
  if (const auto s = of_scheme("tdx"); s.present()) p.tdx = appraise::read_tdx(r, s);
  if (const auto s = of_scheme("sgx"); s.present()) p.sgx = appraise::read_sgx(r, s);
  if (const auto s = of_scheme("sev-snp"); s.present()) p.snp = appraise::read_snp(r, s);
  if (const auto s = of_scheme("nitro"); s.present()) p.nitro = appraise::read_nitro(r, s);
  if (const auto s = of_scheme("cca"); s.present()) p.cca = appraise::read_cca(r, s);
  if (const auto s = of_scheme("psa"); s.present()) p.psa = appraise::read_psa(r, s);
  if (const auto s = of_scheme("nvidia"); s.present()) p.nvidia = appraise::read_nvidia(r, s);
  if (const auto s = of_scheme("result"); s.present()) p.result = result(r, s);
  const Section machine = r.section(top, "machine");
  r.refuse_unknown(machine, {"id"});
  p.machine = r.texts(machine, "id");
  if (machine.present() && r.find(machine, "id") == nullptr)
    r.mistake(machine.line, "machine.id", "no instance is pinned",
              "list the accepted ones as results show them, or leave [machine] out");
  p.corim = appraise::read_corim(r, top);
  p.danger = dangers(r, r.section(top, "danger"));
  return p;
}

// add_lacks tells what is missing at the line where its table starts, unless a mistake was told already
// that explains it: of the same key, or of one whose name it continues (ak_ca and ak_ca_crl).
void add_lacks(TomlReader& r, const Policy& policy) {
  const auto told = r.mistakes();
  for (auto& lack : validate(policy)) {
    const auto explains = [&](const PolicyMistake& m) {
      return m.key.starts_with(lack.key) || lack.key.starts_with(m.key);
    };
    if (std::ranges::any_of(told, explains)) continue;
    const unsigned line = r.line(lack.key);
    r.mistake(line, std::move(lack.key), std::move(lack.what), std::move(lack.remedy));
  }
}

PolicyReport check(std::string_view text, std::optional<std::string> folder, const std::string& name) {
  TomlReader reader(std::move(folder), name);
  try {
    const toml::table root = toml::parse(text, name);
    Policy policy = read(reader, root);
    add_lacks(reader, policy);
    if (reader.mistakes().empty()) return {std::move(policy), {}};
  } catch (const toml::parse_error& e) {
    reader.mistake(static_cast<unsigned>(e.source().begin.line), "", std::string(e.description()),
                   "mend the TOML at column " + std::to_string(e.source().begin.column) +
                       "; texts stand in quotes, lists in brackets, each key once");
  }
  return {std::nullopt, reader.mistakes()};
}

}  // namespace

PolicyReport check_policy_text(std::string_view text, const std::string& folder, const std::string& name) {
  return check(text, folder, name);
}

PolicyReport appraise::check_policy_alone(std::string_view text, const std::string& name) {
  return check(text, std::nullopt, name);
}

PolicyReport check_policy_file(const std::string& path) {
  const auto content = appraise::read_policy_file(path);
  if (content) return check_policy_text(*content, std::filesystem::path(path).parent_path().string(), path);
  return {std::nullopt,
          {{path, 0, "", content.error().detail, "check the name and who may read it", Code::io}}};
}

Result<Policy> load_policy(const std::string& path) {
  auto report = check_policy_file(path);
  if (report.policy) return std::move(*report.policy);
  // Where only files are missing, the policy itself is right.
  const bool only_files =
      std::ranges::all_of(report.mistakes, [](const PolicyMistake& m) { return m.code == Code::io; });
  std::string all;
  for (const auto& m : report.mistakes) all += (all.empty() ? "" : "\n") + m.message();
  return Error{only_files ? Code::io : Code::configuration, all, path};
}

}  // namespace seatls
