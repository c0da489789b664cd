// init: a configuration, keys and certificates for a start, on one machine.
#include <unistd.h>

#include <filesystem>
#include <map>

#include "attest/tpm2/keys.h"
#include "base/clock.h"
#include "cli/files.h"
#include "cli/init_texts.h"
#include "cli/learn.h"
#include "cli/tpm_options.h"
#include "crypto/hash.h"
#include "crypto/signature.h"
#include "crypto/x509.h"
#include "seatls/attesters.h"
#include "seatls/policy.h"
#include "seatls/verifiers.h"

namespace seatls::cli {
namespace {

namespace fs = std::filesystem;
namespace tpm2 = attest::tpm2;

constexpr const char* examples =
    "  seatls init                                     the server attests itself\n"
    "  seatls init --use-case mutual --dir demo        both do\n"
    "  seatls init --tee tpm2 --tcti device:/dev/tpmrm0\n"
    "Then, in that folder: seatls check server.toml; seatls serve; seatls connect\n"
    "Use cases:\n"
    "  server-attests    the server attests itself; the client appraises it\n"
    "  mutual            server and client attest themselves to each other\n"
    "  onboarding        a client without identity is let in by its evidence alone\n"
    "  optional-server   attestation where both sides can, plain TLS with everyone else\n"
    "  passport          the server brings a verifier's result instead of evidence\n";

const std::map<std::string, UseCase> use_cases = {{"server-attests", UseCase::server_attests},
                                                  {"mutual", UseCase::mutual},
                                                  {"onboarding", UseCase::onboarding},
                                                  {"optional-server", UseCase::optional_server},
                                                  {"passport", UseCase::passport}};

struct InitOptions {
  std::string use_case = "server-attests";
  std::string tee;
  std::string dir = ".";
  std::vector<std::string> names;
  std::string listen = "127.0.0.1:8443";
  std::string connect = "localhost:8443";
  bool force = false;
};

// Outputs collects every file first: nothing is written when something fails, or is there already.
class Outputs {
 public:
  explicit Outputs(fs::path dir) : dir_(std::move(dir)) {}
  void add(const std::string& name, std::string content, std::string purpose, Mode mode = Mode::shared) {
    files_.push_back({name, bytes(std::string_view(content)), std::move(purpose), mode});
  }
  void add_secret(const std::string& name, const Secret& content, std::string purpose) {
    files_.push_back({name, bytes(content.reveal()), std::move(purpose), Mode::secret});
  }

  [[nodiscard]] Result<void> write(bool force) const {
    std::string there;
    std::error_code ignored;
    for (const auto& f : files_)
      if (fs::exists(dir_ / f.name, ignored)) there += (there.empty() ? "" : ", ") + f.name;
    if (!there.empty() && !force)
      return Error{
          Code::io,
          "these files are there already: " + there + "; use another --dir, or --force to replace them",
          dir_.string()};
    std::error_code made;
    fs::create_directories(dir_, made);
    if (made) return Error{Code::io, made.message(), dir_.string()};
    for (const auto& f : files_) SEATLS_CHECK(write_output(dir_ / f.name, f.content, f.mode, force));
    return {};
  }
  // policy_beside reads a policy whose files are among these.
  [[nodiscard]] Result<Policy> policy_beside(const std::string& toml) const {
    SEATLS_TRY(const auto scratch, TemporaryFolder::make());
    for (const auto& f : files_)
      SEATLS_CHECK(write_output(scratch.path() / f.name, f.content, Mode::secret, false));
    auto report = check_policy_text(toml, scratch.path().string());
    if (!report.policy) return Error{Code::internal, report.mistakes.front().message(), "policy"};
    return std::move(*report.policy);
  }
  [[nodiscard]] Node node() const {
    Node list = Node::array();
    for (const auto& f : files_)
      list.add(Node::object().set("file", (dir_ / f.name).string()).set("purpose", f.purpose));
    return list;
  }

