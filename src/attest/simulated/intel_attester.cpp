// The attesters `simulated-tdx` and `simulated-sgx`: binders in REPORTDATA of quotes by a made-up platform.
#include "attest/held_keys.h"
#include "attest/simulated/intel_platform.h"

namespace seatls {
namespace {

using attest::simulated::IntelPlatform;
using attest::simulated::SgxPlatform;

template <class Platform>
class SimulatedIntelAttester final : public Attester {
 public:
  SimulatedIntelAttester(Platform platform, attest::HeldKeys tiks, std::string_view scheme)
      : platform_(std::move(platform)),
        tiks_(std::move(tiks)),
        type_(SchemeTable::defaults().find(scheme).value()) {}

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

  const Platform platform_;
  const attest::HeldKeys tiks_;
  const EvidenceType type_;
};

template <class Platform, class Options>
Result<Simulated> make(const Options& options, const std::string& scheme) {
  SEATLS_TRY(auto tiks, attest::HeldKeys::of(options.tiks, "simulated-" + scheme));
  SEATLS_TRY(auto platform, Platform::make(options));
  Simulated out{nullptr, to_pem(platform.root()), platform.collateral(), platform.state()};
  out.attester =
      std::make_shared<SimulatedIntelAttester<Platform>>(std::move(platform), std::move(tiks), scheme);
  return out;
}

}  // namespace

Result<Simulated> make_simulated_tdx(const SimulatedTdxOptions& options) {
  return make<IntelPlatform>(options, "tdx");
}

Result<Simulated> make_simulated_sgx(const SimulatedSgxOptions& options) {
  return make<SgxPlatform>(options, "sgx");
}

}  // namespace seatls
