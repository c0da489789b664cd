#include "bench/parties.h"

#include <openssl/err.h>

#include "base/clock.h"
#include "crypto/hash.h"
#include "crypto/signature_openssl.h"
#include "seatls/attesters.h"
#include "seatls/verifiers.h"

namespace seatls::bench {
namespace {

struct FreeX509 {
  void operator()(X509* p) const { X509_free(p); }
};
using OpensslCertificate = std::unique_ptr<X509, FreeX509>;

OpensslCertificate openssl_certificate(const crypto::Certificate& c) {
  const unsigned char* p = c.der().data();
  return OpensslCertificate(d2i_X509(nullptr, &p, static_cast<long>(c.der().size())));
}

// Few enough that the memory of a long run stops growing soon.
constexpr std::size_t evidence_remembered = 1'000;

constexpr const char* bench_verifier = "verifier.bench";

// result_about is what a verifier says of a server, signed as `seatls verifier` signs.
Result<std::string> result_about(const Identity& server, const crypto::PrivateKey& verifier) {
  ResultParts parts;
  parts.tier = Tier::affirming;
  parts.vector[TrustClaim::executables] = 2;
  parts.scheme = "tdx";
  parts.policy_ids = {"bench"};
  parts.binder = crypto::random_bytes(32);  // so that no two are the same
  parts.appraised_at = base::system_clock()();
  EarOptions options;
  options.tik = server.certificate.spki();
  options.lifetime = std::chrono::hours(1);
  SEATLS_TRY(const auto pem, verifier.to_pem());
  options.signing_key_pem = text(pem.reveal());
  return to_ear(danger::result_from_parts(std::move(parts)), options);
}

Result<std::shared_ptr<Attester>> passport_of(const Identity& server, const crypto::PrivateKey& verifier) {
  SEATLS_TRY(const auto token, result_about(server, verifier));
  PassportHolderOptions options;
  options.verifier = bench_verifier;
  options.result = bytes(view(token));
  return make_passport_holder(std::move(options));
}

// ManyPassports shows another one in each handshake, in turn.
class ManyPassports final : public Attester {
 public:
  explicit ManyPassports(std::vector<std::shared_ptr<Attester>> all) : all_(std::move(all)) {}
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return all_.front()->schemes(); }
  void attest(EvidenceRequest request, Done done) override {
    all_[next_++ % all_.size()]->attest(std::move(request), std::move(done));
  }

 private:
  const std::vector<std::shared_ptr<Attester>> all_;
  std::size_t next_ = 0;
};

// Software evidence is never better than a warning.
Require demand(std::shared_ptr<Verifier> verifier) {
  Require out;
  out.accept = {Tier::affirming, Tier::warning};
  out.verifier = std::move(verifier);
  return out;
}

}  // namespace

Result<void> Identity::use_in(SSL_CTX* ctx) const {
  const auto x = openssl_certificate(certificate);
  if (x && SSL_CTX_use_certificate(ctx, x.get()) == 1 &&
      SSL_CTX_use_PrivateKey(ctx, crypto::native(key)) == 1)
    return {};
  return Error{Code::crypto, "the certificate does not fit its key", "bench"};
}

Result<Authority> Authority::make() {
  SEATLS_TRY(crypto::PrivateKey key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  crypto::CertificateSpec spec;
  spec.common_name = "bench CA";
  spec.is_ca = true;
  SEATLS_TRY(crypto::Certificate certificate, crypto::make_self_signed(spec, key));
  return Authority(Identity{std::move(key), std::move(certificate)});
}

Result<Identity> Authority::certify(const std::string& name) const {
  SEATLS_TRY(crypto::PrivateKey key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  crypto::CertificateSpec spec;
  spec.common_name = name;
  spec.dns_names = {name + ".bench", name};
  SEATLS_TRY(crypto::Certificate certificate,
             crypto::make_certificate(spec, key.public_key(), {self_.certificate, self_.key}));
  return Identity{std::move(key), std::move(certificate)};
}

Result<void> Authority::trust_in(SSL_CTX* ctx) const {
  const auto x = openssl_certificate(self_.certificate);
  if (x && X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x.get()) == 1) return {};
  return Error{Code::crypto, "the CA certificate cannot be trusted", "bench"};
}

Config Parties::client_config(bool mutual) const {
  Config config;
  config.role = Role::client;
  config.require = demand(client_appraises);
  if (mutual) config.attester = client_attester;
  return config;
}

Config Parties::server_config(bool mutual) const {
  Config config;
  config.role = Role::server;
  config.attester = server_attester;
  if (mutual) {
    config.require = demand(server_appraises);
  }
  return config;
}

Result<SoftwareMachine> software_machine(const crypto::PrivateKey& tik,
                                         const std::optional<crypto::PrivateKey>& attestation_key) {
  SoftwareAttesterOptions options;
  SEATLS_TRY(Secret pem, tik.to_pem());
  options.tiks.push_back(std::move(pem));
  options.swname = "bench";
  options.swversion = "1";
  options.debug_disabled = true;
  Policy policy;
  policy.id = "bench";
  policy.schemes = {"software"};
  policy.software.ak = {attestation_key.value_or(tik).public_key().spki()};
  policy.software.swname = expect::Exactly<std::string>{"bench"};
  policy.danger.software_evidence = true;
  if (attestation_key) {
    SEATLS_TRY(options.attestation_key, attestation_key->to_pem());
  } else {
    policy.software.key = KeyProvenance::none;
    policy.danger.allow_unproven_tik = true;
  }
  SEATLS_TRY(auto attester, make_software_attester(std::move(options)));
  return SoftwareMachine{std::move(attester), std::move(policy)};
}

Result<Parties> software_parties(const Identity& server, const Identity& client) {
  SEATLS_TRY(auto of_server, software_machine(server.key));
  SEATLS_TRY(auto of_client, software_machine(client.key));
  LocalVerifierOptions options;
  options.evidence_cache = std::make_shared<EvidenceCache>(evidence_remembered);
  Parties out;
  out.server_attester = std::move(of_server.attester);
  out.client_attester = std::move(of_client.attester);
  SEATLS_TRY(out.client_appraises, make_local_verifier(std::move(of_server.policy), options));
  options.evidence_cache = std::make_shared<EvidenceCache>(evidence_remembered);
  SEATLS_TRY(out.server_appraises, make_local_verifier(std::move(of_client.policy), options));
  return out;
}

Result<Parties> passport_parties(const Identity& server, std::size_t results) {
  SEATLS_TRY(const auto verifier, crypto::PrivateKey::generate(crypto::KeyType::p256));
  std::vector<std::shared_ptr<Attester>> passports;
  for (std::size_t i = 0; i < results; ++i) {
    SEATLS_TRY(auto passport, passport_of(server, verifier));
    passports.push_back(std::move(passport));
  }
  Policy policy;
  policy.id = "bench";
  policy.schemes = {"result"};
  policy.result.verifiers = {{bench_verifier, {verifier.public_key().spki()}}};
  policy.result.max_age = std::chrono::hours(1);
  Parties out;
  out.server_attester = std::make_shared<ManyPassports>(std::move(passports));
  SEATLS_TRY(out.client_appraises, make_local_verifier(std::move(policy)));
  return out;
}

}  // namespace seatls::bench
