// [attest]: what this endpoint shows.
#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "config/draft.h"
#include "config/schema.h"
#include "config/text.h"
#include "crypto/hash.h"
#include "crypto/x509.h"

namespace seatls::config {
namespace {

// AttesterRow is one attester that a configuration may name, and the keys that are its own.
struct AttesterRow {
  std::string_view name;
  std::vector<std::string_view> keys;
  void (*read)(Draft& d);  // null: this version does not have it
};

std::vector<Bytes> certificates(Draft& d, std::string_view key) {
  std::vector<Bytes> chain;
  if (!d.file.has(key)) return chain;
  const auto pem = d.content(key);
  if (!pem) return chain;
  const auto read = crypto::parse_pem_certificates(*pem);
  if (!read || read->empty())
    d.wrong(key, "there is no PEM certificate in the file",
            "give the key's certificate first, then its issuers");
  else
    for (const auto& c : *read) chain.push_back(bytes(c.der()));
  return chain;
}

std::optional<PcrSelection> pcr_selection(Draft& d) {
  PcrSelection selection;
  const auto bank = d.file.text("attest.pcr_bank");
  for (const Hash h : {Hash::sha1, Hash::sha256, Hash::sha384, Hash::sha512})
    if (name(h) == bank) selection.bank = h;
  if (!d.file.has("attest.pcrs")) {
    selection.indices = {0, 1, 2, 3, 4, 5, 6, 7};
    return selection;
  }
  for (const auto index : d.file.numbers("attest.pcrs")) {
    if (index < 0 || index > 23) {
      d.wrong("attest.pcrs", "there is no PCR " + std::to_string(index), "PCRs are numbered 0 to 23");
      return {};
    }
    selection.indices.push_back(static_cast<unsigned>(index));
  }
  if (selection.indices.empty()) {
    d.wrong("attest.pcrs", "no PCR is quoted, so the evidence would say nothing of what runs",
            "name at least one: pcrs = [0, 1, 2, 3, 4, 5, 6, 7]");
    return {};
  }
  return selection;
}

void read_tpm2(Draft& d) {
  Tpm2AttesterOptions options;
  options.access = tpm_access(d.file);
  options.tik = d.tik;
  options.attestation_key_chain = certificates(d, "attest.ak_certificate");
  options.endorsement_key_chain = certificates(d, "attest.ek_certificate");
  if (d.file.has("attest.event_log")) {
    options.event_log = d.resolve(d.file.text("attest.event_log"));
    if (!d.content("attest.event_log")) return;
  }
  const auto selection = pcr_selection(d);
  if (!selection) return;
  options.pcrs = {*selection};
  const auto ak = d.file.text("attest.ak");
  if (ak.empty()) {
    if (!d.file.mentioned("attest.ak") || d.file.has("attest.ak"))
      d.wrong("attest.ak", "the attestation key is missing",
              "write ak = \"ak.key\" (made by: seatls key create --ak -o ak.key) or ak = \"tpm:0x81…\"");
    return;
  }
  if (ak.starts_with("tpm:")) {
    options.attestation_key = ak;
  } else {
    const auto text = d.content("attest.ak");
    if (!text) return;
    options.attestation_key = *text;
  }
  if (d.tik.empty()) return;  // what is wrong with the key was told
  auto made = make_tpm2_attester(std::move(options));
  if (!made)
    return d.wrong_file("attest.attester", made.error(),
                        "look at attest.tcti, attest.ak and that the TPM runs");
  d.out.config.attester = std::move(*made);
}

std::vector<SoftwareMeasurement> measurements(Draft& d) {
  std::vector<SoftwareMeasurement> list;
  for (const auto& path : d.file.texts("attest.measure")) {
    const auto content = read_text_file(d.resolve(path), 256U << 20U);
    if (!content)
      d.wrong_file("attest.measure", content.error(), "name files that this endpoint can read");
    else
      list.push_back({path, {}, Hash::sha256, crypto::digest(Hash::sha256, view(*content))});
  }
  return list;
}

void read_software(Draft& d) {
  SoftwareAttesterOptions options;
  options.swname = d.file.has("attest.swname") ? d.file.text("attest.swname") : "seatls";
  options.swversion = d.file.text("attest.swversion");
  options.debug_disabled = d.file.flag("attest.debug_disabled");
  options.measurements = measurements(d);
  if (const auto& keks = d.out.channel.interactive_passport.keys; !keks.empty())
    options.kek = keks.front()->public_key();
  if (d.file.has("attest.ueid")) {
    auto ueid = base::from_hex(d.file.text("attest.ueid"));
    if (!ueid)
      return d.wrong("attest.ueid", "this is not hex", "write 7 to 33 bytes in hex, the first one 01");
    options.ueid = std::move(*ueid);
  }
  if (d.file.has("attest.key")) {
    const auto pem = d.content("attest.key");
    if (!pem) return;
    options.attestation_key = Secret(bytes(std::string_view(*pem)));
  }
  if (!d.out.key_pem) return;  // what is wrong with the key was told
  options.tiks.emplace_back(bytes(d.out.key_pem->reveal()));
  auto made = make_software_attester(std::move(options));
  if (!made)
    return d.wrong_file("attest.attester", made.error(),
                        "P-256 and P-384 keys sign evidence: seatls key create -o attester.key");
  d.out.config.attester = std::move(*made);
  d.out.config.dangers.emplace_back("software_attester");
}

// A JWT may end with the line break that an editor put there; a CWT is bytes.
Bytes trimmed(std::string token) {
  if (token.starts_with("ey"))
    while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  return bytes(std::string_view(token));
}

void read_passport(Draft& d) {
  PassportHolderOptions options;
  options.verifier = d.file.text("attest.verifier");
  if (options.verifier.empty())
    d.wrong("attest.verifier", "nothing says whose result it is",
            "write the name that the verifier's results are negotiated by: verifier = \"verifier.example\"");
  if (!d.file.has("attest.result")) {
    if (!d.file.mentioned("attest.result"))
      d.wrong("attest.result", "the result is missing",
              "write result = \"server.ear\", an EAR that the verifier made");
    return;
  }
  const auto token = d.content("attest.result");
  if (!token || options.verifier.empty()) return;
  options.result = trimmed(*token);
  options.danger_unbound_result = d.file.flag("danger.allow_unbound_result");
  auto made = make_passport_holder(std::move(options));
  if (!made)
    return d.wrong_file("attest.attester", made.error(), "look at attest.verifier and attest.result");
  d.out.config.attester = std::move(*made);
}

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
                  {"result", "verifier", "tcti", "owner_password", "endorsement_password", "kek"},
                  read_passport},
      AttesterRow{"simulated-tdx", {"platform", "measurement"}, read_simulated},
      AttesterRow{"simulated-sgx", {"platform", "measurement"}, read_simulated},
      AttesterRow{"simulated-sev-snp", {"platform", "measurement"}, read_simulated},
      AttesterRow{"simulated-nitro", {"platform", "measurement"}, read_simulated},
      AttesterRow{"simulated-cca", {"platform", "measurement"}, read_simulated},
      AttesterRow{"compound", {}, nullptr},
  };
  return rows;
}

}  // namespace

