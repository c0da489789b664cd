// attest: evidence for use apart from any connection. Exposed by no service: whoever calls it has the key.
#include "base/encoding.h"
#include "cli/config_errors.h"
#include "cli/files.h"
#include "cli/learn.h"
#include "cli/session_report.h"
#include "cli/tls.h"
#include "cli/tpm_options.h"
#include "config/text.h"
#include "crypto/signature.h"
#include "seatls/config_file.h"
#include "seatls/configfs_tsm.h"
#include "seatls/simulated.h"

namespace seatls::cli {
namespace {

constexpr const char* examples =
    "  seatls attest --attester software --binder $(openssl rand -hex 32) --tik server.key -o evidence.cmw\n"
    "  seatls attest --attester tpm2 --ak ak.key --tik server.key --binder $B -o evidence.cmw\n"
    "  seatls attest --config server.toml --binder $B -o evidence.cmw     the attester and key of a "
    "configuration\n"
    "The key's possession is proven: evidence is made for keys that this caller can use.\n";

constexpr const char* attesters =
    "tpm2|configfs-tsm|software|passport|simulated-tdx|simulated-sgx|simulated-sev-snp|"
    "simulated-nitro|simulated-cca";

struct AttestOptions {
  std::string attester;
  std::string binder;
  std::string tik;
  std::string output;
  std::string ak;
  std::string key;
  std::string swname = "seatls";
  std::string result;
  std::string verifier;
  std::string event_log;
  std::string platform;
  std::string path = ConfigfsTsmOptions{}.path;
  std::string pcr_bank = "sha256";
  std::vector<unsigned> pcrs = {0, 1, 2, 3, 4, 5, 6, 7};
  bool force = false;
};

struct Ready {
  std::shared_ptr<Attester> attester;
  Spki tik;
};

Result<Ready> tpm2_attester(const AttestOptions& o, const TpmAccess& access) {
  if (o.ak.empty()) return usage_error("tpm2 needs the attestation key: --ak FILE or --ak tpm:0x81…");
  Tpm2AttesterOptions options;
  options.access = access;
  SEATLS_TRY(options.attestation_key, load_key_text(o.ak));
  SEATLS_TRY(options.tik, load_key_text(o.tik));
  options.event_log = o.event_log;
  PcrSelection selection{.bank = Hash::sha256, .indices = o.pcrs};
  for (const Hash h : {Hash::sha1, Hash::sha256, Hash::sha384, Hash::sha512})
    if (name(h) == o.pcr_bank) selection.bank = h;
  options.pcrs = {selection};
  SEATLS_TRY(const auto signer, make_tpm_signer(access, options.tik));
  const Spki tik = signer->public_key();
  SEATLS_TRY(auto attester, make_tpm2_attester(std::move(options)));
  return Ready{std::move(attester), tik};
}

Result<Ready> software_attester(const AttestOptions& o) {
  SoftwareAttesterOptions options;
  SEATLS_TRY(const auto pem, load_key_text(o.tik));
  SEATLS_TRY(const auto tik, crypto::PrivateKey::from_pem(pem));
  options.tiks.emplace_back(bytes(std::string_view(pem)));
  options.swname = o.swname;
  if (!o.key.empty()) {
    SEATLS_TRY(const auto key, load_key_text(o.key));
    options.attestation_key = Secret(bytes(std::string_view(key)));
  }
  SEATLS_TRY(auto attester, make_software_attester(std::move(options)));
  return Ready{std::move(attester), tik.public_key().spki()};
}

Result<Ready> passport_attester(const AttestOptions& o) {
  if (o.result.empty() || o.verifier.empty())
    return usage_error("passport needs the verifier's result: --result FILE and --verifier NAME");
  SEATLS_TRY(const auto pem, load_key_text(o.tik));
  SEATLS_TRY(const auto tik, crypto::PrivateKey::from_pem(pem));
  PassportHolderOptions options;
  options.verifier = o.verifier;
  SEATLS_TRY(options.result, read_input(o.result));
  while (!options.result.empty() && options.result.front() == 'e' && options.result.back() == '\n')
    options.result.pop_back();
  SEATLS_TRY(auto attester, make_passport_holder(std::move(options)));
  return Ready{std::move(attester), tik.public_key().spki()};
}

// The key is opened, so that nobody attests one that is not his.
Result<Spki> held_key(const AttestOptions& o) {
  SEATLS_TRY(const auto pem, load_key_text(o.tik));
  SEATLS_TRY(const auto tik, crypto::PrivateKey::from_pem(pem));
  return tik.public_key().spki();
}

Result<Ready> configfs_attester(const AttestOptions& o) {
  SEATLS_TRY(const auto tik, held_key(o));
  SEATLS_TRY(auto attester, make_configfs_tsm_attester({.tiks = {tik}, .path = o.path}));
  return Ready{std::move(attester), tik};
}

Result<Ready> simulated_attester(const AttestOptions& o, SimulatedTee tee) {
  if (o.platform.empty())
    return usage_error("a simulated attester needs its platform: --platform DIR (seatls simulate makes one)");
  SEATLS_TRY(const auto tik, held_key(o));
  SEATLS_TRY(const auto pem, config::read_text_file(std::filesystem::path(o.platform) / platform_file));
  SimulatedOptions options{.tee = tee, .tiks = {tik}, .platform = {}, .measurement = {}};
  SEATLS_TRY(options.platform, SimulatedPlatform::from_pem(pem));
  SEATLS_TRY(auto made, make_simulated(std::move(options)));
  return Ready{std::move(made.attester), tik};
}

Result<Ready> make_ready(const AttestOptions& o, const TpmAccess& access) {
  if (o.tik.empty())
    return usage_error("which key is attested? --tik KEY, or --config FILE for a configuration's");
  if (o.attester == "tpm2") return tpm2_attester(o, access);
  if (o.attester == "software") return software_attester(o);
  if (o.attester == "passport") return passport_attester(o);
  if (o.attester == "configfs-tsm") return configfs_attester(o);
  constexpr std::string_view simulated = "simulated-";
  if (o.attester.starts_with(simulated))
    if (const auto tee = simulated_tee(o.attester.substr(simulated.size())))
      return simulated_attester(o, *tee);
  return usage_error(std::string("which attester? --attester ") + attesters);
}

Exit run(const Console& console, const Program& program, const AttestOptions& o, const TpmAccess& access) {
  const auto value = base::from_hex(o.binder);
  if (!value || (value->size() != 32 && value->size() != 48))
    return console.fail(usage_error("--binder takes 32 or 48 bytes in hex; these are " +
                                    (value ? std::to_string(value->size()) + " bytes" : "no hex digits")));
  const auto& config = program.common().config;
  std::optional<Ready> ready;
  if (!config.empty()) {
    auto report = check_config(config);
    if (!report.loaded) return fail_with_mistakes(console, config, report.mistakes);
    if (!report.loaded->config.attester || report.loaded->certificate_pem.empty())
      return console.fail(usage_error(config + " has no attester: add [attest]"));
    const auto spki = end_entity_spki(*report.loaded);
    if (!spki) return console.fail(spki.error());
    ready = Ready{report.loaded->config.attester, *spki};
  } else {
    auto made = make_ready(o, access);
    if (!made) return console.fail(made.error());
    ready = std::move(*made);
  }
  const auto scheme = ready->attester->schemes().front();
  if (value->size() > ready->attester->longest_binder())
    return console.fail(
        {Code::binder_too_long, "the binder has 48 bytes, the attester holds 32", "--binder"});
  const Hash hash = value->size() == 48 ? Hash::sha384 : Hash::sha256;
  const auto cmw =
      attest_offline(*ready->attester, scheme, danger::binder_from_bytes(*value, hash, ready->tik));
  if (!cmw) return console.fail(cmw.error());
  const auto encoded = encode_cmw(*cmw);
  if (!encoded) return console.fail(encoded.error());
  if (const auto written = write_output(o.output, *encoded, Mode::shared, o.force); !written)
    return console.fail(written.error());
  console.result(Node::object()
                     .set("file", o.output)
                     .set("scheme", scheme_label(scheme))
                     .set("size", encoded->size())
                     .set("binder", base::to_hex(*value)));
  return Exit::ok;
}

}  // namespace

void add_attest(Program& program) {
  auto& verb = program.verb("attest", "make evidence about a key, apart from any connection", examples);
  auto o = std::make_shared<AttestOptions>();
  choice(verb.add_option("--attester", o->attester, "what attests"), attesters);
  verb.add_option("--binder", o->binder, "32 or 48 bytes that the evidence is bound to")
      ->type_name("HEX")
      ->required();
  verb.add_option("--tik", o->tik, "the key to attest: private key, TPM key file or tpm:HANDLE")
      ->type_name("FILE");
  verb.add_option("-o,--output", o->output, "the file to write: a CMW")->type_name("FILE")->required();
  verb.add_flag("--force", o->force, "replace the file");
  verb.add_option("--ak", o->ak, "tpm2: the attestation key")->type_name("FILE");
  verb.add_option("--pcrs", o->pcrs, "tpm2: what is quoted (default: 0 to 7)")
      ->type_name("N,…")
      ->delimiter(',')
      ->check(CLI::Range(0U, 23U));
  choice(verb.add_option("--pcr-bank", o->pcr_bank, "tpm2: the bank (default: sha256)"),
         "sha1|sha256|sha384|sha512");
  verb.add_option("--event-log", o->event_log, "tpm2: the firmware's event log")->type_name("FILE");
  verb.add_option("--key", o->key, "software: the key that signs the evidence (default: the attested key)")
      ->type_name("FILE");
  verb.add_option("--swname", o->swname, "software: what it says of itself (default: seatls)")
      ->type_name("NAME");
  verb.add_option("--result", o->result, "passport: the verifier's result")->type_name("FILE");
  verb.add_option("--verifier", o->verifier, "passport: the verifier's name")->type_name("NAME");
  verb.add_option("--platform", o->platform, "simulated: the folder that `seatls simulate` wrote")
      ->type_name("DIR");
  verb.add_option("--path", o->path, "configfs-tsm: where the kernel's reports are")->type_name("DIR");
  auto access = add_tpm_options(verb);
  program.on(verb,
             [&program, o, access](const Console& console) { return run(console, program, *o, *access); });
}

}  // namespace seatls::cli
