// The `software` attester: an EAT whose signer is a key in this process's memory.
#include <algorithm>

#include "attest/held_keys.h"
#include "base/clock.h"
#include "crypto/hash.h"
#include "crypto/x509.h"
#include "rats/eat.h"
#include "rats/measured_component.h"
#include "rats/sign1.h"
#include "seatls/attesters.h"

namespace seatls {
namespace {

namespace cbor = codec::cbor;

constexpr std::string_view kProfile = "tag:seatls,2026:software";
constexpr std::int64_t kKid = 4, kX5chain = 33;  // COSE header labels: RFC 9052, RFC 9360

// Signing is what makes and protects a token: the key, and the headers that lead to it.
struct AttestationKey {
  crypto::PrivateKey key;
  cbor::Map headers;
};

std::string_view as_text(const Secret& secret) {
  return {reinterpret_cast<const char*>(secret.reveal().data()), secret.size()};
}

Error misconfigured(std::string what, std::string_view option) {
  return {Code::configuration, std::move(what), "software attester > " + std::string(option)};
}

Result<void> demand_signing_type(const crypto::PrivateKey& key, std::string_view option) {
  const auto type = key.public_key().type();
  if (type == crypto::KeyType::p256 || type == crypto::KeyType::p384) return {};
  return misconfigured(
      "a key of type " + std::string(crypto::name(type)) +
          " does not sign evidence (ES256, ES384); give an attestation key on P-256 or P-384",
      option);
}

Result<cbor::Map> headers_for(const crypto::PrivateKey& key, std::vector<Bytes> chain) {
  const Spki spki = key.public_key().spki();
  if (chain.empty()) {
    SEATLS_TRY(const auto own,
               crypto::make_self_signed({.common_name = "seatls software attestation key"}, key));
    chain.push_back(bytes(own.der()));
  }
  SEATLS_TRY(const auto leaf, crypto::Certificate::from_der(chain.front()));
  SEATLS_TRY(const auto certified, leaf.public_key());
  if (!certified.same_key(key.public_key()))
    return misconfigured("the first certificate is one of another key", "attestation_key_chain");
  cbor::Array certificates;
  for (const auto& der : chain) certificates.push_back(cbor::bytes(der));
  return cbor::Map{{cbor::integer(kKid), cbor::bytes(crypto::digest(Hash::sha256, leaf.spki().der()))},
                   {cbor::integer(kX5chain),
                    certificates.size() == 1 ? certificates.front() : cbor::array(std::move(certificates))}};
}

class SoftwareAttester final : public Attester {
 public:
  SoftwareAttester(attest::HeldKeys tiks, std::vector<crypto::PrivateKey> keys,
                   std::optional<AttestationKey> attestation_key, EvidenceType type, rats::EatClaims constant,
                   base::Clock clock)
      : tiks_(std::move(tiks)),
        keys_(std::move(keys)),
        attestation_key_(std::move(attestation_key)),
        type_(std::move(type)),
        constant_(std::move(constant)),
        clock_(std::move(clock)) {}

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {AttestationScheme{type_}}; }

  void attest(EvidenceRequest request, Done done) override { done(make(request)); }

 private:
  [[nodiscard]] Result<Cmw> make(const EvidenceRequest& request) const {
    if (request.scheme != AttestationScheme{type_})
      return Error{Code::misuse, describe(request.scheme) + " is not a scheme of this attester", ""};
    SEATLS_TRY(const auto number, tiks_.find(request.binder.tik()));
    const auto& tik = keys_[number];
    rats::EatClaims claims = constant_;
    //= early-attestation#evidence-holds-binder
    claims.nonces = {bytes(request.binder.bytes())};
    //= early-attestation#evidence-names-tik
    claims.cnf = rats::Confirmation{.key = tik.public_key(), .thumbprint = {}};
    claims.iat = clock_().time_since_epoch().count();
    SEATLS_TRY(const Bytes payload, rats::write_eat(claims));
    SEATLS_TRY(Bytes token, attestation_key_
                                ? rats::sign_sign1(payload, attestation_key_->key, attestation_key_->headers)
                                : rats::sign_sign1(payload, tik));
    return Cmw(CmwRecord{type_, std::move(token), cmw_indicator::evidence});
  }

