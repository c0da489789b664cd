// A Verifier of FakeEvidence: at once or later, there or not, truthful or not.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fake/attester.h"
#include "seatls/verifier.h"

namespace seatls::fake {

class FakeVerifier : public Verifier {
 public:
  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return list; }
  void appraise(AppraisalRequest request, Done done) override;

  // release answers what has waited since `later` was set.
  void release();

  std::vector<AttestationScheme> list{evidence_scheme()};
  std::vector<crypto::PublicKey> trusted;  // machine keys that an endorsement vouches for
  std::optional<std::string> pinned_ueid;
  bool compares_binder = true;  // false: the naive relying party, which checks the key alone
  KeyProvenance proves = KeyProvenance::proven;
  Tier good = Tier::affirming;
  bool later = false;
  std::optional<Error> fails;
  std::function<void(ResultParts&)> lie;  // the last word on the answer
  std::vector<AppraisalRequest> asked;

 private:
  [[nodiscard]] ResultParts judge(const AppraisalRequest& request) const;
  [[nodiscard]] Result<AttestationResult> answer(const AppraisalRequest& request) const;
  std::vector<std::pair<AppraisalRequest, Done>> waiting_;
};

}  // namespace seatls::fake