 private:
  struct File {
    std::string name;
    Bytes content;
    std::string purpose;
    Mode mode;
  };
  fs::path dir_;
  std::vector<File> files_;
};

// A little CA, as mkcert makes one.
struct Authority {
  crypto::PrivateKey key;
  crypto::Certificate certificate;
};

Result<Authority> make_authority() {
  SEATLS_TRY(auto key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  crypto::CertificateSpec spec;
  spec.common_name = "seatls init CA";
  spec.is_ca = true;
  spec.lifetime = std::chrono::hours(24 * 3650);
  SEATLS_TRY(auto certificate, crypto::make_self_signed(spec, key));
  return Authority{std::move(key), std::move(certificate)};
}

Result<crypto::Certificate> certify(const Authority& ca, const std::string& common_name,
                                    const std::vector<std::string>& names, const crypto::PublicKey& key) {
  crypto::CertificateSpec spec;
  spec.common_name = common_name;
  spec.lifetime = std::chrono::hours(24 * 825);
  for (const auto& n : names) {
    const bool ip =
        n.find(':') != std::string::npos || n.find_first_not_of("0123456789.") == std::string::npos;
    (ip ? spec.ip_addresses : spec.dns_names).push_back(n);
  }
  return crypto::make_certificate(spec, key, crypto::Issuer{ca.certificate, ca.key});
}

// EndEntity is one side's TLS key, wherever it lies, and its text for the file.
struct EndEntity {
  crypto::PublicKey public_key;
  Secret text;
};

Result<EndEntity> make_end_entity(Tee tee, const TpmAccess& access) {
  if (tee == Tee::tpm2) {
    SEATLS_TRY(const auto file, tpm2::create_key(access, tpm2::KeyUse::tik, crypto::KeyType::p256));
    SEATLS_TRY(const auto area, tpm2::show_key(access, file));
    return EndEntity{area.key, Secret(bytes(std::string_view(tpm2::write_key_file(file))))};
  }
  SEATLS_TRY(const auto key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  SEATLS_TRY(auto pem, key.to_pem());
  return EndEntity{key.public_key(), std::move(pem)};
}

// AttesterKit is what attests on this machine: made once, and used by both sides of it.
struct AttesterKit {
  Tee tee = Tee::software;
  TpmAccess access;
  std::string key;  // TPM key file, or PEM

  [[nodiscard]] Result<std::shared_ptr<Attester>> attester(const EndEntity& tik) const {
    if (tee == Tee::tpm2) {
      Tpm2AttesterOptions options;
      options.access = access;
      options.attestation_key = key;
      options.tik = text(tik.text.reveal());
      return make_tpm2_attester(std::move(options));
    }
    SoftwareAttesterOptions options;
    options.attestation_key = Secret(bytes(std::string_view(key)));
    options.tiks.emplace_back(bytes(tik.text.reveal()));
    options.swname = "seatls";
    return make_software_attester(std::move(options));
  }
};

Result<AttesterKit> make_attester_kit(Tee tee, const TpmAccess& access, Outputs& outputs) {
  if (tee == Tee::tpm2) {
    SEATLS_TRY(const auto file, tpm2::create_key(access, tpm2::KeyUse::attestation, crypto::KeyType::p256));
    auto pem = tpm2::write_key_file(file);
    outputs.add("ak.key", pem, "the attestation key; only this TPM can load it", Mode::secret);
    return AttesterKit{tee, access, std::move(pem)};
  }
  SEATLS_TRY(const auto key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  SEATLS_TRY(const auto pem, key.to_pem());
  outputs.add_secret("attester.key", pem, "signs software evidence");
  outputs.add("attester.pem", key.public_key().to_pem(), "its public key, for policies");
  return AttesterKit{tee, access, text(pem.reveal())};
}

Result<Cmw> evidence_of(const AttesterKit& kit, const EndEntity& tik, const Bytes& nonce) {
  SEATLS_TRY(const auto attester, kit.attester(tik));
  return attest_offline(*attester, attester->schemes().front(),
                        danger::binder_from_bytes(nonce, Hash::sha256, tik.public_key.spki()));
}

// add_passport plays the verifier once: it judges the evidence, and signs what it found.
Result<void> add_passport(const InitPlan& plan, const std::string& verifier_policy, const Cmw& evidence,
                          const Bytes& nonce, const EndEntity& tik, Outputs& outputs) {
  // The policy names attester.pem, which is not written yet.
  SEATLS_TRY(const auto policy, outputs.policy_beside(verifier_policy));
  OfflineCredential credential;
  SEATLS_TRY(credential.bytes, encode_cmw(evidence));
  credential.binder = nonce;
  credential.tik = tik.public_key.spki();
  credential.at = base::system_clock()();
  SEATLS_TRY(const auto result, appraise_offline(policy, credential));
  if (const auto* fatal = result.first_fatal()) return Error{fatal->code, fatal->detail, fatal->path};
  SEATLS_TRY(const auto key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  SEATLS_TRY(const auto pem, key.to_pem());
  EarOptions ear;
  ear.tik = tik.public_key.spki();
  ear.lifetime = std::chrono::hours(24);
  ear.signing_key_pem = text(pem.reveal());
  SEATLS_TRY(auto token, to_ear(result, ear));
  outputs.add_secret("verifier.key", pem, "signs the verifier's results");
  outputs.add("verifier.pem", key.public_key().to_pem(), "its public key, for relying parties");
  outputs.add("server.ear", std::move(token), "the verifier's result about server.key; ends after a day");
  outputs.add("policy.toml",
              "# Whose results are accepted, and how old they may be.\n"
              "id = \"init\"\nschemes = [\"result\"]\n\n[result]\nverifiers = [{ identity = \"" +
                  plan.verifier + "\", key = \"verifier.pem\" }]\nmax_age = \"24h\"\n",
              "what a result must be to be accepted");
  return {};
}

Result<void> add_policy(const InitPlan& plan, const AttesterKit& kit, const EndEntity& tik,
                        Outputs& outputs) {
  const Bytes nonce = crypto::random_bytes(32);
  SEATLS_TRY(const auto evidence, evidence_of(kit, tik, nonce));
  SEATLS_TRY(auto policy, learn_policy(evidence, {.id = "init", .software_key = "attester.pem"}));
  if (plan.use_case != UseCase::passport) {
    outputs.add("policy.toml", std::move(policy), "what evidence must say to be accepted");
    return {};
  }
  outputs.add("verifier-policy.toml", policy, "by which the verifier judged the evidence");
  return add_passport(plan, policy, evidence, nonce, tik, outputs);
}

Result<void> make_files(const InitPlan& plan, const InitOptions& options, const TpmAccess& access,
                        Outputs& outputs) {
  SEATLS_TRY(const auto ca, make_authority());
  outputs.add("ca.pem", crypto::to_pem(ca.certificate), "the little CA, for this configuration only");
  SEATLS_TRY(const auto ca_key, ca.key.to_pem());
  outputs.add_secret("ca.key", ca_key, "its key");

  SEATLS_TRY(const auto kit, make_attester_kit(plan.tee, access, outputs));
  SEATLS_TRY(const auto server, make_end_entity(plan.server_attests() ? plan.tee : Tee::software, access));
  SEATLS_TRY(const auto server_certificate,
             certify(ca, options.names.front(), options.names, server.public_key));
  outputs.add("server.pem", crypto::to_pem(server_certificate), "the server's certificate");
  outputs.add_secret("server.key", server.text, "the server's key");

  // Evidence of any TLS key of this machine tells what runs on it.
  SEATLS_TRY(const auto client, make_end_entity(plan.client_attests() ? plan.tee : Tee::software, access));
  if (plan.client_has_certificate()) {
    SEATLS_TRY(const auto certificate, certify(ca, "client", {}, client.public_key));
    outputs.add("client.pem", crypto::to_pem(certificate), "the client's certificate");
    outputs.add_secret("client.key", client.text, "the client's key");
  }
  SEATLS_CHECK(add_policy(plan, kit, plan.server_attests() ? server : client, outputs));
  outputs.add("server.toml", server_toml(plan), "the server's configuration");
  outputs.add("client.toml", client_toml(plan), "the client's configuration");
  return {};
}

Exit run(const Console& console, const InitOptions& options, const TpmAccess& access) {
  InitPlan plan;
  plan.use_case = use_cases.at(options.use_case);
  const bool has_tpm = ::access("/dev/tpmrm0", R_OK | W_OK) == 0;
  // Where evidence is all that vouches for a key, it has to prove it.
  const bool needs_proof = plan.use_case == UseCase::onboarding;
  if (needs_proof && options.tee == "software")
    return console.fail(usage_error(
        "--use-case onboarding lets clients in by their evidence alone, and software evidence does "
        "not prove whose key it is about; use --tee tpm2 (with --tcti, where it is not "
        "/dev/tpmrm0)"));
  const auto tee = !options.tee.empty() ? options.tee : has_tpm || needs_proof ? "tpm2" : "software";
  plan.tee = tee == "tpm2" ? Tee::tpm2 : Tee::software;
  plan.tcti = access.tcti;
  plan.listen = options.listen;
  plan.connect = options.connect;

  Outputs outputs(options.dir);
  if (const auto made = make_files(plan, options, access, outputs); !made) return console.fail(made.error());
  if (const auto written = outputs.write(options.force); !written) return console.fail(written.error());

  const fs::path dir(options.dir);
  Node result;
  result.set("use_case", options.use_case).set("tee", tee).set("files", outputs.node());
  result.set("next", Node::array()
                         .add("seatls check " + (dir / "server.toml").string())
                         .add("seatls serve --config " + (dir / "server.toml").string())
                         .add("seatls connect --config " + (dir / "client.toml").string()));
  console.result(result);
  if (plan.tee == Tee::software)
    console.note("Software evidence is for development: any program can make it. --tee tpm2 uses a TPM.");
  return Exit::ok;
}

}  // namespace

void add_init(Program& program) {
  auto& verb = program.verb("init", "write a configuration, keys and certificates for a start", examples);
  auto o = std::make_shared<InitOptions>();
  choice(verb.add_option("--use-case", o->use_case, "who attests to whom (default: server-attests)"),
         "server-attests|mutual|onboarding|optional-server|passport");
  choice(verb.add_option("--tee", o->tee, "what attests (default: tpm2 where there is /dev/tpmrm0)"),
         "tpm2|software");
  verb.add_option("--dir", o->dir, "the folder to write to (default: this one)")->type_name("DIR");
  verb.add_option("--name", o->names, "name or address of the server; may be repeated (default: localhost)")
      ->type_name("NAME");
  verb.add_option("--listen", o->listen, "where the server listens (default: 127.0.0.1:8443)")
      ->type_name("ADDR:PORT");
  verb.add_option("--connect", o->connect, "where the client connects (default: localhost:8443)")
      ->type_name("HOST:PORT");
  verb.add_flag("--force", o->force, "replace files that are there");
  auto access = add_tpm_options(verb);
  program.on(verb, [o, access](const Console& console) {
    if (o->names.empty()) o->names = {"localhost", "127.0.0.1", "::1"};
    return run(console, *o, *access);
  });
}

}  // namespace seatls::cli
