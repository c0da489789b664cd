// key: keys in files and in TPMs.
#include "attest/tpm2/keys.h"
#include "base/encoding.h"
#include "cli/files.h"
#include "cli/input_errors.h"
#include "cli/tpm_options.h"
#include "crypto/hash.h"
#include "crypto/signature.h"
#include "crypto/x509.h"

namespace seatls::cli {
namespace {

namespace tpm2 = attest::tpm2;

const std::string key_types = "p256|p384|ed25519|rsa";

crypto::KeyType type_of(const std::string& name) {
  if (name == "p384") return crypto::KeyType::p384;
  if (name == "ed25519") return crypto::KeyType::ed25519;
  if (name == "rsa") return crypto::KeyType::rsa;
  return crypto::KeyType::p256;
}

std::string pin_of(const Spki& spki) {
  return "sha256:" + base::to_hex(crypto::digest(Hash::sha256, spki.der()));
}

Node public_node(const crypto::PublicKey& key) {
  return Node::object()
      .set("type", crypto::name(key.type()))
      .set("bits", key.bits())
      .set("pin", pin_of(key.spki()));
}

Node tpm_node(const tpm2::PublicArea& area) {
  auto node = public_node(area.key);
  node.set("held", "in the TPM").set("tpm_name", "name:" + base::to_hex(area.name));
  Node::Array attributes;
  for (const auto& a : tpm2::attribute_names(area.attributes)) attributes.emplace_back(a);
  node.set("attributes", std::move(attributes));
  const auto tik = tpm2::check_tik(area);
  const auto ak = tpm2::check_attestation_key(area);
  node.set("usable_as", tik ? "TLS key (TIK)" : ak ? "attestation key (AK)" : "neither TIK nor AK");
  if (!tik && !ak) node.set("why_not", tik.error().detail + "; " + ak.error().detail);
  return node;
}

// ---- create ---------------------------------------------------------------------------------------

struct CreateOptions {
  std::string type = "p256";
  std::string output;
  std::string persist;
  bool in_tpm = false;
  bool attestation = false;
  bool force = false;
};

Exit create_in_file(const Console& console, const CreateOptions& o) {
  const auto key = crypto::PrivateKey::generate(type_of(o.type));
  if (!key) return console.fail(key.error());
  const auto pem = key->to_pem();
  if (!pem) return console.fail(pem.error());
  if (const auto written = write_output(o.output, pem->reveal(), Mode::secret, o.force); !written)
    return console.fail(written.error());
  console.result(public_node(key->public_key()).set("held", "in a file").set("file", o.output));
  return Exit::ok;
}

Exit create_in_tpm(const Console& console, const CreateOptions& o, const TpmAccess& access) {
  const auto use = o.attestation ? tpm2::KeyUse::attestation : tpm2::KeyUse::tik;
  const auto made = tpm2::create_key(access, use, type_of(o.type));
  if (!made) return console.fail(made.error());
  const auto area = tpm2::show_key(access, *made);
  if (!area) return console.fail(area.error());
  auto node = tpm_node(*area);
  if (!o.persist.empty()) {
    const auto reference = tpm2::parse_key_reference(o.persist);
    const auto* handle = reference ? std::get_if<tpm2::PersistentHandle>(&*reference) : nullptr;
    if (handle == nullptr)
      return console.fail(usage_error("--persist takes a handle such as tpm:0x81000001"));
    if (const auto done = tpm2::persist_key(access, *made, *handle); !done) return console.fail(done.error());
    node.set("handle", o.persist);
  } else {
    if (const auto written = write_output(o.output, tpm2::write_key_file(*made), Mode::secret, o.force);
        !written)
      return console.fail(written.error());
    node.set("file", o.output);
  }
  console.result(node);
  return Exit::ok;
}

void add_create(Program& program, CLI::App& key) {
  auto& verb =
      program.verb("create", "make a key, in a file or inside a TPM",
                   "  seatls key create -o server.key\n"
                   "  seatls key create --tpm -o server.key           a TLS key that cannot leave the TPM\n"
                   "  seatls key create --ak -o ak.key                the TPM's attestation key\n"
                   "  seatls key create --tpm --persist tpm:0x81000001\n",
                   &key);
  auto o = std::make_shared<CreateOptions>();
  choice(verb.add_option("--type", o->type, "the kind of key (in a TPM: p256, p384; --ak: p256, rsa)"),
         key_types);
  verb.add_option("-o,--output", o->output, "the file to write")->type_name("FILE");
  auto* in_tpm = verb.add_flag("--tpm", o->in_tpm, "make it inside the TPM, for TLS");
  verb.add_flag("--ak", o->attestation, "make it inside the TPM, to sign evidence")->excludes(in_tpm);
  verb.add_option("--persist", o->persist, "keep it in the TPM at this handle, instead of a file")
      ->type_name("HANDLE");
  verb.add_flag("--force", o->force, "replace the file");
  auto access = add_tpm_options(verb);
  program.on(verb, [o, access](const Console& console) {
    if (o->output.empty() == o->persist.empty())
      return console.fail(
          usage_error("where to? give -o FILE, or --persist HANDLE for a key that stays in the TPM"));
    if (o->in_tpm || o->attestation) return create_in_tpm(console, *o, *access);
    if (!o->persist.empty())
      return console.fail(usage_error("--persist is for keys in a TPM: add --tpm or --ak"));
    return create_in_file(console, *o);
  });
}

// ---- csr ------------------------------------------------------------------------------------------

struct CsrOptions {
  std::string key;
  std::vector<std::string> names;
  std::string output = "-";
  bool force = false;
};

Result<std::string> make_request(const CsrOptions& o, const TpmAccess& access) {
  crypto::CertificateSpec spec;
  spec.common_name = o.names.front();
  for (const auto& n : o.names) {
    const bool ip =
        n.find(':') != std::string::npos || n.find_first_not_of("0123456789.") == std::string::npos;
    (ip ? spec.ip_addresses : spec.dns_names).push_back(n);
  }
  SEATLS_TRY(const auto text, load_key_text(o.key));
  if (!attest::tpm2::names_key_of_tpm(text)) {
    SEATLS_TRY(const auto key, crypto::PrivateKey::from_pem(text));
    const auto algorithm = key.default_algorithm();
    return crypto::make_csr(spec, key.public_key(), algorithm, [&](ByteView message) {
      return key.sign(algorithm, message, crypto::EcdsaForm::der);
    });
  }
  SEATLS_TRY(const auto signer, make_tpm_signer(access, text));
  SEATLS_TRY(const auto key, crypto::PublicKey::from_spki(signer->public_key().der()));
  const auto algorithm = key.type() == crypto::KeyType::p384 ? crypto::SignatureAlgorithm::ecdsa_p384_sha384
                                                             : crypto::SignatureAlgorithm::ecdsa_p256_sha256;
  return crypto::make_csr(spec, key, algorithm, tpm2::sign_with(signer));
}

void add_csr(Program& program, CLI::App& key) {
  auto& verb =
      program.verb("csr", "a request that a CA makes a certificate of (PKCS#10)",
                   "  seatls key csr server.key --name www.example -o server.csr\n"
                   "  seatls key csr tpm:0x81000001 --name www.example     the TPM signs the request\n",
                   &key);
  auto o = std::make_shared<CsrOptions>();
  verb.add_option("KEY,--key", o->key, "key file, TPM key file or tpm:HANDLE")->type_name("FILE")->required();
  verb.add_option("--name", o->names, "host name or address that the certificate is for; may be repeated")
      ->type_name("NAME")
      ->required();
  verb.add_option("-o,--output", o->output, "the file to write (default: stdout)")->type_name("FILE");
  verb.add_flag("--force", o->force, "replace the file");
  auto access = add_tpm_options(verb);
  program.on(verb, [o, access](const Console& console) {
    const auto made = make_request(*o, *access);
    if (!made) return fail_input(console, made.error());
    if (o->output != "-")
      if (const auto written = write_output(o->output, *made, Mode::shared, o->force); !written)
        return console.fail(written.error());
    if (console.json())
      console.json_line(Node::object().set("file", o->output).set("csr", *made));
    else if (o->output == "-")
      console.raw(*made);
    return Exit::ok;
  });
}

// ---- import ---------------------------------------------------------------------------------------

struct ImportOptions {
  std::string public_file;
  std::string private_file;
  std::string parent = "owner";
  std::string output;
  bool force = false;
};

Result<std::uint32_t> parent_of(const std::string& name) {
  if (name == "owner") return tpm2::owner_hierarchy;
  if (name == "endorsement") return tpm2::endorsement_hierarchy;
  const auto reference = tpm2::parse_key_reference(name.starts_with("tpm:") ? name : "tpm:" + name);
  if (reference)
    if (const auto* handle = std::get_if<tpm2::PersistentHandle>(&*reference)) return handle->value;
  return usage_error("--parent takes owner, endorsement, or a handle such as tpm:0x81000001, not '" + name +
                     "'");
}

void add_import(Program& program, CLI::App& key) {
  auto& verb = program.verb(
      "import", "make a key file of what tpm2_create wrote",
      "  tpm2_create -C 0x81000001 -G ecc256:ecdsa -u key.pub -r key.priv -a 'fixedtpm|…'\n"
      "  seatls key import --public key.pub --private key.priv --parent tpm:0x81000001 -o server.key\n",
      &key);
  auto o = std::make_shared<ImportOptions>();
  verb.add_option("--public", o->public_file, "TPM2B_PUBLIC")->type_name("FILE")->required();
  verb.add_option("--private", o->private_file, "TPM2B_PRIVATE")->type_name("FILE")->required();
  verb.add_option("--parent", o->parent, "owner, endorsement, or the parent's handle (default: owner)")
      ->type_name("HANDLE");
  verb.add_option("-o,--output", o->output, "the file to write")->type_name("FILE")->required();
  verb.add_flag("--force", o->force, "replace the file");
  auto access = add_tpm_options(verb);
  program.on(verb, [o, access](const Console& console) {
    const auto run = [&]() -> Result<Node> {
      SEATLS_TRY(const auto parent, parent_of(o->parent));
      SEATLS_TRY(const auto public_part, read_input(o->public_file));
      SEATLS_TRY(const auto private_part, read_input(o->private_file));
      SEATLS_TRY(const auto file, tpm2::import_key(*access, public_part, private_part, parent));
      SEATLS_TRY(const auto area, tpm2::show_key(*access, file));
      SEATLS_CHECK(write_output(o->output, tpm2::write_key_file(file), Mode::secret, o->force));
      return tpm_node(area).set("file", o->output);
    };
    const auto done = run();
    if (!done) return fail_input(console, done.error());
    console.result(*done);
    return Exit::ok;
  });
}

// ---- show -----------------------------------------------------------------------------------------

struct ShowOptions {
  std::string key;
  bool public_only = false;
};

// A key file tells its public half by itself (TPM2B_PUBLIC: a length, then the area); for a handle the TPM
// is asked.
Result<tpm2::PublicArea> public_area_of(const TpmAccess& access, const tpm2::KeyReference& reference) {
  const auto* file = std::get_if<tpm2::KeyFile>(&reference);
  if (file == nullptr || file->public_area.size() < 2) return tpm2::show_key(access, reference);
  return tpm2::parse_public_area(ByteView(file->public_area).subspan(2));
}

Result<Node> show(const ShowOptions& o, const TpmAccess& access, std::string* pem) {
  SEATLS_TRY(const auto text, load_key_text(o.key));
  if (attest::tpm2::names_key_of_tpm(text)) {
    SEATLS_TRY(const auto reference, tpm2::parse_key_reference(text));
    SEATLS_TRY(const auto area, public_area_of(access, reference));
    *pem = area.key.to_pem();
    return tpm_node(area);
  }
  if (text.find("-----BEGIN CERTIFICATE-----") != std::string::npos) {
    SEATLS_TRY(const auto chain, crypto::parse_pem_certificates(text));
    SEATLS_TRY(const auto key, chain.front().public_key());
    *pem = key.to_pem();
    return public_node(key).set("held", "in a certificate").set("subject", chain.front().subject());
  }
  if (const auto key = crypto::PublicKey::from_pem(text)) {
    *pem = key->to_pem();
    return public_node(*key).set("held", "public key only");
  }
  SEATLS_TRY(const auto key, crypto::PrivateKey::from_pem(text));
  *pem = key.public_key().to_pem();
  return public_node(key.public_key()).set("held", "in a file");
}

void add_show(Program& program, CLI::App& key) {
  auto& verb = program.verb("show", "what a key is, and how a policy pins it",
                            "  seatls key show server.key\n"
                            "  seatls key show ak.key --tcti swtpm:host=127.0.0.1,port=2321\n"
                            "  seatls key show --public verifier.key > verifier.pem\n",
                            &key);
  auto o = std::make_shared<ShowOptions>();
  verb.add_option("KEY", o->key, "private or public key, certificate, TPM key file or tpm:HANDLE")
      ->type_name("FILE")
      ->required();
  verb.add_flag("--public", o->public_only, "print the public key as PEM");
  auto access = add_tpm_options(verb);
  program.on(verb, [o, access](const Console& console) {
    std::string pem;
    auto node = show(*o, *access, &pem);
    if (!node) return fail_input(console, node.error());
    if (o->public_only && !console.json())
      console.raw(pem);
    else
      console.result(std::move(node->set("public_key", pem)));
    return Exit::ok;
  });
}

}  // namespace

void add_key(Program& program) {
  auto& verb = program.verb("key", "make and look at keys, in files and in TPMs",
                            "  seatls key create -o server.key\n  seatls key show server.key\n");
  verb.require_subcommand(1);
  add_create(program, verb);
  add_csr(program, verb);
  add_import(program, verb);
  add_show(program, verb);
}

}  // namespace seatls::cli
