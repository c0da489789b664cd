// [attest]: what this endpoint shows.
#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "config/draft.h"
#include "config/schema.h"
#include "config/text.h"
#include "crypto/hash.h"
#include "crypto/x509.h"
#include "seatls/compound.h"

namespace seatls::config {
namespace {

// AttesterRow is one attester that a configuration may name, and the keys that are its own.
struct AttesterRow {
  std::string_view name;
  std::vector<std::string_view> keys;
  std::shared_ptr<Attester> (*read)(const AttestTable& table);
  bool may_be_part = true;
};

constexpr std::string_view event_log_part = "event-log";

std::vector<Bytes> certificates(const AttestTable& t, std::string_view key) {
  std::vector<Bytes> chain;
  if (!t.has(key)) return chain;
  const auto pem = t.content(key);
  if (!pem) return chain;
  const auto read = crypto::parse_pem_certificates(*pem);
  if (!read || read->empty())
    t.wrong(key, "there is no PEM certificate in the file",
            "give the key's certificate first, then its issuers");
  else
    for (const auto& c : *read) chain.push_back(bytes(c.der()));
  return chain;
}

std::optional<PcrSelection> pcr_selection(const AttestTable& t) {
  PcrSelection selection;
  const auto bank = t.text("pcr_bank");
  for (const Hash h : {Hash::sha1, Hash::sha256, Hash::sha384, Hash::sha512})
    if (name(h) == bank) selection.bank = h;
  if (!t.has("pcrs")) {
    selection.indices = {0, 1, 2, 3, 4, 5, 6, 7};
    return selection;
  }
  for (const auto index : t.d.file.numbers(t.key("pcrs"))) {
    if (index < 0 || index > 23) {
      t.wrong("pcrs", "there is no PCR " + std::to_string(index), "PCRs are numbered 0 to 23");
      return {};
    }
    selection.indices.push_back(static_cast<unsigned>(index));
  }
  if (selection.indices.empty()) {
    t.wrong("pcrs", "no PCR is quoted, so the evidence would say nothing of what runs",
            "name at least one: pcrs = [0, 1, 2, 3, 4, 5, 6, 7]");
    return {};
  }
  return selection;
}

std::shared_ptr<Attester> read_tpm2(const AttestTable& t) {
  Tpm2AttesterOptions options;
  options.access = tpm_access(t.d.file, t.name);
  options.tik = t.d.tik;
  options.attestation_key_chain = certificates(t, "ak_certificate");
  options.endorsement_key_chain = certificates(t, "ek_certificate");
  if (t.has("event_log")) {
    options.event_log = t.d.resolve(t.text("event_log"));
    if (!t.content("event_log")) return nullptr;
  }
  const auto selection = pcr_selection(t);
  if (!selection) return nullptr;
  options.pcrs = {*selection};
  const auto ak = t.text("ak");
  if (ak.empty()) {
    if (!t.mentioned("ak") || t.has("ak"))
      t.wrong("ak", "the attestation key is missing",
              "write ak = \"ak.key\" (made by: seatls key create --ak -o ak.key) or ak = \"tpm:0x81…\"");
    return nullptr;
  }
  if (ak.starts_with("tpm:")) {
    options.attestation_key = ak;
  } else {
    const auto text = t.content("ak");
    if (!text) return nullptr;
    options.attestation_key = *text;
  }
  if (t.d.tik.empty()) return nullptr;  // what is wrong with the key was told
  auto made = make_tpm2_attester(std::move(options));
  if (!made)
    return t.wrong_file("attester", made.error(), "look at attest.tcti, attest.ak and that the TPM runs");
  return std::move(*made);
}

std::vector<SoftwareMeasurement> measurements(const AttestTable& t) {
  std::vector<SoftwareMeasurement> list;
  for (const auto& path : t.d.file.texts(t.key("measure"))) {
    const auto content = read_text_file(t.d.resolve(path), 256U << 20U);
    if (!content)
      t.wrong_file("measure", content.error(), "name files that this endpoint can read");
    else
      list.push_back({path, {}, Hash::sha256, crypto::digest(Hash::sha256, view(*content))});
  }
  return list;
}

std::shared_ptr<Attester> read_software(const AttestTable& t) {
  SoftwareAttesterOptions options;
  options.swname = t.has("swname") ? t.text("swname") : "seatls";
  options.swversion = t.text("swversion");
  options.debug_disabled = t.d.file.flag(t.key("debug_disabled"));
  options.measurements = measurements(t);
  if (const auto& keks = t.d.out.channel.interactive_passport.keys; !keks.empty())
    options.kek = keks.front()->public_key();
  if (t.has("ueid")) {
    auto ueid = base::from_hex(t.text("ueid"));
    if (!ueid) return t.wrong("ueid", "this is not hex", "write 7 to 33 bytes in hex, the first one 01");
    options.ueid = std::move(*ueid);
  }
  if (t.has("key")) {
    const auto pem = t.content("key");
    if (!pem) return nullptr;
    options.attestation_key = Secret(bytes(std::string_view(*pem)));
  }
  if (!t.d.out.key_pem) return nullptr;  // what is wrong with the key was told
  options.tiks.emplace_back(bytes(t.d.out.key_pem->reveal()));
  auto made = make_software_attester(std::move(options));
  if (!made)
    return t.wrong_file("attester", made.error(),
                        "P-256 and P-384 keys sign evidence: seatls key create -o attester.key");
  t.d.add_danger("software_attester");
  return std::move(*made);
}

[[nodiscard]] std::shared_ptr<Attester> read_compound(const AttestTable& t);
[[nodiscard]] std::shared_ptr<Attester> read_any_passport(const AttestTable& t);

// A TPM without SHA-384 cannot hold the binder of a SHA-384 suite, and a binder is never shortened
// (docs/protocol, Decision 3): such an endpoint speaks SHA-256 suites only, and says so itself.
void check_binder_fits(Draft& d) {
  if (!d.out.config.attester) return;
  const auto longest = d.out.config.attester->longest_binder();
  if (longest >= size(Hash::sha384)) return;
  const auto& suites = d.out.suites;
  const auto long_one = std::find(suites.begin(), suites.end(), "TLS_AES_256_GCM_SHA384");
  if (suites.empty() || long_one != suites.end())
    d.wrong("endpoint.suites",
            "the attester holds binders of at most " + std::to_string(longest) +
                " bytes (the TPM has no SHA-384), and TLS_AES_256_GCM_SHA384 is allowed, which makes 48",
            "write suites = [\"TLS_AES_128_GCM_SHA256\", \"TLS_CHACHA20_POLY1305_SHA256\"] below [endpoint]");
}

const auto& attesters() {
  static const std::array rows = {
      AttesterRow{"tpm2",
                  {"tcti", "ak", "pcrs", "pcr_bank", "ak_certificate", "ek_certificate", "event_log",
                   "owner_password", "endorsement_password"},
                  read_tpm2},
      AttesterRow{"configfs-tsm", {"path", "privlevel"}, read_configfs_tsm},
      AttesterRow{"software",
                  {"key", "swname", "swversion", "measure", "ueid", "debug_disabled", "kek"},
                  read_software},
      AttesterRow{"passport",
                  {"result", "verifier", "url", "verifier_key", "ca", "cache", "parts", "tcti",
                   "owner_password", "endorsement_password", "kek"},
                  read_any_passport,
                  false},
      AttesterRow{"simulated-tdx", {"platform", "measurement"}, read_simulated},
      AttesterRow{"simulated-sgx", {"platform", "measurement"}, read_simulated},
      AttesterRow{"simulated-sev-snp", {"platform", "measurement"}, read_simulated},
      AttesterRow{"simulated-nitro", {"platform", "measurement"}, read_simulated},
      AttesterRow{"simulated-cca", {"platform", "measurement"}, read_simulated},
      AttesterRow{"compound", {"parts", "kek"}, read_compound, false},
  };
  return rows;
}

// refuse_foreign_keys notes the keys of other attesters.
void refuse_foreign_keys(const AttestTable& t, const std::vector<std::string_view>& own) {
  for (const auto& spec : schema()) {
    const bool there =
        spec.kind == Kind::tables ? !t.d.file.tables(t.key(spec.key)).empty() : t.has(spec.key);
    if (spec.table != "attest" || spec.key == "attester" || !there) continue;
    if (std::find(own.begin(), own.end(), spec.key) == own.end())
      t.wrong(spec.key, "the attester \"" + t.text("attester") + "\" has no such key", "leave it out");
  }
}

// read_table makes the attester that a table describes.
std::shared_ptr<Attester> read_table(const AttestTable& t, bool is_part) {
  const auto chosen = t.text("attester");
  std::vector<std::string> names;
  std::string list = "the attesters are: ";
  for (const auto& row : attesters()) {
    if (is_part && !row.may_be_part) continue;
    list += (names.empty() ? "" : ", ") + std::string(row.name);
    names.emplace_back(row.name);
  }
  if (chosen.empty()) {
    if (t.mentioned("attester") && !t.has("attester")) return nullptr;
    return t.wrong("attester", "the attester is missing",
                   is_part
                       ? list + ", " + std::string(event_log_part)
                       : "write attester = \"tpm2\", or \"software\" for development; leave [attest] out to "
                         "show nothing");
  }
  const auto row = std::find_if(attesters().begin(), attesters().end(),
                                [&](const AttesterRow& r) { return r.name == chosen; });
  if (row == attesters().end()) {
    const auto meant = closest(chosen, names);
    return t.wrong("attester", "there is no attester \"" + chosen + "\"",
                   meant.empty() ? list : "did you mean \"" + meant + "\"?");
  }
  if (is_part && !row->may_be_part)
    return t.wrong("attester", "\"" + chosen + "\" is no part of a compound", list);
  refuse_foreign_keys(t, row->keys);
  if (is_part && t.has("kek"))
    t.wrong("kek", "a key encapsulation key is the endpoint's, and not a part's", "write it below [attest]");
  return row->read(t);
}

// read_log reads a part that is an event log, which other evidence vouches for.
std::string read_log(const AttestTable& t) {
  refuse_foreign_keys(t, {"event_log"});
  if (t.text("event_log").empty()) {
    t.wrong("event_log", "the log's file is missing",
            "write event_log = \"/sys/firmware/acpi/tables/data/CCEL\"");
    return "";
  }
  return t.d.resolve(t.text("event_log"));
}

std::shared_ptr<Attester> read_compound(const AttestTable& t) {
  const auto labels = t.d.file.tables(t.key("parts"));
  if (labels.empty() && t.mentioned("parts") && !t.d.mistakes.empty()) return nullptr;  // told
  if (labels.empty())
    return t.wrong("parts", "the compound has no part",
                   "write [attest.parts.LABEL] with attester = \"tpm2\" or so, for each piece of evidence");
  CompoundOptions options;
  bool whole = true;
  for (const auto& label : labels) {
    const AttestTable part{t.d, t.key("parts") + "." + label};
    if (part.text("attester") == event_log_part) {
      auto& path = options.event_logs[label] = read_log(part);
      whole = whole && !path.empty();
    } else if (auto made = read_table(part, true)) {
      options.parts[label] = std::move(made);
    } else {
      whole = false;
    }
  }
  if (!whole) return nullptr;  // what is wrong was told
  auto made = make_compound_attester(std::move(options));
  if (!made) return t.wrong_file("parts", made.error(), "look at the parts, and at the files of their logs");
  return std::move(*made);
}

// What a verifier is shown for a passport is a part of its own, or a compound of several.
std::shared_ptr<Attester> read_any_passport(const AttestTable& t) {
  if (!t.mentioned("url")) return read_passport(t);
  const auto labels = t.d.file.tables(t.key("parts"));
  std::shared_ptr<Attester> evidence;
  if (labels.size() > 1) {
    evidence = read_compound(t);
  } else if (labels.size() == 1) {
    evidence = read_table({t.d, t.key("parts") + "." + labels.front()}, true);
  } else if (!t.mentioned("parts")) {
    t.wrong("parts", "nothing says what the verifier is shown",
            "write [attest.parts.LABEL] with attester = \"tpm2\" or so");
  }
  return read_renewing_passport(t, std::move(evidence));
}

}  // namespace

TpmAccess tpm_access(const TomlFile& file, const std::string& table) {
  TpmAccess access;
  if (file.has(table + ".tcti")) access.tcti = file.text(table + ".tcti");
  access.owner_password = file.text(table + ".owner_password");
  access.endorsement_password = file.text(table + ".endorsement_password");
  return access;
}

std::optional<std::string> table_of_tpm2(const TomlFile& file) {
  if (file.text("attest.attester") == "tpm2") return "attest";
  for (const auto& label : file.tables("attest.parts"))
    if (const std::string table = "attest.parts." + label; file.text(table + ".attester") == "tpm2")
      return table;
  return std::nullopt;
}

void read_attest(Draft& d) {
  if (!d.file.has_table("attest")) return;
  d.out.config.attester = read_table({d, "attest"}, false);
  check_binder_fits(d);
}

}  // namespace seatls::config
