// [endpoint] certificate, key, ca: what TLS presents and trusts.
#include "attest/tpm2/keys.h"
#include "base/clock.h"
#include "config/draft.h"
#include "config/text.h"
#include "crypto/signature.h"
#include "crypto/x509.h"

namespace seatls::config {
namespace {

constexpr std::string_view ephemeral = "ephemeral";

bool attests_with_tpm(const Draft& d) { return table_of_tpm2(d.file).has_value(); }
TpmAccess access_of(const Draft& d) { return tpm_access(d.file, table_of_tpm2(d.file).value_or("attest")); }
bool may_hold_key_in_tpm(const Draft& d) {
  return attests_with_tpm(d) || d.file.text("attest.attester") == "passport";
}

// TikKey is the end-entity key: in this process, or in a TPM.
struct TikKey {
  std::optional<crypto::PrivateKey> here;
  std::shared_ptr<Signer> elsewhere;

  [[nodiscard]] Result<crypto::PublicKey> public_key() const {
    if (here) return here->public_key();
    return crypto::PublicKey::from_spki(elsewhere->public_key().der());
  }
};

std::optional<TikKey> open_tpm_key(Draft& d, const std::string& key) {
  if (!may_hold_key_in_tpm(d)) {
    d.wrong("endpoint.key", "the key is one of a TPM, and no TPM is configured",
            "write attester = \"tpm2\" and tcti = \"…\" below [attest]");
    return {};
  }
  auto signer = make_tpm_signer(access_of(d), key);
  if (!signer) {
    d.wrong_file("endpoint.key", signer.error(),
                 "look at attest.tcti and that the TPM runs; `seatls key show` tells what a key is");
    return {};
  }
  d.tik = key;
  return TikKey{{}, std::move(*signer)};
}

std::optional<TikKey> make_ephemeral_key(Draft& d) {
  if (attests_with_tpm(d)) {
    auto made = attest::tpm2::create_key(access_of(d), attest::tpm2::KeyUse::tik, crypto::KeyType::p256);
    if (made) return open_tpm_key(d, attest::tpm2::write_key_file(*made));
    d.wrong_file("endpoint.certificate", made.error(), "look at attest.tcti and that the TPM runs");
    return {};
  }
  auto made = crypto::PrivateKey::generate(crypto::KeyType::p256);
  if (made) return TikKey{std::move(*made), {}};
  d.wrong_file("endpoint.certificate", made.error(), "give a key file");
  return {};
}

std::optional<TikKey> open_key(Draft& d) {
  const auto key = d.file.text("endpoint.key");
  if (key.starts_with("tpm:")) return open_tpm_key(d, key);
  const auto pem = d.content("endpoint.key");
  if (!pem) return {};
  if (attest::tpm2::names_key_of_tpm(*pem)) return open_tpm_key(d, *pem);
  if (attests_with_tpm(d)) {
    d.wrong("endpoint.key", "a TPM attests keys that were made inside it, and this one lies in a file",
            "make one with: seatls key create --tpm -o server.key");
    return {};
  }
  auto read = crypto::PrivateKey::from_pem(*pem);
  if (read) return TikKey{std::move(*read), {}};
  d.wrong_file("endpoint.key", read.error(),
               "give a PEM private key without password: seatls key create -o server.key");
  return {};
}

void take_self_signed(Draft& d, const TikKey& key) {
  // The name is the same for everyone: an ephemeral certificate says nothing but its key.
  crypto::CertificateSpec spec;
  spec.common_name = "seatls ephemeral";
  spec.lifetime = std::chrono::hours(24 * 365);
  const auto public_key = key.public_key();
  if (!public_key)
    return d.wrong_file("endpoint.certificate", public_key.error(), "give a P-256 or P-384 key");
  const auto algorithm = public_key->type() == crypto::KeyType::p384
                             ? crypto::SignatureAlgorithm::ecdsa_p384_sha384
                             : crypto::SignatureAlgorithm::ecdsa_p256_sha256;
  const auto made = key.here ? crypto::make_self_signed(spec, *key.here)
                             : crypto::make_self_signed(spec, *public_key, algorithm,
                                                        attest::tpm2::sign_with(key.elsewhere));
  if (!made) return d.wrong_file("endpoint.certificate", made.error(), "give a certificate file");
  d.spki = made->spki();
  d.out.certificate_pem = crypto::to_pem(*made);
}

void take_certificate(Draft& d, const TikKey& key) {
  const auto pem = d.content("endpoint.certificate");
  if (!pem) return;
  const auto chain = crypto::parse_pem_certificates(*pem);
  if (!chain || chain->empty())
    return d.wrong_file("endpoint.certificate",
                        chain ? Error{Code::malformed, "there is no certificate in it", {}} : chain.error(),
                        "give a PEM file with the end-entity certificate first, then its issuers");
  const auto& leaf = chain->front();
  const auto certified = leaf.public_key();
  const auto own = key.public_key();
  if (!certified || !own || !certified->same_key(*own))
    return d.wrong("endpoint.certificate", "the certificate is of another key than endpoint.key",
                   "the end-entity certificate comes first in the file; seatls key show tells what a key is");
  const Time now = base::system_clock()();
  if (now > leaf.not_after())
    d.wrong("endpoint.certificate", "the certificate ended at " + base::to_rfc3339(leaf.not_after()),
            "have a new one issued: seatls key csr");
  if (now < leaf.not_before())
    d.wrong("endpoint.certificate", "the certificate begins at " + base::to_rfc3339(leaf.not_before()),
            "look at this machine's clock");
  d.spki = leaf.spki();
  d.out.certificate_pem = *pem;
}

}  // namespace

void read_identity(Draft& d) {
  const bool certificate = d.file.has("endpoint.certificate");
  const bool key = d.file.has("endpoint.key") && d.file.text("endpoint.key") != ephemeral;
  const bool is_ephemeral = d.file.text("endpoint.certificate") == ephemeral;
  const bool attests = d.file.has_table("attest");

  if (d.file.has("endpoint.ca"))
    if (const auto pem = d.content("endpoint.ca")) {
      if (const auto anchors = crypto::parse_pem_certificates(*pem); !anchors || anchors->empty())
        d.wrong("endpoint.ca", "there is no PEM certificate in the file",
                "give the CA certificates that peers chain to");
      d.out.ca_pem = *pem;
    }

  if (d.file.mentioned("endpoint.certificate") && !certificate) return;
  if (d.file.mentioned("endpoint.key") && !d.file.has("endpoint.key")) return;
  if (!certificate && !key) {
    if (d.out.config.role == Role::server && d.file.has_table("endpoint"))
      d.wrong("endpoint.certificate", "a server needs a certificate and its key",
              "write certificate = \"server.pem\" and key = \"server.key\"; `seatls init` makes both");
    if (d.out.config.role == Role::client && attests)
      d.wrong("endpoint.certificate", "a client attests the key of its certificate, and there is none",
              "write certificate = \"ephemeral\", or give certificate and key");
    return;
  }
  if (!certificate)
    return d.wrong("endpoint.certificate", "there is a key without a certificate",
                   "write certificate = \"FILE\", or \"ephemeral\" for one that is made at start");
  if (!key && !is_ephemeral)
    return d.wrong("endpoint.key", "there is a certificate without its key",
                   "write key = \"FILE\", or key = \"tpm:0x81…\" for one that a TPM holds");
  if (is_ephemeral && !attests)
    return d.wrong("endpoint.certificate", "an ephemeral certificate proves nothing by itself",
                   "add [attest], or leave certificate out");

  const auto tik = key ? open_key(d) : make_ephemeral_key(d);
  if (!tik) return;
  if (is_ephemeral)
    take_self_signed(d, *tik);
  else
    take_certificate(d, *tik);
  if (tik->here) {
    auto pem = tik->here->to_pem();
    if (!pem) return d.wrong_file("endpoint.key", pem.error(), "give another key");
    d.out.key_pem = std::move(*pem);
  }
  d.out.key_signer = tik->elsewhere;
}

}  // namespace seatls::config
