#include "attest/simulated/nitro_module.h"

#include "attest/held_keys.h"
#include "base/clock.h"
#include "codec/cose.h"
#include "rats/sign1.h"
#include "tee/simulated_name.h"

namespace seatls::attest::simulated {
namespace {

namespace cbor = codec::cbor;
using crypto::PrivateKey;

constexpr std::size_t pcr_size = 48;

Error misconfigured(std::string what, std::string_view option) {
  return {Code::configuration, std::move(what), "simulated-nitro > " + std::string(option)};
}

Result<void> check(const SimulatedNitroOptions& o) {
  if (o.module_id.empty()) return misconfigured("is empty", "module_id");
  if (o.pcrs.empty()) return misconfigured("there is none", "pcrs");
  for (const auto& [index, value] : o.pcrs)
    if (index > 31 || value.size() != pcr_size) return misconfigured("are 0 to 31, of 48 bytes", "pcrs");
  if (o.user_data.size() > 512) return misconfigured("has more than 512 bytes", "user_data");
  return {};
}

cbor::Value or_null(const Bytes& value) {
  return value.empty() ? cbor::Value(cbor::Null{}) : cbor::bytes(value);
}

}  // namespace

Result<NitroModule> NitroModule::make(SimulatedNitroOptions options) {
  SEATLS_CHECK(check(options));
  if (!options.clock) options.clock = base::system_clock();
  const Time from = options.clock() - std::chrono::hours(1);
  SEATLS_TRY(options.platform, with_issuers(options.platform, crypto::KeyType::p384,
                                            {tee::simulated_name("aws.nitro-enclaves")}, from));
  const auto root = options.platform.impl()->issuers.front().issuer();
  const auto spec = [&](const char* role, bool is_ca) {
    return crypto::CertificateSpec{
        .common_name = tee::simulated_name(role), .is_ca = is_ca, .lifetime = lifetime, .not_before = from};
  };
  SEATLS_TRY(const auto zone_key, PrivateKey::generate(crypto::KeyType::p384));
  SEATLS_TRY(auto key, PrivateKey::generate(crypto::KeyType::p384));
  SEATLS_TRY(auto zone,
             crypto::make_certificate(spec("zone.aws.nitro-enclaves", true), zone_key.public_key(), root));
  SEATLS_TRY(auto leaf,
             crypto::make_certificate(spec("enclave.aws", false), key.public_key(), {zone, zone_key}));
  return NitroModule(std::move(options), std::move(key),
                     {root.certificate, std::move(zone), std::move(leaf)});
}

Result<Bytes> NitroModule::document(ByteView nonce, Time at, const Edit& edit) const {
  cbor::Map pcrs;
  for (const auto& [index, value] : options_.pcrs)
    pcrs.emplace_back(cbor::integer(index), cbor::bytes(value));
  cbor::Array bundle;
  for (auto c = chain_.begin(); c != chain_.end() - 1; ++c) bundle.push_back(cbor::bytes(c->der()));
  constexpr std::int64_t ms = 1000;
  cbor::Map map = {
      {cbor::text("module_id"), cbor::text(options_.module_id)},
      {cbor::text("digest"), cbor::text("SHA384")},
      {cbor::text("timestamp"), cbor::integer(at.time_since_epoch().count() * ms)},
      {cbor::text("pcrs"), cbor::map(std::move(pcrs))},
      {cbor::text("certificate"), cbor::bytes(chain_.back().der())},
      {cbor::text("cabundle"), cbor::array(std::move(bundle))},
      {cbor::text("public_key"),
       options_.tiks.empty() ? cbor::Value(cbor::Null{}) : cbor::bytes(options_.tiks.front().der())},
      {cbor::text("user_data"), or_null(options_.user_data)},
      {cbor::text("nonce"), or_null(bytes(nonce))}};
  if (edit) edit(map);
  SEATLS_TRY(const Bytes payload, cbor::encode(cbor::map(std::move(map))));
  SEATLS_TRY(const Bytes tagged, rats::sign_sign1(payload, key_));
  return Bytes(tagged.begin() + 1, tagged.end());  // the module writes no tag
}

}  // namespace seatls::attest::simulated

namespace seatls {
namespace {

class SimulatedNitroAttester final : public Attester {
 public:
  SimulatedNitroAttester(attest::simulated::NitroModule module, attest::HeldKeys tiks)
      : module_(std::move(module)), tiks_(std::move(tiks)) {}

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {{module_.options().type}}; }

  void attest(EvidenceRequest request, Done done) override { done(evidence(request)); }

 private:
  [[nodiscard]] Result<Cmw> evidence(const EvidenceRequest& request) const {
    SEATLS_CHECK(tiks_.find(request.binder.tik()));
    const auto name_key = [&](codec::cbor::Map& map) {
      for (auto& [key, value] : map)
        if (key == codec::cbor::text("public_key")) value = codec::cbor::bytes(request.binder.tik().der());
    };
    const auto& options = module_.options();
    SEATLS_TRY(Bytes document, module_.document(request.binder.bytes(), options.clock(), name_key));
    return Cmw(CmwRecord{options.type, std::move(document), cmw_indicator::evidence});
  }

  const attest::simulated::NitroModule module_;
  const attest::HeldKeys tiks_;
};

}  // namespace

Result<Simulated> make_simulated_nitro(SimulatedNitroOptions options) {
  SEATLS_TRY(auto tiks, attest::HeldKeys::of(options.tiks, "simulated-nitro"));
  SEATLS_TRY(auto module, attest::simulated::NitroModule::make(std::move(options)));
  Simulated out{nullptr, crypto::to_pem(module.root()), "", module.options().platform};
  out.attester = std::make_shared<SimulatedNitroAttester>(std::move(module), std::move(tiks));
  return out;
}

}  // namespace seatls
