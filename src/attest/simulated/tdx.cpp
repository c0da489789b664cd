// The `simulated-tdx` attester: binders in REPORTDATA of quotes by a made-up platform.
#include "attest/simulated/intel_platform.h"
#include "seatls/simulated.h"

namespace seatls {
namespace {

std::string_view as_text(const Secret& secret) {
  return {reinterpret_cast<const char*>(secret.reveal().data()), secret.size()};
}

class SimulatedTdxAttester final : public Attester {
 public:
  SimulatedTdxAttester(attest::simulated::IntelPlatform platform, std::vector<crypto::PublicKey> tiks)
      : platform_(std::move(platform)),
        tiks_(std::move(tiks)),
        type_(SchemeTable::defaults().find("tdx").value()) {}

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {AttestationScheme{type_}}; }

  void attest(EvidenceRequest request, Done done) override { done(make(request)); }

 private:
  [[nodiscard]] Result<Cmw> make(const EvidenceRequest& request) const {
    if (request.scheme != AttestationScheme{type_})
      return Error{Code::misuse, describe(request.scheme) + " is not a scheme of this attester", ""};
    SEATLS_TRY(const auto wanted, crypto::PublicKey::from_spki(request.binder.tik().der()));
    bool held = false;
    for (const auto& tik : tiks_) held = held || tik.same_key(wanted);
    if (!held) return Error{Code::foreign_key, "the TIK is not held by this attester", ""};
    //= early-attestation#evidence-holds-binder
    Bytes report_data = bytes(request.binder.bytes());
    report_data.resize(64, 0);
    SEATLS_TRY(auto quote, platform_.quote(report_data));
    return Cmw(CmwRecord{type_, std::move(quote), cmw_indicator::evidence});
  }

  const attest::simulated::IntelPlatform platform_;
  const std::vector<crypto::PublicKey> tiks_;
  const EvidenceType type_;
};

}  // namespace

Result<SimulatedTdx> make_simulated_tdx(SimulatedTdxOptions options) {
  std::vector<crypto::PublicKey> tiks;
  for (const auto& pem : options.tiks) {
    SEATLS_TRY(const auto key, crypto::PrivateKey::from_pem(as_text(pem)));
    tiks.push_back(key.public_key());
  }
  if (tiks.empty()) return Error{Code::configuration, "holds no key to attest", "simulated-tdx > tiks"};
  SEATLS_TRY(auto platform, attest::simulated::IntelPlatform::make(options));
  SimulatedTdx out{nullptr, to_pem(platform.root()), platform.collateral()};
  out.attester = std::make_shared<SimulatedTdxAttester>(std::move(platform), std::move(tiks));
  return out;
}

}  // namespace seatls
