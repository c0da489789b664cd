#include "appraise/pipeline.h"
#include "base/clock.h"
#include "crypto/hash.h"
#include "seatls/verifiers.h"

namespace seatls {
namespace {

class LocalVerifier final : public Verifier {
 public:
  LocalVerifier(Policy policy, LocalVerifierOptions options, std::vector<AttestationScheme> schemes)
      : policy_(std::move(policy)), options_(std::move(options)), schemes_(std::move(schemes)) {}

  std::vector<AttestationScheme> schemes() const override { return schemes_; }

  void appraise(AppraisalRequest request, Done done) override {
    const auto* identity = std::get_if<VerifierIdentity>(&request.scheme.argument);
    const appraise::Context context{policy_, request.binder.bytes(), &request.binder.tik(),
                                    identity == nullptr ? "" : identity->name, options_.clock()};
    done(appraise::run({.scheme = request.scheme,
                        .table = options_.table,
                        .credential = request.credential,
                        .digest = request.credential_digest,
                        .context = context,
                        .cache = options_.evidence_cache.get()}));
  }

 private:
  const Policy policy_;
  const LocalVerifierOptions options_;
  const std::vector<AttestationScheme> schemes_;
};

}  // namespace

Result<std::shared_ptr<Verifier>> make_local_verifier(Policy policy, LocalVerifierOptions options) {
  std::string all;
  for (const auto& mistake : validate(policy)) all += (all.empty() ? "" : "\n") + mistake.message();
  std::vector<AttestationScheme> schemes;
  for (const auto& name : policy.schemes) {
    if (name == "result") {
      for (const auto& verifier : policy.result.verifiers)
        schemes.push_back({VerifierIdentity{verifier.identity}});
    } else if (auto type = options.table.find(name)) {
      schemes.push_back({std::move(*type)});
    } else {
      all += (all.empty() ? "" : "\n") +
             ("policy: schemes: the scheme table has no evidence type for \"" + name + "\".");
    }
  }
  if (!all.empty()) return Error{Code::configuration, all, "policy " + policy.id};
  if (!options.clock) options.clock = base::system_clock();
  if (!options.evidence_cache) options.evidence_cache = EvidenceCache::of_process();
  return std::shared_ptr<Verifier>(
      std::make_shared<LocalVerifier>(std::move(policy), std::move(options), std::move(schemes)));
}

}  // namespace seatls
