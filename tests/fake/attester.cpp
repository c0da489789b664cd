#include "fake/attester.h"

namespace seatls::fake {

Result<Cmw> FakeAttester::make(const EvidenceRequest& request) const {
  if (fails) return *fails;
  const auto* type = std::get_if<EvidenceType>(&request.scheme.argument);
  // A passport was made before this connection existed, so no binder is in it.
  const ByteView binder = type ? request.binder.bytes() : ByteView{};
  SEATLS_TRY(const FakeEvidence evidence, tee->sign(binder, request.binder.tik()));
  if (!type)
    return Cmw(CmwRecord{MediaType{"application/vnd.seatls.test.passport"}, evidence.encode(),
                         cmw_indicator::attestation_results});
  return Cmw(CmwRecord{*type, evidence.encode(), cmw_indicator::evidence});
}

void FakeAttester::attest(EvidenceRequest request, Done done) {
  asked.push_back(request);
  if (later) {
    waiting_.emplace_back(std::move(request), std::move(done));
    return;
  }
  auto made = make(request);
  done(tamper ? tamper(std::move(made)) : std::move(made));
}

void FakeAttester::release() {
  for (auto& [request, done] : std::exchange(waiting_, {})) {
    auto made = make(request);
    done(tamper ? tamper(std::move(made)) : std::move(made));
  }
}

}  // namespace seatls::fake
