// The `simulated-tdx` attester: binders in REPORTDATA of quotes by a made-up platform.
#include "attest/held_keys.h"
#include "attest/simulated/intel_platform.h"

namespace seatls {
namespace {

class SimulatedTdxAttester final : public Attester {
 public:
  SimulatedTdxAttester(attest::simulated::IntelPlatform platform, attest::HeldKeys tiks)
      : platform_(std::move(platform)),
        tiks_(std::move(tiks)),
        type_(SchemeTable::defaults().find("tdx").value()) {}

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {AttestationScheme{type_}}; }

  void attest(EvidenceRequest request, Done done) override { done(make(request)); }

 private:
  [[nodiscard]] Result<Cmw> make(const EvidenceRequest& request) const {
    if (request.scheme != AttestationScheme{type_})
      return Error{Code::misuse, describe(request.scheme) + " is not a scheme of this attester", ""};
    SEATLS_CHECK(tiks_.find(request.binder.tik()));
    //= early-attestation#evidence-holds-binder
    Bytes report_data = bytes(request.binder.bytes());
    report_data.resize(64, 0);
    SEATLS_TRY(auto quote, platform_.quote(report_data));
    return Cmw(CmwRecord{type_, std::move(quote), cmw_indicator::evidence});
  }

  const attest::simulated::IntelPlatform platform_;
  const attest::HeldKeys tiks_;
  const EvidenceType type_;
};

}  // namespace

Result<Simulated> make_simulated_tdx(const SimulatedTdxOptions& options) {
  SEATLS_TRY(auto tiks, attest::HeldKeys::of(options.tiks, "simulated-tdx"));
  SEATLS_TRY(auto platform, attest::simulated::IntelPlatform::make(options));
  Simulated out{nullptr, to_pem(platform.root()), platform.collateral(), platform.state()};
  out.attester = std::make_shared<SimulatedTdxAttester>(std::move(platform), std::move(tiks));
  return out;
}

}  // namespace seatls
