#include "attest/simulated/cca_realm.h"

#include "attest/held_keys.h"
#include "base/clock.h"
#include "crypto/hash.h"
#include "rats/key_format.h"
#include "rats/sign1.h"
#include "tee/simulated_name.h"

namespace seatls::attest::simulated {
namespace {

namespace cbor = codec::cbor;

Result<void> check(const SimulatedCcaOptions& o) {
  SEATLS_CHECK(check_size("simulated-cca > implementation_id", o.implementation_id, 32));
  SEATLS_CHECK(check_size("simulated-cca > instance_id", o.instance_id, 33));
  SEATLS_CHECK(check_size("simulated-cca > component_measurement", o.component_measurement, 32));
  SEATLS_CHECK(check_size("simulated-cca > component_signer", o.component_signer, 32));
  SEATLS_CHECK(check_size("simulated-cca > initial_measurement", o.initial_measurement, 32));
  for (const auto& value : o.extensible_measurements)
    SEATLS_CHECK(check_size("simulated-cca > extensible_measurements", value, 32));
  return check_size("simulated-cca > personalization", o.personalization, 64);
}

cbor::Map platform_claims(const SimulatedCcaOptions& o, ByteView realm_key) {
  const auto component = cbor::map({{cbor::integer(1), cbor::text(o.component)},
                                    {cbor::integer(2), cbor::bytes(o.component_measurement)},
                                    {cbor::integer(5), cbor::bytes(o.component_signer)}});
  return {{cbor::integer(265), cbor::text("tag:arm.com,2023:cca_platform#1.0.0")},
          {cbor::integer(10), cbor::bytes(crypto::digest(Hash::sha256, realm_key))},
          {cbor::integer(2396), cbor::bytes(o.implementation_id)},
          {cbor::integer(256), cbor::bytes(o.instance_id)},
          {cbor::integer(2401), cbor::bytes(o.config)},
          {cbor::integer(2395), cbor::integer(o.lifecycle)},
          {cbor::integer(2399), cbor::array({component})},
          {cbor::integer(2402), cbor::text("sha-256")}};
}

cbor::Map realm_claims(const SimulatedCcaOptions& o, ByteView challenge, ByteView realm_key) {
  cbor::Array extensible;
  for (const auto& value : o.extensible_measurements) extensible.push_back(cbor::bytes(value));
  return {{cbor::integer(265), cbor::text("tag:arm.com,2023:realm#1.0.0")},
          {cbor::integer(10), cbor::bytes(challenge)},
          {cbor::integer(44235), cbor::bytes(o.personalization)},
          {cbor::integer(44236), cbor::text("sha-256")},
          {cbor::integer(44237), cbor::bytes(realm_key)},
          {cbor::integer(44238), cbor::bytes(o.initial_measurement)},
          {cbor::integer(44239), cbor::array(std::move(extensible))},
          {cbor::integer(44240), cbor::text("sha-256")}};
}

}  // namespace

Result<CcaRealm> CcaRealm::make(SimulatedCcaOptions options) {
  SEATLS_CHECK(check(options));
  const Time from = base::system_clock()() - std::chrono::hours(1);
  SEATLS_TRY(options.platform,
             with_issuers(options.platform, crypto::KeyType::p384, {tee::simulated_name("CCA CPAK")}, from));
  SEATLS_TRY(auto realm_key, crypto::PrivateKey::generate(crypto::KeyType::p384));
  return CcaRealm(std::move(options), std::move(realm_key));
}

Result<Bytes> CcaRealm::token(ByteView challenge, const Edit& edit) const {
  SEATLS_TRY(const auto cose_key, rats::to_cose_key(realm_key_.public_key()));
  SEATLS_TRY(const Bytes realm_key, cbor::encode(cose_key));
  cbor::Map platform = platform_claims(options_, realm_key);
  cbor::Map realm = realm_claims(options_, challenge, realm_key);
  if (edit.platform) edit.platform(platform);
  if (edit.realm) edit.realm(realm);
  const auto sign = [&](cbor::Map claims, const crypto::PrivateKey& key) -> Result<cbor::Value> {
    SEATLS_TRY(const Bytes payload, cbor::encode(cbor::map(std::move(claims))));
    SEATLS_TRY(const Bytes message, rats::sign_sign1(payload, key));
    constexpr std::int64_t eat_cwt = 263;
    if (edit.tag == 907) return cbor::array({cbor::integer(eat_cwt), cbor::bytes(message)});
    return cbor::bytes(message);
  };
  SEATLS_TRY(auto platform_token, sign(std::move(platform), options_.platform.impl()->issuers.front().key));
  SEATLS_TRY(auto realm_token, sign(std::move(realm), realm_key_));
  return cbor::encode(cbor::tag(edit.tag, cbor::map({{cbor::integer(44234), std::move(platform_token)},
                                                     {cbor::integer(44241), std::move(realm_token)}})));
}

}  // namespace seatls::attest::simulated

namespace seatls {
namespace {

class SimulatedCcaAttester final : public Attester {
 public:
  SimulatedCcaAttester(attest::simulated::CcaRealm realm, attest::HeldKeys tiks)
      : realm_(std::move(realm)),
        tiks_(std::move(tiks)),
        type_(SchemeTable::defaults().find("cca").value()) {}

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {AttestationScheme{type_}}; }

  void attest(EvidenceRequest request, Done done) override { done(evidence(request)); }

 private:
  [[nodiscard]] Result<Cmw> evidence(const EvidenceRequest& request) const {
    SEATLS_CHECK(tiks_.find(request.binder.tik()));
    //= early-attestation#evidence-holds-binder
    Bytes challenge = bytes(request.binder.bytes());
    challenge.resize(64, 0);
    SEATLS_TRY(Bytes token, realm_.token(challenge));
    return Cmw(CmwRecord{type_, std::move(token), cmw_indicator::evidence});
  }

  const attest::simulated::CcaRealm realm_;
  const attest::HeldKeys tiks_;
  const EvidenceType type_;
};

}  // namespace

Result<Simulated> make_simulated_cca(SimulatedCcaOptions options) {
  SEATLS_TRY(auto tiks, attest::HeldKeys::of(options.tiks, "simulated-cca"));
  SEATLS_TRY(auto realm, attest::simulated::CcaRealm::make(std::move(options)));
  Simulated out{nullptr, crypto::to_pem(realm.root()), "", realm.options().platform};
  out.attester = std::make_shared<SimulatedCcaAttester>(std::move(realm), std::move(tiks));
  return out;
}

}  // namespace seatls
