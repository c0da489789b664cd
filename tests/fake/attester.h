// An Attester over a FakeTee: at once or later, honest or not.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fake/tee.h"
#include "seatls/attester.h"

namespace seatls::fake {

inline AttestationScheme evidence_scheme() {
  return {EvidenceType{MediaType{"application/vnd.seatls.test.fake"}}};
}
inline AttestationScheme other_evidence_scheme() { return {EvidenceType{ContentFormat{64'999}}}; }
inline AttestationScheme passport_scheme() { return {VerifierIdentity{"verifier.example"}}; }

class FakeAttester : public Attester {
 public:
  explicit FakeAttester(std::shared_ptr<FakeTee> tee_) : tee(std::move(tee_)) {}

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return list; }
  [[nodiscard]] std::size_t longest_binder() const override { return longest; }
  void attest(EvidenceRequest request, Done done) override;

  // release answers what has waited since `later` was set.
  void release();

  std::shared_ptr<FakeTee> tee;
  std::vector<AttestationScheme> list{evidence_scheme()};
  std::size_t longest = 48;
  bool later = false;
  std::optional<Error> fails;
  std::function<Result<Cmw>(Result<Cmw>)> tamper;  // the last word on what goes out
  std::vector<EvidenceRequest> asked;

 private:
  Result<Cmw> make(const EvidenceRequest& request) const;
  std::vector<std::pair<EvidenceRequest, Done>> waiting_;
};

}  // namespace seatls::fake
