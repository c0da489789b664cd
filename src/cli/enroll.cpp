// enroll: a certificate for the TPM's attestation key, by credential activation.
#include "cli/enroll.h"
#include "attest/tpm2/endorsement.h"
#include "attest/tpm2/keys.h"
#include "base/clock.h"
#include "cli/files.h"
#include "cli/input_errors.h"
#include "cli/tpm_options.h"
#include "config/text.h"
#include "crypto/x509.h"
#include "service/enrolment.h"

namespace seatls::cli {
namespace {

namespace tpm2 = attest::tpm2;

constexpr const char* examples =
    "  seatls enroll --ca enrol-ca.pem --makers tpm-makers.pem --ak ak.key -o ak.pem\n"
    "  seatls enroll --ca enrol-ca.pem --ca-key enrol-ca.key --makers makers.pem --ak tpm:0x81010002 -o "
    "ak.pem\n"
    "The TPM proves that the attestation key is in the same TPM as the endorsement key that its maker\n"
    "certified. Policies then trust the CA: tpm2.ak_ca = \"enrol-ca.pem\".\n";

struct EnrollOptions {
  std::string ca;
  std::string ca_key;
  std::string makers;
  std::string ek_chain;
  std::string ak;
  std::string output;
  std::string name = "attestation key";
  std::string verifier;
  bool force = false;
};

Result<std::vector<crypto::Certificate>> certificates_of(const std::string& file) {
  SEATLS_TRY(const auto pem, config::read_text_file(file));
  auto chain = crypto::parse_pem_certificates(pem);
  if (!chain) return std::move(chain).error().in(file);
  return chain;
}

Result<Node> enroll(const EnrollOptions& o, const TpmAccess& access) {
  SEATLS_TRY(const auto ca, certificates_of(o.ca));
  const auto key_file =
      !o.ca_key.empty() ? o.ca_key : std::filesystem::path(o.ca).replace_extension(".key").string();
  SEATLS_TRY(const auto key_pem, config::read_text_file(key_file));
  SEATLS_TRY(const auto key, crypto::PrivateKey::from_pem(key_pem));
  EnrolmentParts parts{.access = access, .ca = ca.front(), .ca_key = key};
  SEATLS_TRY(parts.makers, certificates_of(o.makers));
  if (!o.ek_chain.empty()) {
    SEATLS_TRY(const auto chain, certificates_of(o.ek_chain));
    for (const auto& c : chain) parts.endorsement_issuers.push_back(bytes(c.der()));
  }
  SEATLS_TRY(const auto ak, load_key_text(o.ak));
  SEATLS_TRY(parts.attestation_key, tpm2::parse_key_reference(ak));
  parts.name = o.name;
  SEATLS_TRY(const auto enrolled, enrol(parts));
  SEATLS_CHECK(write_output(o.output, crypto::to_pem(enrolled.certificate) + crypto::to_pem(ca.front()),
                            Mode::shared, o.force));
  return Node::object()
      .set("file", o.output)
      .set("attestation_key", enrolled.key_name)
      .set("endorsement_key", tpm2::name(enrolled.endorsement_kind))
      .set("not_after", base::to_rfc3339(enrolled.certificate.not_after()));
}

}  // namespace

Result<Enrolled> enrol(const EnrolmentParts& parts) {
  SEATLS_TRY(const auto ek, tpm2::certified_endorsement_key(parts.access));
  SEATLS_TRY(const auto ak, tpm2::show_key(parts.access, parts.attestation_key));
  service::EnrolmentRequest request{.endorsement_key = ek.public_area,
                                    .endorsement_chain = {ek.certificate},
                                    .attestation_key = ak.encoded};
  for (const auto& issuer : parts.endorsement_issuers) request.endorsement_chain.push_back(issuer);
  SEATLS_TRY(auto enrolment,
             service::Enrolment::begin(request, {.makers = parts.makers, .at = base::system_clock()()}));
  SEATLS_TRY(const auto answer,
             tpm2::activate_credential(parts.access, ek.kind, parts.attestation_key, enrolment.challenge()));
  crypto::CertificateSpec spec;
  spec.common_name = parts.name;
  spec.lifetime = std::chrono::hours(24 * 365);
  auto key_name = enrolment.key_name();
  SEATLS_TRY(auto certificate,
             std::move(enrolment).finish(answer, spec, crypto::Issuer{parts.ca, parts.ca_key}));
  return Enrolled{std::move(certificate), std::move(key_name), ek.kind};
}

void add_enroll(Program& program) {
  auto& verb =
      program.verb("enroll", "have the TPM's attestation key certified, by credential activation", examples);
  auto o = std::make_shared<EnrollOptions>();
  verb.add_option("--ca", o->ca, "the certificate of the CA that certifies the key")->type_name("FILE");
  verb.add_option("--ca-key", o->ca_key, "its key (default: the same name with .key)")->type_name("FILE");
  verb.add_option("--makers", o->makers, "certificates of the TPM makers that are trusted")
      ->type_name("FILE");
  verb.add_option("--ek-chain", o->ek_chain, "issuers between the endorsement key and its maker")
      ->type_name("FILE");
  verb.add_option("--ak", o->ak, "the attestation key: TPM key file or tpm:HANDLE")
      ->type_name("FILE")
      ->required();
  verb.add_option("--name", o->name, "the certificate's common name (default: attestation key)")
      ->type_name("NAME");
  verb.add_option("-o,--output", o->output, "the file to write: certificate and issuer")
      ->type_name("FILE")
      ->required();
  verb.add_option("--verifier", o->verifier, "a remote verifier (not in this version)")->type_name("URL");
  verb.add_flag("--force", o->force, "replace the file");
  auto access = add_tpm_options(verb);
  program.on(verb, [o, access](const Console& console) {
    if (!o->verifier.empty())
      return console.fail(
          usage_error("--verifier: this version enrols with a CA of your own: --ca FILE --makers FILE"));
    if (o->ca.empty() || o->makers.empty())
      return console.fail(usage_error("who certifies, and whose TPMs are trusted? --ca FILE --makers FILE"));
    const auto done = enroll(*o, *access);
    if (!done) return fail_input(console, done.error());
    console.result(*done);
    return Exit::ok;
  });
}

}  // namespace seatls::cli
