#include <algorithm>

#include "appraise/pipeline.h"
#include "base/clock.h"
#include "crypto/hash.h"
#include "seatls/verifiers.h"

namespace seatls {
namespace {

class LocalVerifier final : public Verifier {
 public:
  LocalVerifier(std::vector<Policy> policies, LocalVerifierOptions options,
                std::vector<AttestationScheme> schemes)
      : policies_(std::move(policies)), options_(std::move(options)), schemes_(std::move(schemes)) {}

  std::vector<AttestationScheme> schemes() const override { return schemes_; }

  void appraise(AppraisalRequest request, Done done) override {
    done(appraise::run_all(appraise::job_of(request, options_, policies_.front(), options_.clock()),
                           policies_));
  }

 private:
  const std::vector<Policy> policies_;  // one at least
  const LocalVerifierOptions options_;
  const std::vector<AttestationScheme> schemes_;
};

// schemes_of returns what a policy accepts, as it is negotiated; `tell` is told what cannot be.
template <class Tell>
std::vector<AttestationScheme> schemes_of(const Policy& policy, const SchemeTable& table, const Tell& tell) {
  std::vector<AttestationScheme> schemes;
  for (const auto& name : policy.schemes) {
    if (name == "result") {
      for (const auto& verifier : policy.result.verifiers)
        schemes.push_back({VerifierIdentity{verifier.identity}});
    } else if (auto type = table.find(name)) {
      schemes.push_back({std::move(*type)});
    } else {
      tell("policy: schemes: the scheme table has no evidence type for \"" + name + "\".");
    }
  }
  return schemes;
}

}  // namespace

Result<std::shared_ptr<Verifier>> make_local_verifier(std::vector<Policy> policies,
                                                      LocalVerifierOptions options) {
  std::string all, ids;
  const auto tell = [&](const std::string& mistake) { all += (all.empty() ? "" : "\n") + mistake; };
  std::optional<std::vector<AttestationScheme>> schemes;
  for (const Policy& policy : policies) {
    ids += (ids.empty() ? "" : ", ") + policy.id;
    for (const auto& mistake : validate(policy)) tell(mistake.message());
    const auto accepted = schemes_of(policy, options.table, tell);
    if (!schemes) schemes = accepted;
    std::erase_if(*schemes, [&](const auto& s) { return std::ranges::find(accepted, s) == accepted.end(); });
  }
  if (policies.empty()) tell("no policy: name one at least.");
  if (all.empty() && schemes->empty())
    tell("the policies accept no scheme in common: what one of them refuses is refused.");
  if (!all.empty()) return Error{Code::configuration, all, "policy " + ids};
  if (!options.clock) options.clock = base::system_clock();
  if (!options.evidence_cache) options.evidence_cache = EvidenceCache::of_process();
  return std::shared_ptr<Verifier>(
      std::make_shared<LocalVerifier>(std::move(policies), std::move(options), std::move(*schemes)));
}

Result<std::shared_ptr<Verifier>> make_local_verifier(Policy policy, LocalVerifierOptions options) {
  return make_local_verifier(std::vector<Policy>{std::move(policy)}, std::move(options));
}

}  // namespace seatls