  const attest::HeldKeys tiks_;
  const std::vector<crypto::PrivateKey> keys_;  // theirs
  const std::optional<AttestationKey> attestation_key_;
  const EvidenceType type_;
  const rats::EatClaims constant_;  // all claims but the nonce, the key and the time
  const base::Clock clock_;
};

Result<rats::EatClaims> constant_claims(const SoftwareAttesterOptions& options) {
  rats::EatClaims out;
  out.profile = std::string(kProfile);
  if (options.ueid && (options.ueid->size() < 7 || options.ueid->size() > 33))
    return misconfigured("is " + std::to_string(options.ueid->size()) + " bytes; a UEID has 7 to 33", "ueid");
  out.ueid = options.ueid;
  if (options.kek) {
    auto kek = crypto::PublicKey::from_spki(options.kek->der());
    if (!kek) return misconfigured(kek.error().message(), "kek");
    out.kek = std::move(kek).value();
  }
  if (!options.swname.empty()) out.swname = options.swname;
  if (!options.swversion.empty()) out.swversion = options.swversion;
  out.dbgstat = options.debug_disabled ? rats::DebugStatus::disabled : rats::DebugStatus::enabled;
  // What a key in a file is: it can be read, may have been made anywhere, and may have copies.
  out.key_attributes = rats::KeyAttributes{
      .extractable = true, .never_extractable = false, .sensitive = false, .local = false, .purpose = {}};
  for (const auto& m : options.measurements) {
    const auto version = m.version.empty() ? std::nullopt : std::optional(m.version);
    auto component = rats::write_measured_component({m.name, version, m.hash, m.digest});
    if (!component) return misconfigured(component.error().message(), "measurements");
    out.measurements.emplace_back(rats::measured_component_cbor, std::move(component).value());
  }
  SEATLS_CHECK(rats::write_eat(out));  // text that is not UTF-8 is found now, not in a handshake
  return out;
}

}  // namespace

Result<std::shared_ptr<Attester>> make_software_attester(SoftwareAttesterOptions options) {
  const bool own_key = options.attestation_key.size() != 0;
  std::vector<crypto::PrivateKey> keys;
  std::vector<Spki> spkis;
  for (const auto& pem : options.tiks) {
    SEATLS_TRY(auto key, crypto::PrivateKey::from_pem(as_text(pem)));
    if (!own_key) SEATLS_CHECK(demand_signing_type(key, "tiks"));
    spkis.push_back(key.public_key().spki());
    keys.push_back(std::move(key));
  }
  SEATLS_TRY(auto tiks, attest::HeldKeys::of(spkis, "software attester"));
  std::optional<AttestationKey> attestation_key;
  if (own_key) {
    SEATLS_TRY(auto key, crypto::PrivateKey::from_pem(as_text(options.attestation_key)));
    SEATLS_CHECK(demand_signing_type(key, "attestation_key"));
    SEATLS_TRY(auto headers, headers_for(key, std::move(options.attestation_key_chain)));
    attestation_key = AttestationKey{std::move(key), std::move(headers)};
  } else if (!options.attestation_key_chain.empty()) {
    return misconfigured("certificates without their key", "attestation_key_chain");
  }
  SEATLS_TRY(auto constant, constant_claims(options));
  return std::shared_ptr<Attester>(std::make_shared<SoftwareAttester>(
      std::move(tiks), std::move(keys), std::move(attestation_key), std::move(options.type),
      std::move(constant), options.clock ? std::move(options.clock) : base::system_clock()));
}

}  // namespace seatls