TpmAccess tpm_access(const TomlFile& file) {
  TpmAccess access;
  if (file.has("attest.tcti")) access.tcti = file.text("attest.tcti");
  access.owner_password = file.text("attest.owner_password");
  access.endorsement_password = file.text("attest.endorsement_password");
  return access;
}

void read_attest(Draft& d) {
  if (!d.file.has_table("attest")) return;
  const auto chosen = d.file.text("attest.attester");
  std::vector<std::string> names;
  std::string list = "the attesters are: ";
  for (const auto& row : attesters()) {
    if (row.read == nullptr) continue;
    list += (names.empty() ? "" : ", ") + std::string(row.name);
    names.emplace_back(row.name);
  }
  if (chosen.empty()) {
    if (!d.file.mentioned("attest.attester") || d.file.has("attest.attester"))
      d.wrong(
          "attest.attester", "the attester is missing",
          "write attester = \"tpm2\", or \"software\" for development; leave [attest] out to show nothing");
    return;
  }
  const auto row = std::find_if(attesters().begin(), attesters().end(),
                                [&](const AttesterRow& r) { return r.name == chosen; });
  if (row == attesters().end()) {
    const auto meant = closest(chosen, names);
    return d.wrong("attest.attester", "there is no attester \"" + chosen + "\"",
                   meant.empty() ? list : "did you mean \"" + meant + "\"?");
  }
  if (row->read == nullptr)
    return d.wrong("attest.attester", "\"" + chosen + "\" is not in this version", list);
  for (const auto& spec : schema()) {
    const std::string key = "attest." + std::string(spec.key);
    if (spec.table != "attest" || spec.key == "attester" || !d.file.has(key)) continue;
    if (std::find(row->keys.begin(), row->keys.end(), spec.key) == row->keys.end())
      d.wrong(key, "the attester \"" + chosen + "\" has no such key", "leave it out");
  }
  row->read(d);
  check_binder_fits(d);
}

}  // namespace seatls::config
